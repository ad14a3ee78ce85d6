"""What a bound refused is told by the sentence that it left; of another bound, it is wanted again."""

import re

import pytest

from sightscan.crawl.crawl import _bounds
from sightscan.settings import read_settings

# As the inspection, the sources and the sender write them: whoever rewords one changes its pattern.
DETAILS = [
    ("too_small", "9 x 12, at least 200 each", "9 x 12, at least 100 each"),
    ("too_large", "11 bytes stated, 20000000 allowed", "11 bytes stated, 10 allowed"),
    ("too_large", "more than the 20000000 bytes allowed", "more than the 10 bytes allowed"),
    (
        "mostly_a_face",
        "60% of the area, less than 30% is kept",
        "60% of the area, less than 50% is kept",
    ),
]


@pytest.mark.parametrize(("reason", "same", "other"), DETAILS)
def test_detail_tells_by_which_bound_a_photo_was_refused(
    reason: str, same: str, other: str
) -> None:
    config = read_settings(
        min_photo_side_pixels=200,
        max_photo_bytes=20_000_000,
        crawl_face_filter=True,
        crawl_face_share=0.3,
    )
    pattern = _bounds(config)[reason]
    like = "".join(
        ".*" if part == "%" else re.escape(part.removeprefix("\\"))
        for part in re.findall(r"\\.|%|[^%\\]+", pattern)
    )
    assert re.fullmatch(like, same)
    assert not re.fullmatch(like, other)
