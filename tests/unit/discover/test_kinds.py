"""Real sights and settlements are taken or left, by their classes on Wikidata.

Ids are real. In the tables' column `source`, `seen` means: read in public code or in answers that
others recorded and say they verified (classes of Roman and Greek works and churches, September 2026;
a list of filming places; a travel guide's notes on what its filter let through). `id seen`, `label
seen`: only that much was. `memory` means that nothing at hand could confirm the classes or parents,
which change anyhow; where the tree is known to be tangled, the tangled form was taken: a statue is
an architectural structure, a castle a settlement, a museum an organisation without a building.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from sightscan.discover.kinds import (
    ROOTS,
    ItemKind,
    is_only_municipality,
    is_settlement,
    why_no_sight,
)

HERE = Path(__file__).parent


def table(name: str) -> list[dict[str, str]]:
    with (HERE / f"wikidata_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


PARENTS = {row["class_id"]: row["parents"].split() for row in table("classes")}


def above(class_id: str) -> set[str]:
    return {class_id}.union(*(above(parent) for parent in PARENTS[class_id]))


TREE: Mapping[str, frozenset[str]] = {
    class_id: frozenset(above(class_id)) & ROOTS for class_id in PARENTS
}


@pytest.mark.parametrize("row", table("sights"), ids=lambda row: row["label"])
def test_real_sight_is_taken_and_what_is_none_is_left(row: dict[str, str]) -> None:
    kind = ItemKind(tuple(row["classes"].split()))
    reason = why_no_sight(kind, TREE, row["holder_classes"].split())
    assert (reason is None) == (row["is_sight"] == "yes"), reason


@pytest.mark.parametrize("row", table("settlements"), ids=lambda row: row["label"])
def test_real_settlement_is_taken_and_what_is_none_is_left(row: dict[str, str]) -> None:
    assert is_settlement(row["classes"].split(), TREE) == (row["is_settlement"] == "yes")


def test_tables_are_as_large_as_promised() -> None:
    assert len({row["item_id"] for row in table("sights")}) >= 60
    assert len({row["item_id"] for row in table("settlements")}) >= 40


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        # One class speaks for it, the other against it.
        ("Q216107 Q4830453", None),
        ("Q570116 Q4830453", "no sight to photograph"),
        ("Q570116 Q123705", "no sight to photograph"),
        ("Q23413 Q123705", None),
        ("Q33506 Q2668072", None),
        ("Q839954 Q2668072", "no sight to photograph"),
        ("Q570116 Q1656682", "no sight to photograph"),
        ("", "no sight to photograph"),
        ("Q424242", "no sight to photograph"),
    ],
)
def test_what_speaks_against_a_sight_is_outweighed(classes: str, reason: str | None) -> None:
    assert why_no_sight(ItemKind(tuple(classes.split())), TREE) == reason


def test_sculpture_inside_says_so() -> None:
    reason = why_no_sight(ItemKind(("Q179700",)), TREE, ["Q180516"])
    assert reason == "a sculpture inside a museum or another building"


def test_where_a_work_is_goes_before_who_owns_it() -> None:
    assert ItemKind((), ("Q3481120",), ("Q5710459",)).holder_ids == ("Q3481120",)
    assert ItemKind((), (), ("Q5710459",)).holder_ids == ("Q5710459",)


@pytest.mark.parametrize(
    ("classes", "expected"),
    [("Q2039348", True), ("Q747074", True), ("Q747074 Q515", False), ("Q515", False)],
)
def test_municipality_that_is_no_settlement_is_known(classes: str, expected: object) -> None:
    assert is_only_municipality(classes.split(), TREE) is expected


@pytest.mark.parametrize("classes", ["Q123705 Q515", "Q123705 Q484170"])
def test_part_of_a_city_is_no_city_whatever_else_it_is_called(classes: str) -> None:
    assert not is_settlement(classes.split(), TREE)
