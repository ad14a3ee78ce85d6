"""Which categories of Commons have a city's streets and ordinary buildings: no I/O here.

Commons names what is in a place "<subject> in <place>", where the place is called as its own category
is (Commons:By location category scheme; for example Streets in Lima, Streets in Mons (Hainaut), Buildings
in New Delhi). Few such categories hold photos themselves: those are in categories of single streets below.
Which there are for a city is asked, not supposed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

# Below these are categories of single streets and houses.
WALKED = ("Streets in", "Houses in")
# Whose own photos are of buildings that nobody has named: below are churches, palaces and towers.
NOT_WALKED = ("Buildings in",)
# A title with one of these is none, or two.
NEVER_IN_TITLES = frozenset("|#<>[]{}\n")
# A hundred photos are to show more than a few streets.
FILES_PER_STREET = 5


def street_categories(place: str) -> dict[str, bool]:
    """Return the names to ask Commons for, each with whether to look below it; none for a senseless place."""
    if not place.strip() or NEVER_IN_TITLES & set(place):
        return {}
    return {f"{subject} {place}": subject in WALKED for subject in (*WALKED, *NOT_WALKED)}


def read_counts(pages: Iterable[Any], kinds: Collection[str]) -> dict[str, int]:
    """Return how many members of these kinds (`files`, `subcats`) categories have, by name.

    One whose page is missing may have some: Commons lists what is in it. Without `categoryinfo` it has
    none (MediaWiki's ApiQueryCategoryInfo).
    """
    found = {}
    for page in pages:
        if not isinstance(page, Mapping) or not isinstance(title := page.get("title"), str):
            continue
        info = page.get("categoryinfo")
        counts = [info.get(kind) for kind in kinds] if isinstance(info, Mapping) else []
        found[title.removeprefix("Category:")] = sum(
            count for count in counts if isinstance(count, int)
        )
    return found


def take_turns(walks: Iterable[Iterator[str]]) -> Iterator[str]:
    """Yield the first of each walk, then the second of each, and so on; each name once."""
    seen = set()
    waiting = list(walks)
    while waiting:
        for walk in tuple(waiting):
            name = next(walk, None)
            if name is None:
                waiting.remove(walk)
            elif name not in seen:
                seen.add(name)
                yield name


def describe_missing(names: Iterable[str], place: str) -> str:
    """Return the sentence about a city of whose streets Commons has no photos under these names."""
    asked = ", ".join(map(repr, names)) or "no category"
    return (
        f"Commons has no photos of streets or houses under the name {place!r} (asked for {asked}): "
        "the city has no such backgrounds"
    )
