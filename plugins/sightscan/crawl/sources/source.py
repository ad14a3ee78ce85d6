"""What every source of photos has in common: it has a name, leads to follow, and listings.

A lead is one thing to ask: a category, a search. Following it gives listings, one for each answer.
A listing says how many photos the answer spoke of, and which of them could be read: a parser that
has broken reads none where some are expected. A record that is odd costs only itself.
"""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from sightscan.city import City, Sight
from sightscan.crawl.fetch.fetcher import Fetcher, Validators, Visit
from sightscan.errors import CrawlError, SightScanError
from sightscan.plain_text import one_line
from sightscan.settings import Settings
from sightscan.warehouse.photos.photos import Attribution, RejectedPhoto

# A record that is not as documented; every other reason to leave one out is foreseen.
ODD = "odd"
# Why a photo cannot be had, though its source lists it.
MISSING, HIDDEN = "missing", "hidden"
# Few servers take longer ones.
MAX_ADDRESS_CHARACTERS = 8_000
DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
# What reading a record that may be anything can raise.
UNREADABLE = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


class BrokenSourceError(CrawlError):
    """A source answers, but what it answers cannot be read: its parser needs an update."""


class LeftOutError(SightScanError):
    """A record that names no photo to fetch, in a way that is documented: one word, such as `missing`."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Lead:
    """One thing to ask of a source: `kind` and `address` are the source's own words."""

    query: str
    address: str
    kind: str = "search"


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer: what could be read of it, and of how many photos it spoke.

    `left_out` counts the records that name no photo, by reason; `problem` is what is odd about the
    first of those that are not as documented.
    """

    found: tuple[Attribution | RejectedPhoto, ...]
    expected: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""


class PhotoSource(ABC):
    """A catalogue of photos, asked about one sight; two threads use it, one for each method."""

    name: ClassVar[str]

    def __init__(
        self,
        config: Settings,
        fetcher: Fetcher,
        city: City,
        sight: Sight,
        *,
        sights: Sequence[Sight] = (),
    ) -> None:
        """Keep what is asked about; nothing is asked yet.

        `sights` are those of the city, where photos of none of them are wanted.
        """
        self.config = config
        self.fetcher = fetcher
        self.city = city
        self.sight = sight
        self.sights = sights
        # A sentence for the report, where there is less to find than one might think.
        self.remark = ""

    @abstractmethod
    def leads(self) -> Iterator[Lead]:
        """Yield what to ask, the most promising first."""

    @abstractmethod
    def listings(self, lead: Lead) -> Iterator[Listing]:
        """Yield the answers to a lead, until there are no more.

        Raises:
            BrokenSourceError: an answer cannot be read.
            ServiceError: there is no answer.

        """

    def located(self, found: Sequence[Attribution]) -> Sequence[Attribution]:
        """Return photos of a listing that are to be fetched, with the addresses to fetch them from.

        The thread that reads listings calls it.
        """
        return found

    def visit(self, url: str, validators: Validators | None) -> Visit:
        """Return the bytes of a photo, or that they are unchanged; any thread may call it."""
        return self.fetcher.visit(url, validators)

    def names(self) -> tuple[str, ...]:
        """Return the sight's names to search for: its own, then English and the local ones."""
        names = (self.sight.name, self.sight.names.get("en"), *self.sight.names.values())
        return tuple(dict.fromkeys(name for name in names if name))


def read_records(
    records: Iterable[Any], read: Callable[[Any], Attribution | RejectedPhoto]
) -> Listing:
    """Return what `read` makes of each record; what it cannot read is left out and counted."""
    found: list[Attribution | RejectedPhoto] = []
    left_out: Counter[str] = Counter()
    problem = ""
    for record in records:
        try:
            found.append(read(record))
        except LeftOutError as error:
            left_out[error.reason] += 1
        except UNREADABLE as error:
            left_out[ODD] += 1
            problem = problem or f"{type(error).__name__}: {error}"
    return Listing(tuple(found), len(found) + left_out.total(), dict(left_out), problem)


def photo_address(address: object) -> str:
    """Return an address of a photo, which goes to logs and pages as it is.

    Whether it may be asked for, the fetcher will say.

    Raises:
        ValueError: it is none that could be shown, or that a server would take.

    """
    found = address.strip() if isinstance(address, str) else ""
    if not found or one_line(found) != found or len(found) > MAX_ADDRESS_CHARACTERS:
        msg = f"url is {address!r:.80}, expected the address of a photo"
        raise ValueError(msg)
    return found


def text_in(record: Mapping[str, Any], name: str) -> str:
    """Return a text that a record must have.

    Raises:
        ValueError: it has none, or something else there.

    """
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        msg = f"{name} is {value!r:.80}, expected a text"
        raise ValueError(msg)
    return value


def day_in(stated: object) -> str | None:
    """Return the first whole day that a text names in ISO's form; people write `about 1905`, too."""
    found = DAY.search(stated) if isinstance(stated, str) else None
    try:
        return found and date.fromisoformat(found[0]).isoformat()
    except ValueError:
        return None
