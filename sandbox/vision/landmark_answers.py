"""What Google Vision says about a picture of the world: honest, but erring as the real one does.

Every mistake is decided by a hash of the photo, so the same photo always gets the same answer.

Modelled on recorded answers: the form (Google's documentation), and the mistakes in where things are:
- A neighbour's box: "Eiffel Tower" and "Trocadéro Gardens", both with id and place, scores 0.63 and
  0.47; the gardens' box is the tower's, but for one side 58 % further out (overlap 0.56).
- One sight in two languages: "Tour Eiffel" without id and place, 0.59, and "Eiffel Tower" with both,
  0.51, its box lower by half (overlap 0.23, half of the smaller).
- One id twice: "Grand Place" and "Grand Place, Brussels Town Hall", places 6 m from each other, boxes
  off by a sixth (overlap 0.63).
Google's own example was also answered with the gardens or "Champ de Mars" alone, as is `wrong_sight`.
Invented: all rates; that a box strays by up to twice as much as in its one real pair; and which box of a pair is
the true one, since the photos are not at hand: the neighbour's is wrong, and so is the second one of
a sight (`nameless_is_right` has it the other way round). Names and ids are the world's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from math import sqrt
from typing import Self

from sandbox.world.city_facts import CityFacts, SightFacts
from sandbox.world.city_terms import short_name_of, without_diacritics
from sandbox.world.photo_recognition import KnownPicture
from sandbox.world.seeded import seeded_between, seeded_choice, seeded_fraction
from sandbox.world.world import WorldBox


@dataclass(frozen=True)
class VisionErrors:
    """How often (0 to 1) or how much Vision errs; docs/labelling.md says why these figures.

    `second_bogus` is the share of photos with one more landmark than there are, half of them a
    neighbour in a sight's box. `half_neighbour` is the share with a neighbour in a box that is about
    half a sight's. Of the sights, `nameless` is the share answered with a name only, without id and
    place; `nameless_twin` and `placed_twin` the shares answered a second time in another box, with a
    foreign name only, or with the same id and another place; `nameless_is_right` the share of
    nameless twins whose box is the true one. `wrong_place` is the share of photos whose sight is taken for something in another part of the
    world, half of them for a namesake of the sight. `wrong_sight` is the share taken for another
    sight of the same city. `loose_box` is the most an edge of a box is off, as a share of the box's
    side; `beyond_picture` the share of those edges that touch the picture's edge and are reported
    outside it. Another `seed` errs on other photos.
    """

    nothing_found: float = 0.15
    wrong_place: float = 0.05
    name_variant: float = 0.10
    mid_missing: float = 0.03
    loose_box: float = 0.06
    beyond_picture: float = 0.30
    second_bogus: float = 0.05
    half_neighbour: float = 0.03
    nameless: float = 0.02
    nameless_twin: float = 0.02
    placed_twin: float = 0.02
    nameless_is_right: float = 0.0
    wrong_sight: float = 0.0
    seed: int = 0

    def changed(self, settings: Iterable[str]) -> Self:
        """Return errors with rates as told on a command line: `wrong_place=0.1`.

        Raises:
            ValueError: there is no such rate, or it is no number between 0 and 1.

        """
        rates: dict[str, float] = {}
        names = [rate.name for rate in fields(self) if rate.name != "seed"]
        for setting in settings:
            name, _, text = setting.partition("=")
            if name not in names:
                msg = f"Vision has no error {name!r}; choose one of {', '.join(names)}"
                raise ValueError(msg)
            try:
                rates[name] = float(text)
            except ValueError:
                rates[name] = -1
            if not 0 <= rates[name] <= 1:
                msg = f"{name} must be a share between 0 and 1, as in {name}=0.1, got {text!r}"
                raise ValueError(msg)
        return replace(self, **rates)

    def key_of(self, picture: KnownPicture) -> str:
        """Return what decides the mistakes on a picture."""
        return f"{self.seed} {picture.key}" if self.seed else picture.key


NO_ERRORS = VisionErrors(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
Edges = tuple[float, float, float, float]


@dataclass(frozen=True)
class Landmark:
    """One landmark: box corners as shares of the picture (may lie outside it), degrees.

    `sight` is what it was taken for, by its name in the manifest: empty for nothing of the world. It
    is not sent.
    """

    sight: str
    mid: str
    description: str
    score: float
    left: float
    top: float
    right: float
    bottom: float
    latitude: float | None
    longitude: float | None

    @property
    def edges(self) -> Edges:
        """Return left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom

    def moved_to(self, edges: Edges) -> Self:
        """Return it in another box."""
        left, top, right, bottom = edges
        return replace(self, left=left, top=top, right=right, bottom=bottom)

    def without_id_and_place(self) -> Self:
        """Return it with nothing but a name."""
        return replace(self, mid="", latitude=None, longitude=None)


@dataclass(frozen=True)
class _Elsewhere:
    mid: str
    description: str
    latitude: float
    longitude: float


# Invented landmarks in other parts of the world, for pictures that Vision mistakes.
_ELSEWHERE = (
    _Elsewhere("/m/0sb1zq", "Torre Blanca del Sur", -33.4412, -70.6527),
    _Elsewhere("/m/0sb2yr", "Grønnehavn Rådhus", 59.1371, 9.6122),
    _Elsewhere("/g/11sb3xk4mt", "Kitagawa Gate", 34.9951, 135.7406),
    _Elsewhere("/m/0sb4wv", "Old Mill of Harrow Bend", 42.1037, -89.2214),
    _Elsewhere("/g/11sb5vh2pd", "Palais des Brumes", 45.9008, 6.1187),
)


def landmarks_on(
    picture: KnownPicture, facts: CityFacts, errors: VisionErrors
) -> tuple[Landmark, ...]:
    """Return the landmarks that Vision reports on a picture, best first."""
    seeded = replace(picture, key=errors.key_of(picture))
    if seeded_fraction("nothing", seeded.key) < errors.nothing_found:
        return ()
    found = [*_landmarks(seeded, facts, errors)]
    return tuple(sorted(found, key=lambda landmark: -landmark.score))


def _landmarks(picture: KnownPicture, facts: CityFacts, errors: VisionErrors) -> Iterator[Landmark]:
    is_wrong = seeded_fraction("wrong place", picture.key) < errors.wrong_place
    for number, box in enumerate(picture.boxes):
        edges = _edges(box, picture, errors, number)
        seed = (picture.key, number)
        sight = facts.of(box.sight)
        if is_wrong:
            yield _mistaken(_taken_for(sight, picture.key), edges, picture.key)
            continue
        if seeded_fraction("wrong sight", *seed) < errors.wrong_sight:
            sight = _neighbour(sight, facts, seed)
        has_mid = seeded_fraction("mid missing", *seed) >= errors.mid_missing
        landmark = Landmark(
            sight.sight,
            sight.mid if has_mid else "",
            _description(sight, facts, errors, picture.key),
            _score(*seed),
            *edges,
            *_place_near(sight, *seed),
        )
        if seeded_fraction("nameless", *seed) < errors.nameless:
            landmark = landmark.without_id_and_place()
        yield from _with_twins(landmark, sight, errors, seed)
    if seeded_fraction("bogus", picture.key) < errors.second_bogus:
        yield _bogus(picture, facts, errors)
    if seeded_fraction("half neighbour", picture.key) < errors.half_neighbour:
        yield from _half_neighbour(picture, facts, errors)


def _place_near(sight: SightFacts, *seed: object) -> tuple[float, float]:
    """Return latitude and longitude as reported: metres off."""
    return (
        sight.latitude + seeded_between(-0.0004, 0.0004, "latitude", *seed),
        sight.longitude + seeded_between(-0.0004, 0.0004, "longitude", *seed),
    )


def _with_twins(
    landmark: Landmark, sight: SightFacts, errors: VisionErrors, seed: tuple[str, int]
) -> Iterator[Landmark]:
    """Yield the landmark, and what else is said of the same sight in other boxes."""
    if seeded_fraction("nameless twin", *seed) < errors.nameless_twin:
        others = sorted({*sight.labels.values()} - {landmark.description})
        name = seeded_choice(others, "twin name", *seed) if others else landmark.description
        twin = replace(landmark, description=name, score=_score("nameless twin", *seed))
        edges = _shifted(landmark.edges, 0.95, "nameless twin", *seed)
        if seeded_fraction("nameless is right", *seed) < errors.nameless_is_right:
            landmark = landmark.moved_to(edges)
        else:
            twin = twin.moved_to(edges)
        yield twin.without_id_and_place()
    yield landmark
    if seeded_fraction("placed twin", *seed) < errors.placed_twin:
        latitude, longitude = _place_near(sight, "placed twin", *seed)
        twin = replace(
            landmark,
            mid=sight.mid,
            score=_score("placed twin", *seed),
            latitude=latitude,
            longitude=longitude,
        )
        yield twin.moved_to(_shifted(landmark.edges, 0.3, "placed twin", *seed))


def _shifted(edges: Edges, most: float, *seed: object) -> Edges:
    """Return a box that is off by up to so much of its side, to where there is room, and cut there.

    Its size is off by up to a third, as in both real pairs.
    """
    left, top, right, bottom = edges
    width, height = right - left, bottom - top
    share, wider, higher = (
        seeded_between(*bounds, name, *seed)
        for bounds, name in (
            ((0, most), "by"),
            ((0.67, 1.33), "width"),
            ((0.67, 1.33), "height"),
        )
    )
    if seeded_fraction("upright", *seed) < 0.5:
        left += share * width * (1 if left + right < 1 else -1)
    else:
        top += share * height * (1 if top + bottom < 1 else -1)
    return (
        max(0.0, left), max(0.0, top),
        min(1.0, left + width * wider), min(1.0, top + height * higher),
    )  # fmt: skip


def _half_neighbour(
    picture: KnownPicture, facts: CityFacts, errors: VisionErrors
) -> Iterator[Landmark]:
    """Yield a neighbour in the first sight's box with one side moved out; nothing in a city of one sight."""
    seed = (f"half {picture.key}", len(picture.boxes))
    first = facts.of(picture.boxes[0].sight)
    neighbour = _neighbour(first, facts, seed)
    if neighbour == first:
        return
    left, top, right, bottom = _edges(picture.boxes[0], picture, errors, len(picture.boxes) + 1)
    further = seeded_between(0, 1.2, "further", *seed) * (right - left)
    if left + right < 1:
        right = min(1.0, right + further)
    else:
        left = max(0.0, left - further)
    yield Landmark(
        neighbour.sight,
        neighbour.mid,
        neighbour.labels["en"],
        seeded_between(0.3, 0.8, "score", *seed),
        left,
        top,
        right,
        bottom,
        *_place_near(neighbour, *seed),
    )


def _bogus(picture: KnownPicture, facts: CityFacts, errors: VisionErrors) -> Landmark:
    """Return a landmark that is not on the picture: a neighbour around a sight's box, or anything.

    "Trocadéro Gardens" around the Eiffel Tower is the neighbour's kind.
    """
    seed = (picture.key, len(picture.boxes))
    first = facts.of(picture.boxes[0].sight)
    neighbour = _neighbour(first, facts, seed)
    if neighbour == first or seeded_fraction("bogus neighbour", picture.key) < 0.5:
        left = seeded_between(0, 0.8, "bogus left", picture.key)
        top = seeded_between(0, 0.8, "bogus top", picture.key)
        elsewhere = seeded_choice(_ELSEWHERE, "bogus", picture.key)
        return _mistaken(elsewhere, (left, top, left + 0.15, top + 0.15), picture.key, 0.2, 0.4)
    return Landmark(
        neighbour.sight,
        neighbour.mid,
        neighbour.labels["en"],
        seeded_between(0.3, 0.6, "bogus score", picture.key),
        *_edges(picture.boxes[0], picture, errors, seed[1]),
        neighbour.latitude,
        neighbour.longitude,
    )


def _score(*seed: object) -> float:
    """Return a score from 0.25 to 0.97, of which low ones are rare: 1 in 200 is below 0.3."""
    return 0.25 + 0.72 * sqrt(seeded_fraction("score", *seed))


def _taken_for(sight: SightFacts, key: str) -> _Elsewhere:
    """Return something in another part of the world: half the time of the sight's own name."""
    elsewhere = seeded_choice(_ELSEWHERE, "elsewhere", key)
    if seeded_fraction("namesake", key) < 0.5:
        return elsewhere
    return replace(elsewhere, description=sight.labels["en"])


def _neighbour(sight: SightFacts, facts: CityFacts, seed: tuple[str, int]) -> SightFacts:
    others = [other for other in facts.sights if other.sight != sight.sight]
    return seeded_choice(others, "neighbour", *seed) if others else sight


def _mistaken(
    place: _Elsewhere,
    edges: Edges,
    key: str,
    low: float = 0.4,
    high: float = 0.7,
) -> Landmark:
    score = seeded_between(low, high, "mistaken score", key)
    return Landmark(
        "", place.mid, place.description, score, *edges, place.latitude, place.longitude
    )


def _description(sight: SightFacts, facts: CityFacts, errors: VisionErrors, key: str) -> str:
    if seeded_fraction("variant", key) >= errors.name_variant:
        return sight.labels["en"]
    name = sight.labels["en"]
    variants = {
        *sight.labels.values(),
        *sight.aliases["en"],
        without_diacritics(name),
        f"The {name}",
        f"{name}, {facts.city.name}",
        # What no table of names has: the city without its comma, another case, a slip of a key.
        f"{name} {facts.city.name}",
        name.upper(),
        _misspelled(name, key),
        short_name_of(name),
    } - {name}
    return seeded_choice(sorted(variants), "variant name", key)


def _misspelled(name: str, key: str) -> str:
    """Return the name with a letter of its longest word doubled or left out."""
    word = max(name.split(), key=len)
    at = 1 + int(seeded_fraction("slip", key) * (len(word) - 1))
    slip = word[at] * 2 if seeded_fraction("doubled", key) < 0.5 else ""
    return name.replace(word, word[:at] + slip + word[at + 1 :], 1)


def _edges(box: WorldBox, picture: KnownPicture, errors: VisionErrors, number: int) -> Edges:
    """Return left, top, right, bottom as shares of the picture, each edge moved a little."""
    width, height = box.x2 - box.x1, box.y2 - box.y1
    sides = (
        (box.x1, width, picture.width),
        (box.y1, height, picture.height),
        (box.x2, width, picture.width),
        (box.y2, height, picture.height),
    )
    left, top, right, bottom = (
        _edge(position, side, full, errors, (picture.key, number, edge))
        for edge, (position, side, full) in enumerate(sides)
    )
    return left, top, right, bottom


def _edge(
    position: float, side: float, full: int, errors: VisionErrors, seed: tuple[str, int, int]
) -> float:
    off = seeded_between(-errors.loose_box, errors.loose_box, "edge", *seed)
    moved = (position + off * side) / full
    touches = position <= 1 or position >= full - 1
    if touches and seeded_fraction("beyond", *seed) < errors.beyond_picture:
        return moved
    return min(1.0, max(0.0, moved))
