"""What a drill's database is called: never as the warehouse, and never as that of another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.errors import WarehouseError
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.backup import scratch
from sightscan.warehouse.backup.scratch import scratch_name


def of(database: str) -> Settings:
    return read_settings(pgdatabase=database)


@pytest.mark.parametrize(
    "database", ["sightscan", "sightscan_drill", "x" * 30 + "_drill", "é" * 31, "x" * 63]
)
def test_it_fits_and_is_another(database: str) -> None:
    name = scratch_name(of(database))
    assert name != database
    assert len(name.encode()) <= 36


def test_two_long_names_that_begin_alike_have_two() -> None:
    names = {scratch_name(of("x" * 30 + end)) for end in ("", "_one", "_two")}
    assert len(names) == 3


def test_the_warehouse_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "SUFFIX", "")
    with pytest.raises(
        WarehouseError, match="'sightscan' would be tried in a database of the same"
    ):
        scratch_name(of("sightscan"))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_any_name_has_one(database: str) -> None:
    assert scratch_name(of(database)).endswith(scratch.SUFFIX)
