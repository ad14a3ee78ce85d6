"""What the choice of photos is worth: usable labels for each 1,000 calls, against random choice.

A simulated city with a long tail, several seeds; docs/choosing-photos.md describes it and says what
a usable label is. `make bench-label-choice`.
"""

import hashlib
import random
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from benchmarks.report import Row, publish
from sightscan.label.selection import PhotoChoice
from sightscan.label.vision import IMAGES_PER_REQUEST
from sightscan.warehouse.labels.labels import CityPhoto

SEEDS = range(10)
CAPS = (500, 1_000, 2_000)
# The default of MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY, and of MIN_IMAGE_NUMBER_PER_LABEL.
CAP = 1_000
MINIMUM = 30
REQUESTS_IN_FLIGHT = 4
MIN_RATIO = 1.5


@dataclass(frozen=True, slots=True)
class Source:
    """A share of the photos, and how often one of them shows its sight so that Vision finds it."""

    name: str
    share: float
    hit_rate: float


@dataclass(frozen=True, slots=True)
class CityModel:
    """How a city's photos are spread, and how often a call about them brings a label.

    The sight of rank r has `max_photos` / r ** `exponent` photos.
    """

    name: str
    sight_count: int = 100
    max_photos: int = 600
    exponent: float = 1.0
    # A category is kept by people, a text search finds words.
    sources: tuple[Source, ...] = (
        Source("wikimedia_commons", 0.4, 0.75),
        Source("openverse", 0.3, 0.5),
        Source("search_page", 0.3, 0.6),
    )
    # How well Vision knows a sight: a factor for its photos, between these two.
    known: tuple[float, float] = (0.3, 1.2)
    small_share: float = 0.2
    small_factor: float = 0.8
    # Of 100 photos so many are a near copy of an earlier one, the more copied the likelier.
    copy_share: float = 0.25
    # A photo on which another sight of the city is found, instead of its own.
    wrong_sight_share: float = 0.05


LONG_TAIL = CityModel("long tail")
# Each with one thing less to gain from.
OTHERS = (
    CityModel("no near copies", copy_share=0.0),
    CityModel("sources and sights alike", sources=(Source("commons", 1, 0.6),), known=(0.75, 0.75)),
    CityModel("flatter tail", exponent=0.5, max_photos=150),
)


@dataclass(frozen=True, slots=True)
class SimulatedCity:
    """Photos that wait, and what a call about each would bring: sights, by the photo's hash."""

    photos: tuple[CityPhoto, ...]
    answers: dict[bytes, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the calls bought; distinct labels count without the minimum, near copies once."""

    usable_labels: int
    trainable_sights: int
    distinct_labels: int


# Chooses photos of a city up to a cap; the random source is for those who roll dice.
Chooser = Callable[[SimulatedCity, int, random.Random], list[bytes]]


def simulate_city(model: CityModel, seed: int) -> SimulatedCity:
    """Draw a city; near copies of a photo get its answer."""
    dice = random.Random(f"{model.name} {seed}")  # noqa: S311 - repeatable, not secret
    photos: list[CityPhoto] = []
    answers: dict[bytes, frozenset[int]] = {}
    for sight_id in range(1, model.sight_count + 1):
        known = dice.uniform(*model.known)
        of_sight: list[CityPhoto] = []
        for number in range(max(1, round(model.max_photos / sight_id**model.exponent))):
            sha256 = hashlib.sha256(f"{seed} {sight_id} {number}".encode()).digest()
            is_copy = bool(of_sight) and dice.random() < model.copy_share
            # A copy of any photo so far, copies among them: what is copied much is copied more.
            origin = dice.choice(of_sight).cluster_sha256 if is_copy else sha256
            source = dice.choices(model.sources, [each.share for each in model.sources])[0]
            is_small = dice.random() < model.small_share
            size = (500, 375) if is_small else (960, 720)
            photo = CityPhoto(sha256, origin, *size, source.name, (sight_id,), is_waiting=True)
            of_sight.append(photo)
            if is_copy:
                answers[sha256] = answers[origin]
                continue
            chance = source.hit_rate * known * (model.small_factor if is_small else 1)
            answers[sha256] = frozenset()
            if dice.random() < model.wrong_sight_share:
                answers[sha256] = frozenset({dice.randint(1, model.sight_count)})
            elif dice.random() < chance:
                answers[sha256] = frozenset({sight_id})
        photos += of_sight
    return SimulatedCity(tuple(photos), answers)


def choose_at_random(city: SimulatedCity, cap: int, dice: random.Random) -> list[bytes]:
    """Choose any photos."""
    return [photo.sha256 for photo in dice.sample(city.photos, min(cap, len(city.photos)))]


def choose_in_turn(city: SimulatedCity, cap: int, _: random.Random) -> list[bytes]:
    """Choose distinct views before near copies, and within each the sights in turn."""
    in_cluster: defaultdict[bytes, int] = defaultdict(int)
    of_sight: defaultdict[tuple[int, int], int] = defaultdict(int)
    turns = []
    for photo in sorted(city.photos, key=lambda photo: photo.sha256):
        copy = in_cluster[photo.cluster_sha256]
        in_cluster[photo.cluster_sha256] += 1
        (sight_id,) = photo.query_sight_ids
        turns.append((copy, of_sight[sight_id, copy], sight_id, photo.sha256))
        of_sight[sight_id, copy] += 1
    return [sha256 for *_, sha256 in sorted(turns)[:cap]]


def choose_by_answers(city: SimulatedCity, cap: int, _: random.Random) -> list[bytes]:
    """Choose as the pipeline does: sixteen at a time, four requests on their way."""
    ranks = {sight: sight for photo in city.photos for sight in photo.query_sight_ids}
    choice = PhotoChoice(city.photos, ranks, minimum=MINIMUM)
    chosen: list[bytes] = []
    in_flight: deque[list[bytes]] = deque()
    while True:
        left = cap - len(chosen)
        batch = choice.take(min(IMAGES_PER_REQUEST, left), calls_left=left)
        chosen += batch
        in_flight.append(batch)
        if len(in_flight) >= REQUESTS_IN_FLIGHT:
            for sha256 in in_flight.popleft():
                choice.note_answer(sha256, city.answers[sha256])
        if not batch:
            return chosen


def weigh(city: SimulatedCity, chosen: Iterable[bytes]) -> Outcome:
    """Count what is usable, by its definition; a photo that is chosen twice is an error."""
    clusters = {photo.sha256: photo.cluster_sha256 for photo in city.photos}
    paid = list(chosen)
    assert len(paid) == len(set(paid)), "a photo was paid for twice"
    views: defaultdict[int, set[bytes]] = defaultdict(set)
    for sha256 in paid:
        for sight_id in city.answers[sha256]:
            views[sight_id].add(clusters[sha256])
    enough = [len(found) for found in views.values() if len(found) >= MINIMUM]
    return Outcome(sum(enough), len(enough), sum(len(found) for found in views.values()))


def choose_by_magic(city: SimulatedCity, cap: int, _: random.Random) -> list[bytes]:
    """Choose with the answers known: only first views with a label, of sights that can train."""
    of_sight: defaultdict[int, dict[bytes, bytes]] = defaultdict(dict)
    for photo in city.photos:
        for sight_id in city.answers[photo.sha256]:
            of_sight[sight_id].setdefault(photo.cluster_sha256, photo.sha256)
    enough = sorted((list(views.values()) for views in of_sight.values()), key=len, reverse=True)
    chosen: list[bytes] = []
    for views in enough:
        if len(views) >= MINIMUM <= cap - len(chosen):
            chosen += views[: cap - len(chosen)]
    return chosen


CHOOSERS: dict[str, Chooser] = {
    "random": choose_at_random,
    "sights in turn": choose_in_turn,
    "ours": choose_by_answers,
    "answers known": choose_by_magic,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcomes of all choosers, one for each seed."""

    outcomes: dict[str, list[Outcome]]
    cap: int

    def usable_per_1000(self, name: str) -> float:
        """Return the mean over the seeds."""
        return mean(each.usable_labels * 1_000 / self.cap for each in self.outcomes[name])

    def sights(self, name: str) -> float:
        """Return the mean number of sights with the minimum."""
        return mean(each.trainable_sights for each in self.outcomes[name])

    def distinct_per_1000(self, name: str) -> float:
        """Return the mean over the seeds, of labels that need no minimum."""
        return mean(each.distinct_labels * 1_000 / self.cap for each in self.outcomes[name])

    def worst_ratio(self) -> float:
        """Return ours against random choice in the seed where that is smallest."""
        pairs = zip(self.outcomes["ours"], self.outcomes["random"], strict=True)
        return min(ours.usable_labels / max(rolled.usable_labels, 1) for ours, rolled in pairs)


def compare(model: CityModel, cap: int, seeds: Sequence[int] = SEEDS) -> Comparison:
    """Let all choosers spend the cap on the same cities."""
    outcomes: dict[str, list[Outcome]] = {name: [] for name in CHOOSERS}
    for seed in seeds:
        city = simulate_city(model, seed)
        for name, choose in CHOOSERS.items():
            dice = random.Random(f"{name} {seed}")  # noqa: S311 - repeatable, not secret
            outcomes[name].append(weigh(city, choose(city, cap, dice)))
    return Comparison(outcomes, cap)


def main() -> int:
    """Print and write the comparison; return the exit code."""
    backlog = mean(len(simulate_city(LONG_TAIL, seed).photos) for seed in SEEDS)
    rows = [Row("photos of the long tail", backlog), Row("seeds", len(SEEDS))]
    for model, cap in [(LONG_TAIL, cap) for cap in CAPS] + [(model, CAP) for model in OTHERS]:
        rows += _rows(compare(model, cap), model, cap)
    return publish("label-choice", rows)


def _rows(found: Comparison, model: CityModel, cap: int) -> list[Row]:
    where = f"{model.name}, cap {cap:,}"
    rows = []
    for name in CHOOSERS:
        rows += [
            Row(f"{where}: {name}", found.usable_per_1000(name), "usable / 1,000 calls"),
            Row(f"{where}: {name}", found.sights(name), "sights that train"),
        ]
    ours, rolled = found.usable_per_1000("ours"), found.usable_per_1000("random")
    if not rolled:
        return [*rows, Row(f"{where}: ours / random", "random: none", "x")]
    ratio = f"{where}: ours / random"
    if model is not LONG_TAIL or cap != CAP:
        return [*rows, Row(ratio, ours / rolled, "x")]
    more_sights = found.sights("ours") - found.sights("random")
    return [
        *rows,
        Row.at_least(ratio, ours / rolled, "x", MIN_RATIO),
        Row(f"{ratio}, worst seed", found.worst_ratio(), "x"),
        Row(
            f"{ratio}, labels without a minimum",
            found.distinct_per_1000("ours") / found.distinct_per_1000("random"),
            "x",
        ),
        Row.at_least(f"{where}: ours - random", more_sights, "sights that train", 0),
    ]


if __name__ == "__main__":
    sys.exit(main())
