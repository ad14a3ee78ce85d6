"""How true are the labels: read what an erring Vision says about a world, and ask its manifest.

Nothing is sent and no warehouse is needed: the stand-in's answers, as Google's client gives them,
are read as the label task reads them. Errors, measures and bounds: docs/labelling.md.
"""

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from statistics import fmean

from google.cloud import vision
from google.protobuf.json_format import MessageToDict

from benchmarks.report import FOLDER, Row, publish
from sandbox.vision.images import annotation_of
from sandbox.vision.landmark_answers import Landmark, VisionErrors, landmarks_on
from sandbox.world.city_facts import CityFacts, facts_of
from sandbox.world.drawing import draw_world
from sandbox.world.photo_recognition import KnownPicture
from sandbox.world.seeded import seeded_choice, seeded_fraction
from sandbox.world.world import World, WorldBox, WorldError, load_world
from sightscan.box import Box, intersection_over_union
from sightscan.city import City, Place, Sight
from sightscan.label.answers import read_labels
from sightscan.label.landmarks import answer_of
from sightscan.label.matching import SightIndex
from sightscan.settings import Settings
from sightscan.warehouse.labels.labels import LabelRow, StoredAnswer

SEEDS = 10
PURITY, KEPT = 0.99, 0.95
# A label is of a sight if its box covers the sight's true one by half, as in mAP50.
SAME_IOU = 0.5
# Searches find photos of other sights, too.
SEARCH_ERRORS = 0.10
CITY_RADIUS_METERS = 10_000


@dataclass
class Tally:
    """What became of the landmarks of one world under one seed."""

    photos: int = 0
    empty: int = 0
    landmarks: int = 0
    # A sight that is boxed twice is one: correct once, true once.
    correct: int = 0
    correct_kept: int = 0
    accepted: int = 0
    accepted_true: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def purity(self) -> float:
        """Return the share of accepted labels whose sight is in their box."""
        return self.accepted_true / max(self.accepted, 1)

    @property
    def kept(self) -> float:
        """Return the share of Vision's correct landmarks that became accepted labels."""
        return self.correct_kept / max(self.correct, 1)


def main(arguments: Sequence[str]) -> int:
    """Measure one world; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.label_truth", description=__doc__)
    parser.add_argument(
        "--seeds", type=int, default=SEEDS, help="how often, each with other mistakes"
    )
    parser.add_argument("--world", type=Path, help="a world's folder (default: the drawn world)")
    options = parser.parse_args(arguments)
    try:
        world = load_world(options.world) if options.world else draw_world(FOLDER / "world")
    except WorldError as error:
        sys.stderr.write(f"label_truth: {error}\n")
        return 2
    usual = VisionErrors()
    seeds = range(1, options.seeds + 1)
    code = publish("label_truth", measure(world, usual, seeds, is_each_seed_bound=True))
    print("\nAll errors twice as many and as large:\n")
    twice = measure(world, _twice(usual), seeds, is_each_seed_bound=False)
    return max(code, publish("label_truth_twice", twice))


def measure(
    world: World, errors: VisionErrors, seeds: Sequence[int], *, is_each_seed_bound: bool
) -> list[Row]:
    """Return the rows of the report on a world that Vision is so wrong about.

    Bounds are for the worst seed, or for all seeds together.
    """
    runs = tally_runs(world, errors, seeds)
    without_ids = tally_runs(world, replace(errors, mid_missing=1.0), seeds)
    confused = tally_runs(world, replace(errors, wrong_sight=0.01), seeds)
    swapped = tally_runs(world, replace(errors, nameless_is_right=1.0), seeds)
    total = _sum(runs)
    rows = [
        Row("world", world.city),
        Row("photos", len(world.photos)),
        Row("sights", len(world.sights)),
        Row("seeds", len(seeds)),
        Row("answers without a landmark", total.empty / total.photos, "share"),
        Row("landmarks", total.landmarks),
        Row("correct landmarks", total.correct),
        Row("accepted labels", total.accepted),
        *(
            Row.at_least(measure, value, "share", least)
            if is_bound
            else Row(measure, value, "share")
            for name, least, values in (
                ("purity", PURITY, [run.purity for run in runs]),
                ("correct labels kept", KEPT, [run.kept for run in runs]),
                ("purity without any id", PURITY, [run.purity for run in without_ids]),
                ("kept without any id", KEPT, [run.kept for run in without_ids]),
            )
            for measure, value, is_bound in (
                (name, fmean(values), not is_each_seed_bound),
                (f"{name}, worst seed", min(values), is_each_seed_bound),
            )
        ),
        Row("purity, 1 % taken for another sight", _sum(confused).purity, "share"),
        Row("purity, twins without id have the true box", _sum(swapped).purity, "share"),
    ]
    rows += [
        Row(f"not accepted: {reason}", count / total.landmarks, "share")
        for reason, count in sorted(total.reasons.items())
    ]
    return rows


def _twice(errors: VisionErrors) -> VisionErrors:
    rates = (rate.name for rate in fields(errors) if rate.name != "seed")
    return replace(errors, **{rate: min(1.0, 2 * getattr(errors, rate)) for rate in rates})


def tally_runs(world: World, errors: VisionErrors, seeds: Sequence[int]) -> list[Tally]:
    """Return what becomes of a world's landmarks under each seed."""
    facts = facts_of(world)
    pictures = [
        KnownPicture(
            hashlib.sha256(photo.path.read_bytes()).hexdigest(),
            photo.width,
            photo.height,
            photo.boxes,
        )
        for photo in world.photos
    ]
    index = _index_of(facts)
    return [_run(pictures, facts, index, replace(errors, seed=seed)) for seed in seeds]


def _run(
    pictures: Sequence[KnownPicture], facts: CityFacts, index: SightIndex, errors: VisionErrors
) -> Tally:
    tally = Tally(photos=len(pictures))
    ids = {sight.sight: number for number, sight in enumerate(facts.sights, start=1)}
    for picture in pictures:
        landmarks = landmarks_on(picture, facts, errors)
        query_sight_id = ids[_searched(picture, facts, errors.seed)]
        labels = _read(picture, landmarks, index, query_sight_id)
        tally.empty += not landmarks
        tally.landmarks += len(landmarks)
        truth = {ids[box.sight]: _box(box, picture) for box in picture.boxes}
        meant = [ids.get(landmark.sight) for landmark in landmarks]
        _count(tally, meant, labels, truth)
    return tally


def _count(
    tally: Tally, meant: Sequence[int | None], labels: Sequence[LabelRow], truth: dict[int, Box]
) -> None:
    """Add one photo; `meant` has the sight that Vision took each for, None if none of the city."""
    correct = {
        sight_id
        for sight_id, label in zip(meant, labels, strict=True)
        if sight_id is not None and _shows(label.box, truth.get(sight_id))
    }
    accepted = [label for label in labels if label.state == "accepted"]
    shown = {
        label.sight_id for label in accepted if _shows(label.box, truth.get(label.sight_id or 0))
    }
    tally.correct += len(correct)
    tally.correct_kept += len(correct & shown)
    tally.accepted += len(accepted)
    tally.accepted_true += len(shown)
    tally.reasons.update(
        f"{label.state}, {label.reason}" for label in labels if label.state != "accepted"
    )


def _read(
    picture: KnownPicture, landmarks: Sequence[Landmark], index: SightIndex, query_sight_id: int
) -> tuple[LabelRow, ...]:
    response = vision.AnnotateImageResponse(
        landmark_annotations=[
            annotation_of(landmark, picture.width, picture.height) for landmark in landmarks
        ]
    )
    answer = answer_of(
        picture.width,
        picture.height,
        MessageToDict(vision.AnnotateImageResponse.pb(response), preserving_proto_field_name=True),
    )
    stored = StoredAnswer(1, bytes.fromhex(picture.key), answer, frozenset({query_sight_id}))
    return read_labels(stored, index, min_score=Settings.model_fields["min_label_score"].default)


def _searched(picture: KnownPicture, facts: CityFacts, seed: int) -> str:
    """Return the sight whose search found the photo: mostly the largest one on it."""
    if seeded_fraction("search", seed, picture.key) < SEARCH_ERRORS:
        return seeded_choice(facts.sights, "searched", seed, picture.key).sight
    return max(picture.boxes, key=lambda box: _box(box, picture).area).sight


def _shows(box: Box, truth: Box | None) -> bool:
    return truth is not None and intersection_over_union(box, truth) >= SAME_IOU


def _box(box: WorldBox, picture: KnownPicture) -> Box:
    return Box.from_pixels([(box.x1, box.y1), (box.x2, box.y2)], picture.width, picture.height)


def _index_of(facts: CityFacts) -> SightIndex:
    """Return the sights as they come out of Wikidata's stand-in."""
    place = Place(facts.city.latitude, facts.city.longitude)
    city_id = facts.city.wikidata_id
    city = City(
        city_id, "world", facts.city.name, facts.city.country.name, place, CITY_RADIUS_METERS
    )
    return SightIndex(
        city,
        [
            Sight(
                number,
                city_id,
                sight.labels["en"],
                number,
                wikidata_id=sight.wikidata_id,
                names=sight.labels,
                aliases=tuple(alias for known in sight.aliases.values() for alias in known),
                place=Place(sight.latitude, sight.longitude),
                freebase_id=sight.freebase_id,
                knowledge_graph_id=sight.knowledge_graph_id,
            )
            for number, sight in enumerate(facts.sights, start=1)
        ],
    )


def _sum(runs: Sequence[Tally]) -> Tally:
    total = Tally()
    for run in runs:
        for name in ("photos", "empty", "landmarks", "correct", "correct_kept"):
            setattr(total, name, getattr(total, name) + getattr(run, name))
        total.accepted += run.accepted
        total.accepted_true += run.accepted_true
        total.reasons.update(run.reasons)
    return total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
