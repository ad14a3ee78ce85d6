"""The radius of a city follows its area, within bounds."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sightscan.discover.cities import radius_of_area


@pytest.mark.parametrize(
    ("square_kilometers", "radius_meters"),
    [(None, 10_000), (0, 10_000), (105.4, 6_951), (0.4, 2_000), (891.0, 20_209), (24_000, 25_000)],
)
def test_radius_is_that_of_an_enlarged_circle(
    square_kilometers: float | None, radius_meters: int
) -> None:
    area = None if square_kilometers is None else square_kilometers * 1e6
    assert radius_of_area(area) == pytest.approx(radius_meters, abs=1)


@given(st.floats(allow_nan=False))
def test_radius_is_always_within_bounds(area: float) -> None:
    radius = radius_of_area(area)
    assert 2_000 <= radius <= 25_000
