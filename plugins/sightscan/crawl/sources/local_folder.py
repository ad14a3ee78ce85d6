"""Photos of one's own: `PHOTO_FOLDER/<city>/<sight>/*.jpg`, and an `attribution.csv` beside them.

The file names each photo's licence, else nothing is known of it: columns `file`, `licence`,
`licence_url`, `author`, `title`, `page_url`; a row for the file `*` speaks for all others. A row
that names no file, or is not in UTF-8, costs only itself.
"""

import csv
import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from sightscan.crawl.fetch.fetcher import (
    PhotoRefusedError,
    PhotoUnavailableError,
    Validators,
    Visit,
)
from sightscan.crawl.sources.licences import licence_id
from sightscan.crawl.sources.source import (
    MISSING,
    Lead,
    LeftOutError,
    Listing,
    PhotoSource,
    read_records,
)
from sightscan.errors import CrawlError
from sightscan.names import normalise_name
from sightscan.plain_text import plain_text
from sightscan.warehouse.photos.identity import provider_identifiers
from sightscan.warehouse.photos.photos import Attribution
from sightscan.warehouse.text import clean_text

ATTRIBUTION_FILE = "attribution.csv"
EVERY_OTHER = "*"
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
# The machine's own path is nobody's business: addresses begin below the folder.
SCHEME = "local:"
# Why rows of the attribution file are left out.
ODD_ROW = "odd_attribution_row"
UNREAD = "\ufffd"
# The cells of a row that has more than there are columns: nobody knows which is which.
TOO_MANY = "cells beyond the columns"

logger = logging.getLogger(__name__)


class LocalFolderSource(PhotoSource):
    """Reads the folder of the sight; its name may be any of the sight's."""

    name = "local_folder"

    def leads(self) -> Iterator[Lead]:
        """Yield the sight's folder, if there is one."""
        if self.config.photo_folder is None or not self.config.photo_folder.is_dir():
            msg = (
                f"PHOTO_FOLDER={str(self.config.photo_folder or '')!r} is no folder, but "
                "PHOTO_SOURCES names local_folder; expected a folder with one folder a city"
            )
            raise CrawlError(msg)
        names = {normalise_name(name) for name in self.names()}
        cities = {normalise_name(self.city.name), normalise_name(self.city.slug)}
        for city in _folders(self.config.photo_folder, cities):
            for folder in _folders(city, names):
                yield Lead(folder.name, f"{city.name}/{folder.name}")

    def listings(self, lead: Lead) -> Iterator[Listing]:
        """Yield the photos of a folder, sorted by name."""
        folder = self._root / lead.address
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
        by_file, odd_row_count = _credits(folder / ATTRIBUTION_FILE)
        listing = read_records(
            (file.name for file in files),
            lambda name: self._found(name, by_file.get(name, by_file.get(EVERY_OTHER, {})), lead),
        )
        if odd_row_count:
            logger.warning(
                "%s of %s: odd rows left out: %d", ATTRIBUTION_FILE, lead.address, odd_row_count
            )
            listing = replace(listing, left_out={**listing.left_out, ODD_ROW: odd_row_count})
        yield listing

    def visit(self, url: str, validators: Validators | None) -> Visit:
        """Return the bytes of a file."""
        del validators
        file = self._root / url.removeprefix(SCHEME)
        try:
            size = file.stat().st_size
            if size > self.config.max_photo_bytes:
                reason, detail = "too_large", f"{size} bytes, {self.config.max_photo_bytes} allowed"
                raise PhotoRefusedError(reason, detail)
            return Visit(file.read_bytes())
        except OSError as error:
            msg = f"{url}: {error.strerror}"
            raise PhotoUnavailableError(msg) from error

    @property
    def _root(self) -> Path:
        return self.config.photo_folder or Path()

    def _found(self, file_name: str, credit: Mapping[str, str], lead: Lead) -> Attribution:
        if not (self._root / lead.address / file_name).is_file():
            raise LeftOutError(MISSING)
        # A name that is no text could not be found again.
        file_name.encode()

        def stated(column: str) -> str | None:
            return clean_text(credit.get(column) or "").strip() or None

        # A line for every other photo may give them all one page.
        own_page = stated("page_url") if credit.get("file") == file_name else None
        return Attribution(
            url=f"{SCHEME}{lead.address}/{file_name}",
            page_url=stated("page_url"),
            source=self.name,
            licence=licence_id(plain_text(credit.get("licence")), stated("licence_url")),
            licence_url=stated("licence_url"),
            author=plain_text(credit.get("author")),
            title=plain_text(credit.get("title")) or plain_text(file_name),
            query=lead.query,
            identifiers=provider_identifiers(own_page),
        )


def _folders(parent: Path, names: set[str]) -> list[Path]:
    """Return the folders with one of the (normalised) names."""
    return sorted(
        folder
        for folder in parent.iterdir()
        if folder.is_dir() and normalise_name(folder.name) in names
    )


def _credits(file: Path) -> tuple[dict[str, dict[str, str]], int]:
    """Return the rows of an attribution file by the file that they speak for, and the odd ones' number."""
    if not file.is_file():
        return {}, 0
    # What is not UTF-8 becomes this sign, which nobody writes.
    text = file.read_text(encoding="utf-8-sig", errors="replace").replace("\0", UNREAD)
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey=TOO_MANY)
    if text and "file" not in (columns := _columns(reader)):
        msg = (
            f"{file.name} in {file.parent.name!r} has the columns {', '.join(columns)}; "
            "expected file, licence, licence_url, author, title, page_url"
        )
        raise CrawlError(msg)
    by_file: dict[str, dict[str, str]] = {}
    odd_row_count = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return by_file, odd_row_count
        except csv.Error:
            # A quote that is never closed makes one endless cell of all that follows.
            odd_row_count += 1
            continue
        texts = {name: text for name, text in row.items() if isinstance(text, str)}
        is_shifted = any(row.get(TOO_MANY, ()))
        if is_shifted or not texts.get("file") or UNREAD in "".join(texts.values()):
            odd_row_count += 1
        else:
            by_file[texts["file"]] = texts


def _columns(reader: "csv.DictReader[str]") -> list[str]:
    try:
        return list(reader.fieldnames or ())
    except csv.Error:
        return []
