"""Read the rows of a query one by one: an odd record is left out and counted, the others stay."""

import logging
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import TypeVar

from sightscan.discover.wikidata import WIKIDATA_ID
from sightscan.errors import ServiceError

logger = logging.getLogger(__name__)

Row = Mapping[str, str]
Found = TypeVar("Found")


def read_rows(rows: Iterable[Row], key: str, read: Callable[[Row], Found]) -> list[Found]:
    """Return what `read` makes of each row; one about which it raises ValueError or KeyError is odd.

    Raises:
        ServiceError: there are rows, and none has an item under `key`: something else was answered.

    """
    found: list[Found] = []
    odd: list[str] = []
    keyed_count = 0
    for row in rows:
        try:
            if WIKIDATA_ID.fullmatch(row[key]) is None:
                msg = f"{row[key]!r} is no item"
                raise ValueError(msg)  # noqa: TRY301 - an odd row like all others
            keyed_count += 1
            found.append(read(row))
        except KeyError as error:
            odd.append(f"no {error}")
        except ValueError as error:
            odd.append(str(error))
    if odd and not keyed_count:
        msg = f"Wikidata's query service answers without what was asked for: {odd[0]}; try later"
        raise ServiceError(msg)
    if odd:
        logger.warning("wikidata odd_rows=%d read=%d first=%s", len(odd), len(found), odd[0])
    return found


def amount_of(row: Row, name: str) -> float | None:
    """Return a number of a row that is at least 0, None if there is none."""
    try:
        amount = float(row.get(name, "nan"))
    except ValueError:
        return None
    return amount if isfinite(amount) and amount >= 0 else None
