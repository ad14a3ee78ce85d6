"""Ask Wikidata for what visitors are told about a sight, and read it: what it is, since when, where to read on.

All of it is CC0 but the image, of which only the name is taken: it is shown if the crawl has it, with
the credit that came with it there.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sightscan.discover.classes import values_of
from sightscan.discover.kinds import Roots, roots_of
from sightscan.discover.rows import Row, read_rows
from sightscan.discover.view_distance import view_distance
from sightscan.discover.wikidata import WIKIDATA_ID, WikidataClient
from sightscan.warehouse.photos.identity import commons_file
from sightscan.warehouse.registry.sight_facts import SightFacts, Since, SincePrecision
from sightscan.warehouse.text import clean_name

CARD_QUERY = Path(__file__).with_name("sight_card.rq")
# What a card has room for; a description of Wikidata has 250 at most.
MAX_DESCRIPTION_CHARACTERS = 250
MAX_ARTICLE_CHARACTERS = 2000
# Nothing that stands is higher, and what is less is a mistake.
MAX_HEIGHT_METERS = 1000.0
# Whoever built before this year left no sight; a later one is a plan.
MIN_YEAR, MAX_YEAR = -10_000, 2_100

# Wikidata's numbers for how exactly a time is known: day, month, year; decade; century.
_TIME_PRECISIONS: Mapping[str, SincePrecision] = {
    "11": "year",
    "10": "year",
    "9": "year",
    "8": "decade",
    "7": "century",
}
# A year of XSD 1.1, in which 0 is the year before 1: `1792-...`, `-0043-...`.
_MOMENT = re.compile(r"\+?(?P<year>-?\d{4,6})-\d\d-\d\dT.*")
_WIKIPEDIA = re.compile(r"(?P<language>[a-z-]{2,12})\.wikipedia\.org")


def read_card_rows(
    client: WikidataClient, items: Sequence[str], languages: Sequence[str]
) -> tuple[Row, ...]:
    """Return a row for each fact about these items.

    Raises:
        ServiceError: Wikidata does not answer.

    """
    if not items:
        return ()
    rows = client.query(
        CARD_QUERY,
        items=values_of(items),
        languages=", ".join(f'"{language}"' for language in ("", *languages)),
        wikipedias=", ".join(f"<https://{language}.wikipedia.org/>" for language in languages),
    )
    return tuple(read_rows(rows, "sight", _checked))


def classes_of(rows: Iterable[Row]) -> dict[str, frozenset[str]]:
    """Return the classes of each item."""
    classes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if _kind(row) == "P31" and WIKIDATA_ID.fullmatch(row["value"]):
            classes[row["sight"]].add(row["value"])
    return {item: frozenset(found) for item, found in classes.items()}


def names_of(item: str, rows: Iterable[Row]) -> dict[str, str]:
    """Return what an item is called, by language."""
    return {
        row["value_language"]: row["value"]
        for row in rows
        if row["sight"] == item and _kind(row) == "label" and "value_language" in row
    }


def read_card_facts(item: str, rows: Iterable[Row], roots: Roots) -> SightFacts:
    """Return what the rows say of one item; what is odd is left out, since a card has room for less."""
    own = [row for row in rows if row["sight"] == item]
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in own:
        by_kind[_kind(row)].append(row)
    height = max(_heights(by_kind["P2048"]), default=None)
    kinds = roots_of(classes_of(own).get(item, ()), roots)
    return SightFacts(
        descriptions={
            row["value_language"]: clean_name(row["value"])[:MAX_DESCRIPTION_CHARACTERS]
            for row in by_kind["description"]
            if "value_language" in row
        },
        articles=dict(_articles(by_kind["about"])),
        # Of several, such as the foundation and the opening, the first.
        since=min(_moments(by_kind["P571"]), key=lambda since: since.year, default=None),
        height_meters=height,
        view=view_distance(kinds, height),
        image_identifier=next(_images(by_kind["P18"]), None),
    )


def _checked(row: Row) -> Row:
    if not row["value"] or not row["property"]:
        msg = f"an empty {row['property']} of {row['sight']}"
        raise ValueError(msg)
    return row


def _kind(row: Row) -> str:
    return re.split(r"[/#]", row["property"])[-1]


def _articles(rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    for row in rows:
        address = urlsplit(row["value"])
        found = _WIKIPEDIA.fullmatch(address.netloc)
        is_page = address.scheme == "https" and address.path.startswith("/wiki/")
        if found and is_page and len(row["value"]) <= MAX_ARTICLE_CHARACTERS:
            yield found["language"], row["value"]


def _moments(rows: Iterable[Row]) -> Iterator[Since]:
    for row in rows:
        found = _MOMENT.fullmatch(row["value"])
        precision = _TIME_PRECISIONS.get(row.get("detail", ""))
        if found and precision and MIN_YEAR <= int(found["year"]) <= MAX_YEAR:
            yield Since(int(found["year"]), precision)


def _heights(rows: Iterable[Row]) -> Iterator[float]:
    for row in rows:
        with suppress(ValueError):
            height = float(row["value"])
            if isfinite(height) and 0 < height <= MAX_HEIGHT_METERS:
                yield height


def _images(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        name = unquote(row["value"].rsplit("/", 1)[-1])
        if name:
            yield commons_file(name)
