"""Names of real sights end as one class, names that are alike do not: see cases/README.md."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from sightscan.city import City, Place, Sight
from sightscan.label.answers import read_labels
from sightscan.label.landmarks import answer_of
from sightscan.label.matching import SightIndex
from sightscan.warehouse.labels.labels import LabelRow, StoredAnswer

CASES = Path(__file__).parent / "cases"
SIZE = 1_000


@dataclass(frozen=True)
class RealCity:
    """A city of a file, with its cases."""

    city: City
    sights: dict[str, Sight]
    cases: list[dict[str, Any]] = field(repr=False)


def city_of(path: Path) -> RealCity:
    read = yaml.safe_load(path.read_text())
    city = read["city"]
    sights = {
        sight["name"]: Sight(
            number,
            "Q1",
            sight["name"],
            number,
            names=sight.get("names", {}),
            aliases=tuple(sight.get("aliases", ())),
            place=Place(*sight["at"]),
            freebase_id=sight.get("mid"),
        )
        for number, sight in enumerate(read["sights"], start=1)
    }
    place = Place(*city["at"])
    whole = City("Q1", path.stem, city["name"], city["country"], place, city["radius"])
    return RealCity(whole, sights, read["cases"])


REAL_CITIES = {path.stem: city_of(path) for path in sorted(CASES.glob("*.yaml"))}


def annotation(real: RealCity, case: dict[str, Any], *, in_pixels: bool) -> dict[str, Any]:
    x1, y1, x2, y2 = case.get("box", (0.1, 0.1, 0.9, 0.9))
    if not in_pixels:
        x1, y1, x2, y2 = SIZE * x1, SIZE * y1, SIZE * x2, SIZE * y2
    at = case.get("at")
    place = real.sights[at].place if isinstance(at, str) else at and Place(*at)
    found = {
        "description": case["says"],
        "score": case.get("score", 0.8),
        "bounding_poly": {"vertices": [{"x": x1, "y": y1}, {"x": x2, "y": y2}]},
        "mid": case.get("mid", ""),
    }
    if place:
        point = {"latitude": place.latitude, "longitude": place.longitude}
        found["locations"] = [{"lat_lng": point}]
    return found


def cases_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all that the answer of a case says."""
    return [case, *case.get("with", ())]


def labels_of(real: RealCity, case: dict[str, Any]) -> tuple[LabelRow, ...]:
    searched = case.get("found_for")
    query_sight_ids = frozenset({real.sights[searched].sight_id or 0} if searched else ())
    found = [annotation(real, said, in_pixels="photo" in case) for said in cases_of(case)]
    width, height = case.get("photo", (SIZE, SIZE))
    response = {"landmark_annotations": found}
    answer = StoredAnswer(1, b"\1" * 32, answer_of(width, height, response), query_sight_ids)
    index = SightIndex(real.city, real.sights.values())
    return read_labels(answer, index, min_score=0.3)


@pytest.mark.parametrize(
    ("city", "case"),
    [
        pytest.param(name, case, id=f"{name}: {case['says']}: {case['why']}")
        for name, real in REAL_CITIES.items()
        for case in real.cases
    ],
)
def test_case(city: str, case: dict[str, Any]) -> None:
    real = REAL_CITIES[city]
    names = {sight.sight_id: name for name, sight in real.sights.items()}
    outcomes = [
        names[label.sight_id]
        if label.state == "accepted" and label.sight_id is not None
        else f"{label.state}: {label.reason}"
        for label in labels_of(real, case)
    ]
    assert outcomes == [said["is"] for said in cases_of(case)], case["why"]


@pytest.mark.parametrize("city", REAL_CITIES)
def test_every_name_of_a_sight_at_its_place_is_that_sight_or_none(city: str) -> None:
    real = REAL_CITIES[city]
    wrong = []
    for sight in real.sights.values():
        for name in (sight.name, *sight.names.values(), *sight.aliases):
            (label,) = labels_of(real, {"says": name, "at": sight.name})
            if label.sight_id != sight.sight_id and label.reason != "ambiguous_name":
                wrong.append((sight.name, name, label))
    assert wrong == []
