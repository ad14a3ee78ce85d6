"""Ask Wikidata what items are, and under which roots their classes lie; the latter is remembered."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg

from sightscan.discover.kinds import ARCHITECTURE, ROOTS, ItemKind, Roots
from sightscan.discover.rows import Row, read_rows
from sightscan.discover.wikidata import WIKIDATA_ID, WikidataClient
from sightscan.warehouse.registry.class_roots import list_class_roots, save_class_roots

CLASSES_QUERY = Path(__file__).with_name("item_classes.rq")
ROOTS_QUERY = Path(__file__).with_name("class_roots.rq")
MAX_ITEMS_PER_QUERY = 200
# 49 classes took 2.7 s, and the service gives up after 60 s.
MAX_CLASSES_PER_QUERY = 50
# Building: asked about along with the others. That it is architecture tells a sound answer from one
# that was given while the top of the tree was vandalised, or that has lost its rows.
WITNESS = "Q41176"

logger = logging.getLogger(__name__)


def read_kinds(client: WikidataClient, items: Iterable[str]) -> dict[str, ItemKind]:
    """Return what these items are; one that has no class is not among them.

    Raises:
        ServiceError: Wikidata does not answer.

    """
    values: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for part in _parts(items, MAX_ITEMS_PER_QUERY):
        rows = client.query(CLASSES_QUERY, items=values_of(part))
        for item, name, value in read_rows(rows, "item", _fact):
            values[item][name].append(value)
    return {
        item: ItemKind(tuple(known["P31"]), tuple(known["P276"]), tuple(known["P195"]))
        for item, known in values.items()
    }


def read_class_roots(client: WikidataClient, classes: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return under which of `kinds.ROOTS` each class lies, or which it is.

    Raises:
        ServiceError: Wikidata does not answer.

    """
    roots: dict[str, frozenset[str]] = {}
    for part in _parts(classes, MAX_CLASSES_PER_QUERY):
        roots |= _ask_roots(client, part)
    return roots


def know_class_roots(
    connection: psycopg.Connection[Any], client: WikidataClient, classes: Collection[str]
) -> Roots:
    """Return the roots of classes as remembered; of others, what Wikidata says, and remember it.

    Raises:
        ServiceError: Wikidata does not answer.

    """
    roots = list_class_roots(connection, classes, ROOTS)
    for part in _parts(set(classes) - roots.keys(), MAX_CLASSES_PER_QUERY):
        # Part by part: what is known stays so if a later one is not answered.
        new = _ask_roots(client, [*part, WITNESS])
        if ARCHITECTURE in new[WITNESS]:
            save_class_roots(connection, new, ROOTS)
        else:
            logger.warning("wikidata says that no building is architecture: classes not remembered")
        roots |= new
    return roots


def values_of(items: Iterable[str]) -> str:
    """Return items as a query names them, each once."""
    return " ".join(f"wd:{item}" for item in dict.fromkeys(items))


def _ask_roots(client: WikidataClient, classes: Sequence[str]) -> dict[str, frozenset[str]]:
    rows = client.query(ROOTS_QUERY, classes=values_of(classes), roots=_ROOT_VALUES)
    found: Mapping[str, set[str]] = {class_id: set() for class_id in classes}
    for class_id, root in read_rows(rows, "class", lambda row: (row["class"], row["root"])):
        if class_id in found:
            found[class_id].add(root)
    return {class_id: frozenset(above) for class_id, above in found.items()}


_ROOT_VALUES = ", ".join(f"wd:{root}" for root in sorted(ROOTS))


def _fact(row: Row) -> tuple[str, str, str]:
    if WIKIDATA_ID.fullmatch(row["value"]) is None:
        msg = f"{row['value']!r} is no item"
        raise ValueError(msg)
    return row["item"], row["property"].rsplit("/", 1)[-1], row["value"]


def _parts(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield ids in parts, always in the same order: the same question is answered by the edge."""
    ordered = sorted(set(ids), key=lambda each: int(each[1:]))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
