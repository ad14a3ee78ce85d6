"""Measure what the place of a phone does to false names: test photos taken near their sight, strangers anywhere in the city.

    python -m benchmarks.place --model model.onnx --dataset <folder> --strangers <folder> [<folder> ...]

A model's answers to the dataset's test photos and to photos of what it does not know are taken once, in
Chromium, by the modules that a phone runs, and saved beside the figures. Then each photo is given
places, and `place.js` judges: an own photo's lies within 100 m of its sight, a stranger's anywhere in
the city; the compass errs by 15 degrees, and each fifth time it says anything. Where the sights stand is
drawn, too, where the dataset does not say it: that says nothing of a real city's, only of the rule.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.report import FOLDER, Row, publish
from tests.browser.reference import load_detector
from tests.browser.site import Site, describe_model, run_site
from tests.end_to_end.browser import CHROMIUM_FLAGS, find_chromium

CITY_RADIUS_METERS = 5_000.0
# Sights stand closer together than people walk.
SIGHTS_RADIUS_METERS = 1_500.0
OWN_DISTANCE_METERS = 100.0
ACCURACY_METERS = 25.0
COMPASS_ERROR_DEGREES = 15.0
BAD_COMPASS_SHARE = 0.2
VIEW_METERS = 1_500.0
PLACES_PER_PHOTO = 40
MAX_SHARE_OF_FALSE_NAMES = 0.5
# As shown, and from a quarter on: what is shown may be too little to count.
THRESHOLDS = {"as shown": None, "from 0.25 on": 0.25}
METERS_PER_DEGREE = 111_195.0
OPEN = """async ([model, file]) => {
  const { LocalDetector } = await import("/browser/detector.js");
  globalThis.detector = await LocalDetector.open("single", model, file, [], () => {});
  return detector.classNames;
}"""
LOOK = """async ([address, minConfidence]) => {
  const blob = await (await fetch(address)).blob();
  const { detections, width } = await detector.look(await createImageBitmap(blob), minConfidence);
  return { detections, width };
}"""
JUDGE = """async ([answers, sights]) => {
  const { judgeByPlace } = await import("/browser/place.js");
  return answers.map(({ detections, width, places }) =>
    places.map((place) => judgeByPlace(detections, width, sights, place).map((one) => one.class)),
  );
}"""


@dataclass(frozen=True, slots=True)
class Point:
    """Metres east and north of the city's middle."""

    east: float
    north: float

    def moved(self, meters: float, degrees: float) -> "Point":
        """Return the point so many metres away, in a direction clockwise from north."""
        turn = math.radians(degrees)
        return Point(self.east + meters * math.sin(turn), self.north + meters * math.cos(turn))

    def as_degrees(self) -> dict[str, float]:
        """Return it on the Earth, at the equator, where a degree is as long in both directions."""
        return {
            "latitude": self.north / METERS_PER_DEGREE,
            "longitude": self.east / METERS_PER_DEGREE,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model says of a photo; `truth` are the classes on it, none of a stranger's."""

    truth: frozenset[int]
    detections: list[dict[str, Any]]
    width: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Of all photos at all places: the share of own ones with a right name, of strangers with any."""

    recall: float
    false_names: float


def count(answers: Sequence[Answer], named: Sequence[Sequence[Sequence[int]]]) -> Tally:
    """Return the shares of photos, by the classes that are named of each at each place."""
    right, false = [], []
    for answer, places in zip(answers, named, strict=True):
        for classes in places:
            if answer.truth:
                right.append(bool(answer.truth & set(classes)))
            else:
                false.append(bool(classes))
    return Tally(sum(right) / max(len(right), 1), sum(false) / max(len(false), 1))


def place_photo(answer: Answer, sights: Sequence[Point], random: Random) -> dict[str, Any]:
    """Return where a photo was taken, as a phone would say it."""
    if answer.truth:
        sight = sights[min(answer.truth)]
        direction = random.uniform(0, 360)
        here = sight.moved(OWN_DISTANCE_METERS * math.sqrt(random.random()), direction)
        true_heading = direction + 180
    else:
        distance = CITY_RADIUS_METERS * math.sqrt(random.random())
        here = Point(0, 0).moved(distance, random.uniform(0, 360))
        true_heading = random.uniform(0, 360)
    if random.random() < BAD_COMPASS_SHARE:
        true_heading = random.uniform(0, 360)
    stated = here.moved(abs(random.gauss(0, ACCURACY_METERS)), random.uniform(0, 360))
    heading = (true_heading + random.gauss(0, COMPASS_ERROR_DEGREES)) % 360
    return {**stated.as_degrees(), "accuracy": ACCURACY_METERS, "heading": heading}


def measure(model: Path, dataset: Path, strangers: list[Path], answers_file: Path) -> list[Row]:
    """Return the shares with and without the place."""
    onnx = model.read_bytes()
    site = Site()
    file = site.add_file(onnx, image_size=load_detector(onnx).image_size)
    photos = [(photo, _truth_of(dataset, photo)) for photo in _photos(dataset / "images" / "test")]
    photos += [(photo, frozenset()) for folder in strangers for photo in _photos(folder)]
    for number, (photo, _) in enumerate(photos):
        site.changed[f"/photos/{number}"] = photo.read_bytes()
    rows = [
        Row("own test photos", sum(bool(truth) for _, truth in photos)),
        Row("photos of strangers", sum(not truth for _, truth in photos)),
        Row("places for each", PLACES_PER_PHOTO),
    ]
    with run_site(site), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=[*CHROMIUM_FLAGS]
        )
        page = browser.new_page()
        page.goto(f"{site.url}/blank")
        names = page.evaluate(OPEN, [describe_model(file), file])
        saved = {}
        for name, least in THRESHOLDS.items():
            answers = [
                _look(page, number, truth, least) for number, (_, truth) in enumerate(photos)
            ]
            saved[name] = [_as_record(answer) for answer in answers]
            rows += _compare(page, name, answers, len(names))
        browser.close()
    answers_file.parent.mkdir(parents=True, exist_ok=True)
    answers_file.write_text(json.dumps(saved))
    return rows


def _as_record(answer: Answer) -> dict[str, Any]:
    """Return an answer ready to become JSON."""
    return {
        "truth": sorted(answer.truth),
        "detections": answer.detections,
        "width": answer.width,
    }


def _look(page: Page, number: int, truth: frozenset[int], least: float | None) -> Answer:
    seen = page.evaluate(LOOK, [f"/photos/{number}", least])
    return Answer(truth, seen["detections"], seen["width"])


def _compare(page: Page, name: str, answers: list[Answer], class_count: int) -> list[Row]:
    random = Random(7)  # noqa: S311 - draws, no secrets
    sights = [
        Point(0, 0).moved(SIGHTS_RADIUS_METERS * math.sqrt(random.random()), random.uniform(0, 360))
        for _ in range(class_count)
    ]
    known = [
        {"class": number, "view_meters": VIEW_METERS, **sight.as_degrees()}
        for number, sight in enumerate(sights)
    ]
    placed = [
        [place_photo(answer, sights, random) for _ in range(PLACES_PER_PHOTO)] for answer in answers
    ]
    without = count(answers, [[[one["class"] for one in answer.detections]] for answer in answers])
    rows = [
        Row(f"{name}: own photos with their name", without.recall),
        Row(f"{name}: strangers with a name", without.false_names),
    ]
    for sense, points in (
        ("the place", [[point | {"heading": None} for point in each] for each in placed]),
        ("place and compass", placed),
    ):
        asked = [
            {"detections": answer.detections, "width": answer.width, "places": each}
            for answer, each in zip(answers, points, strict=True)
        ]
        found = count(answers, page.evaluate(JUDGE, [asked, known]))
        share = found.false_names / without.false_names if without.false_names else 0.0
        rows += [
            Row.at_least(f"{name}, {sense}: own photos", found.recall, "", without.recall),
            Row(f"{name}, {sense}: strangers", found.false_names),
            Row.at_most(f"{name}, {sense}: false names left", share, "", MAX_SHARE_OF_FALSE_NAMES),
        ]
    return rows


def _photos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".png"})


def _truth_of(dataset: Path, photo: Path) -> frozenset[int]:
    label = dataset / "labels" / "test" / f"{photo.stem}.txt"
    lines = label.read_text().splitlines() if label.is_file() else []
    return frozenset(int(line.split()[0]) for line in lines if line.strip())


def main() -> int:
    """Read the command line, measure, write the figures."""
    parser = argparse.ArgumentParser(description="Measure what the place does to false names.")
    parser.add_argument("--model", type=Path, required=True, help="an ONNX file of the trainer")
    parser.add_argument("--dataset", type=Path, required=True, help="the dataset that it is of")
    parser.add_argument(
        "--strangers", type=Path, nargs="*", default=[], help="folders of photos without its sights"
    )
    given = parser.parse_args()
    if not _photos(given.dataset / "images" / "test"):
        parser.error(f"{given.dataset} has no photos in images/test; name a dataset folder")
    rows = measure(given.model, given.dataset, given.strangers, FOLDER / "place_answers.json")
    return publish("place", rows)


if __name__ == "__main__":
    sys.exit(main())
