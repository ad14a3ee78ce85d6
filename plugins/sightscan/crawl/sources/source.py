"""What every source of photos has in common: it has a name, leads to follow, and listings.

A lead is one thing to ask: a category, a search. Following it gives listings, one for each answer.
A listing says how many photos the answer spoke of, and which of them could be read: a parser that
has broken reads none where some are expected.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from sightscan.city import City, Sight
from sightscan.crawl.fetch.fetcher import Fetcher, Validators, Visit
from sightscan.errors import CrawlError
from sightscan.settings import Settings
from sightscan.warehouse.photos.photos import Attribution, RejectedPhoto


class BrokenSourceError(CrawlError):
    """A source answers, but what it answers cannot be read: its parser needs an update."""


@dataclass(frozen=True, slots=True)
class Lead:
    """One thing to ask of a source: `kind` and `address` are the source's own words."""

    query: str
    address: str
    kind: str = "search"


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer: what could be read of it, and of how many photos it spoke."""

    found: tuple[Attribution | RejectedPhoto, ...]
    expected: int


class PhotoSource(ABC):
    """A catalogue of photos, asked about one sight; two threads use it, one for each method."""

    name: ClassVar[str]

    def __init__(self, config: Settings, fetcher: Fetcher, city: City, sight: Sight) -> None:
        """Keep what is asked about; nothing is asked yet."""
        self.config = config
        self.fetcher = fetcher
        self.city = city
        self.sight = sight

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

    def visit(self, url: str, validators: Validators | None) -> Visit:
        """Return the bytes of a photo, or that they are unchanged; any thread may call it."""
        return self.fetcher.visit(url, validators)

    def names(self) -> tuple[str, ...]:
        """Return the sight's names to search for: its own, then English and the local ones."""
        names = (self.sight.name, self.sight.names.get("en"), *self.sight.names.values())
        return tuple(dict.fromkeys(name for name in names if name))
