"""Tell when two entries are one sight: by ids first, then by distance and names together.

A sight that is wrongly kept twice costs some photos; two that are wrongly made one cannot be told
apart again by the detector. So whatever is in doubt stays two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from sightscan.city import Sight, normalise_name
from sightscan.warehouse.registry.sights import SightMerge

# Two entries of one building lie that near; a bridge's may lie at its two ends.
NEAR_METERS = 150
# Of 100: "brandenburg" and "brandenburger" have 92, "maggiore" and "minore" 71.
ALIKE_WORDS = 85
# The kinds of sights, each by its words in the languages of the names.
KINDS = (
    ("gate", "tor", "porte", "puerta", "porta"),
    ("tower", "turm", "tour", "torre"),
    ("bridge", "brucke", "pont", "puente", "ponte", "most"),
    ("church", "kirche", "eglise", "iglesia", "igreja"),
    ("cathedral", "dom", "kathedrale", "cathedrale", "catedral", "duomo"),
    ("basilica", "basilika", "basilique"),
    ("square", "platz", "place", "plaza", "praca", "piazza"),
    ("castle", "burg", "schloss", "chateau", "castillo", "castelo", "castello"),
    ("palace", "palast", "palais", "palacio", "palazzo"),
    ("fountain", "brunnen", "fontaine", "fuente", "fonte", "fontana"),
    ("statue", "estatua", "standbild"),
    ("monument", "denkmal", "monumento", "memorial"),
    ("theatre", "theater", "teatro"),
    ("museum", "musee", "museo", "museu"),
    ("house", "haus", "maison", "casa"),
    ("column", "saule", "colonne", "columna", "coluna"),
)
_KIND_OF = {word: words[0] for words in KINDS for word in words}
_PARTICLES = frozenset(
    [
        "the",
        "of",
        "de",
        "la",
        "le",
        "les",
        "du",
        "des",
        "del",
        "da",
        "do",
        "dos",
        "das",
        "el",
        "der",
        "die",
        "l",
        "d",
        "s",
        "di",
        "dei",
        "della",
        "delle",
        "degli",
    ]
)
_SAINT = frozenset(("st", "saint", "sankt", "san", "santa", "santo", "sao", "sainte"))


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in parts: its kinds of sight, the words that are its own, and all of it."""

    kinds: frozenset[str]
    words: tuple[str, ...]
    whole: str


def is_same_sight(one: Sight, other: Sight) -> bool:
    """Tell whether two entries of a city are one sight.

    Equal ids say yes; after that, different ids of Google's of one kind say no. Else they must lie
    near one another, and some name of the one must say the same as some name of the other:
    the same kind of sight, and each word of its own alike. An entry without coordinates is only the
    same as one with exactly its name.
    """
    if one.wikidata_id is not None and one.wikidata_id == other.wikidata_id:
        return True
    google = (
        (one.freebase_id, other.freebase_id),
        (one.knowledge_graph_id, other.knowledge_graph_id),
        (one.place_id, other.place_id),
    )
    known = [(left, right) for left, right in google if left is not None and right is not None]
    if known:
        return any(left == right for left, right in known)
    if one.place is None or other.place is None:
        has_two_ids = one.wikidata_id is not None and other.wikidata_id is not None
        return not has_two_ids and normalise_name(one.name) == normalise_name(other.name)
    if one.place.distance_meters(other.place) > NEAR_METERS:
        return False
    return names_say_the_same(_labels(one), _labels(other))


def names_say_the_same(some: Iterable[str], others: Iterable[str]) -> bool:
    """Tell whether a name of the one side says the same as a name of the other."""
    right = [_parts(name) for name in others]
    return any(_same_name(_parts(name), other) for name in some for other in right)


def fold_same_sights(
    sights: Sequence[Sight], known: Sequence[Sight] = ()
) -> tuple[tuple[Sight, ...], tuple[SightMerge, ...]]:
    """Return each sight once, in the order given, and what was merged into what.

    `known` are the sights that the warehouse has already: of two that are one, the one that is
    active there stays; else the first. What the other knows and it does not, it takes over.
    """
    active = {sight.wikidata_id for sight in known if sight.state == "active"}
    kept: list[Sight] = []
    merges: list[SightMerge] = []
    for sight in sights:
        number = next((n for n, other in enumerate(kept) if is_same_sight(sight, other)), None)
        if number is None:
            kept.append(sight)
            continue
        first = kept[number]
        if sight.wikidata_id in active and first.wikidata_id not in active:
            first, sight = sight, first  # noqa: PLW2901 - the roles change, not the loop
            merges = [
                SightMerge(first, each.merged) if each.survivor == kept[number] else each
                for each in merges
            ]
        kept[number] = joined(first, sight)
        merges = [
            SightMerge(kept[number], each.merged) if each.survivor == first else each
            for each in merges
        ]
        merges.append(SightMerge(kept[number], sight))
    return tuple(kept), tuple(merges)


def joined(first: Sight, second: Sight) -> Sight:
    """Return `first` with what only `second` knows; its names become aliases."""
    names = {second.name, *second.names.values(), *second.aliases}
    return replace(
        first,
        names={**second.names, **first.names},
        aliases=tuple(sorted({*first.aliases, *names} - {first.name})),
        place=first.place or second.place,
        commons_category=first.commons_category or second.commons_category,
        freebase_id=first.freebase_id or second.freebase_id,
        knowledge_graph_id=first.knowledge_graph_id or second.knowledge_graph_id,
        place_id=first.place_id or second.place_id,
        sitelink_count=max(first.sitelink_count, second.sitelink_count),
    )


def _labels(sight: Sight) -> tuple[str, ...]:
    # Aliases are left out: "Town Hall" is one of the old as of the new town hall.
    return tuple(dict.fromkeys((sight.name, *sight.names.values())))


def _parts(name: str) -> _Name:
    kinds: set[str] = set()
    words: list[str] = []
    whole = normalise_name(name)
    for word in whole.split():
        kind, stem = _kind_in(word)
        if kind is not None:
            kinds.add(kind)
        if stem and stem not in _PARTICLES:
            words.append("saint" if stem in _SAINT else stem)
    return _Name(frozenset(kinds), tuple(words), whole)


def _kind_in(word: str) -> tuple[str | None, str]:
    """Return the kind that a word names or ends with, and what is left of it: Karls|brucke."""
    if word in _KIND_OF:
        return _KIND_OF[word], ""
    for ending in ("brucke", "kirche", "platz", "turm", "brunnen", "schloss", "palast", "denkmal"):
        if word.endswith(ending):
            return _KIND_OF[ending], word.removesuffix(ending)
    return None, word


def _same_name(one: _Name, other: _Name) -> bool:
    if one.whole == other.whole:
        # "Cathedral" alone names nothing.
        return bool(one.words) or len(one.kinds) > 1
    if one.kinds != other.kinds or not one.words or not other.words:
        return False
    return _all_alike(one.words, other.words) and _all_alike(other.words, one.words)


def _all_alike(words: Sequence[str], others: Sequence[str]) -> bool:
    return all(any(_alike(word, other) for other in others) for word in words)


def _alike(word: str, other: str) -> bool:
    if any(map(str.isdigit, word + other)):
        return word == other
    return fuzz.ratio(word, other) >= ALIKE_WORDS
