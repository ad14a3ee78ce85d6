"""What Google Vision says about a picture of the world: honest, but erring as the real one does.

Every mistake is decided by a hash of the photo, so the same photo always gets the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.city_facts import CityFacts, SightFacts
from sandbox.city_terms import without_diacritics
from sandbox.photo_recognition import KnownPicture
from sandbox.seeded import seeded_between, seeded_choice, seeded_fraction
from sandbox.world import WorldBox


@dataclass(frozen=True)
class VisionErrors:
    """How often (0 to 1) or how much Vision errs.

    `loose_box` is the most an edge of a box is off, as a share of the box's side; `beyond_picture`
    the share of those edges that touch the picture's edge and are reported outside it.
    """

    nothing_found: float = 0.10
    wrong_place: float = 0.04
    name_variant: float = 0.15
    mid_missing: float = 0.03
    loose_box: float = 0.06
    beyond_picture: float = 0.30
    second_bogus: float = 0.05


NO_ERRORS = VisionErrors(0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Landmark:
    """One landmark: box corners as shares of the picture (may lie outside it), degrees."""

    mid: str
    description: str
    score: float
    left: float
    top: float
    right: float
    bottom: float
    latitude: float
    longitude: float


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
    if seeded_fraction("nothing", picture.key) < errors.nothing_found:
        return ()
    found = [*_landmarks(picture, facts, errors)]
    return tuple(sorted(found, key=lambda landmark: -landmark.score))


def _landmarks(picture: KnownPicture, facts: CityFacts, errors: VisionErrors) -> Iterator[Landmark]:
    is_wrong = seeded_fraction("wrong place", picture.key) < errors.wrong_place
    for number, box in enumerate(picture.boxes):
        edges = _edges(box, picture, errors, number)
        if is_wrong:
            yield _mistaken(seeded_choice(_ELSEWHERE, "elsewhere", picture.key), edges, picture.key)
            continue
        sight = facts.of(box.sight)
        seed = (picture.key, number)
        has_mid = seeded_fraction("mid missing", *seed) >= errors.mid_missing
        yield Landmark(
            sight.mid if has_mid else "",
            _description(sight, facts, errors, picture.key),
            seeded_between(0.55, 0.97, "score", *seed),
            *edges,
            # Reported places are metres off.
            sight.latitude + seeded_between(-0.0004, 0.0004, "latitude", *seed),
            sight.longitude + seeded_between(-0.0004, 0.0004, "longitude", *seed),
        )
    if seeded_fraction("bogus", picture.key) < errors.second_bogus:
        left = seeded_between(0, 0.8, "bogus left", picture.key)
        top = seeded_between(0, 0.8, "bogus top", picture.key)
        elsewhere = seeded_choice(_ELSEWHERE, "bogus", picture.key)
        yield _mistaken(elsewhere, (left, top, left + 0.15, top + 0.15), picture.key, 0.2, 0.4)


def _mistaken(
    place: _Elsewhere,
    edges: tuple[float, float, float, float],
    key: str,
    low: float = 0.4,
    high: float = 0.7,
) -> Landmark:
    score = seeded_between(low, high, "mistaken score", key)
    return Landmark(place.mid, place.description, score, *edges, place.latitude, place.longitude)


def _description(sight: SightFacts, facts: CityFacts, errors: VisionErrors, key: str) -> str:
    if seeded_fraction("variant", key) >= errors.name_variant:
        return sight.labels["en"]
    variants = {
        *sight.labels.values(),
        *sight.aliases["en"],
        without_diacritics(sight.labels["en"]),
        f"The {sight.labels['en']}",
        f"{sight.labels['en']}, {facts.city.name}",
    } - {sight.labels["en"]}
    return seeded_choice(sorted(variants), "variant name", key)


def _edges(
    box: WorldBox, picture: KnownPicture, errors: VisionErrors, number: int
) -> tuple[float, float, float, float]:
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
