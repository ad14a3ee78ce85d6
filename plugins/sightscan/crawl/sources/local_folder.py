"""Photos of one's own: `PHOTO_FOLDER/<city>/<sight>/*.jpg`, and an `attribution.csv` beside them.

The file names each photo's licence, else nothing is known of it: columns `file`, `licence`,
`licence_url`, `author`, `title`, `page_url`; a row for the file `*` speaks for all others. It is read
as people write it (`sightscan/handmade.py`); a row that cannot be understood costs only itself.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath

from sightscan.crawl.fetch.fetcher import (
    PhotoRefusedError,
    PhotoUnavailableError,
    Validators,
    Visit,
)
from sightscan.crawl.sources.source import (
    MISSING,
    Lead,
    LeftOutError,
    Listing,
    PhotoSource,
    read_records,
)
from sightscan.errors import CrawlError
from sightscan.handmade import HandmadeTable, name_key, read_table
from sightscan.licences import licence_id
from sightscan.names import normalise_name
from sightscan.plain_text import plain_text, web_address
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
# The columns, and what else people call them.
COLUMNS = {
    "file": ("filename", "file_name", "photo", "image"),
    "licence": ("license",),
    "licence_url": ("license_url", "licence_link", "license_link"),
    "author": ("creator", "photographer", "artist"),
    "title": (),
    "page_url": ("page",),
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credits:
    """What an attribution file says, by photo; `strangers` are names in it of files that are not there."""

    by_file: Mapping[str, Mapping[str, str]]
    for_others: Mapping[str, str]
    odd_row_count: int
    strangers: tuple[str, ...]

    def of(self, name: str) -> tuple[Mapping[str, str], bool]:
        """Return what is said of a photo, and whether it is said of it alone."""
        own = self.by_file.get(name)
        return (self.for_others, False) if own is None else (own, True)


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
        files = sorted(
            file
            for file in folder.iterdir()
            # macOS puts `._1.jpg` beside `1.jpg` on the disks of others: no picture.
            if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
        )
        credit_rows = _read_credits(folder, [file.name for file in files])
        listing = read_records(
            (file.name for file in files),
            lambda name: self._found(name, *credit_rows.of(name), lead),
        )
        if credit_rows.odd_row_count:
            logger.warning(
                "%s of %s: odd rows left out: %d",
                ATTRIBUTION_FILE,
                lead.address,
                credit_rows.odd_row_count,
            )
            left_out = {**listing.left_out, ODD_ROW: credit_rows.odd_row_count}
            listing = replace(listing, left_out=left_out)
        if credit_rows.strangers:
            logger.warning(
                "%s of %s: rows for files that are not there: %d, such as %r",
                ATTRIBUTION_FILE,
                lead.address,
                len(credit_rows.strangers),
                credit_rows.strangers[0],
            )
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

    def _found(
        self,
        file_name: str,
        credit: Mapping[str, str],
        is_own: bool,  # noqa: FBT001 - what `Credits.of` returns
        lead: Lead,
    ) -> Attribution:
        if not (self._root / lead.address / file_name).is_file():
            raise LeftOutError(MISSING)
        # A name that is no text could not be found again.
        file_name.encode()

        def stated(column: str) -> str | None:
            return clean_text(credit.get(column) or "").strip() or None

        # A line for every other photo may give them all one page.
        own_page = stated("page_url") if is_own else None
        # Some write the address of the text instead of the licence's name.
        licence_url = stated("licence_url") or web_address(credit.get("licence"))
        return Attribution(
            url=f"{SCHEME}{lead.address}/{file_name}",
            page_url=stated("page_url"),
            source=self.name,
            licence=licence_id(plain_text(credit.get("licence")), licence_url),
            licence_url=licence_url,
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


def _read_credits(folder: Path, photos: Sequence[str]) -> Credits:
    """Return what the attribution file of a folder says of its photos; nothing if there is none.

    Raises:
        CrawlError: it cannot be read, or names no files.

    """
    file = next(
        (each for each in sorted(folder.iterdir()) if each.name.lower() == ATTRIBUTION_FILE), None
    )
    if file is None or not file.is_file():
        return Credits({}, {}, 0, ())
    try:
        table = read_table(file.read_bytes(), COLUMNS)
    except OSError as error:
        msg = f"{file.name} in {folder.name!r} cannot be read: {error.strerror}; let it be read"
        raise CrawlError(msg) from error
    if table.header and "file" not in table.columns:
        msg = (
            f"{file.name} in {folder.name!r} has the columns {', '.join(table.header)}; "
            "expected file, licence, licence_url, author, title, page_url"
        )
        raise CrawlError(msg)
    return _matched(table, photos)


def _matched(table: HandmadeTable, photos: Sequence[str]) -> Credits:
    """Find the photo that each row speaks for: by its name as it is, else by one that reads the same."""
    known, keys = set(photos), Counter(map(name_key, photos))
    by_key = {name_key(name): name for name in photos}
    by_file: dict[str, Mapping[str, str]] = {}
    for_others: Mapping[str, str] = {}
    odd_rows: list[Mapping[str, str]] = list(table.odd_rows)
    strangers: list[str] = []
    rows: dict[str, list[Mapping[str, str]]] = {}
    for row in table.rows:
        name = row.get("file", "")
        key = name_key(PureWindowsPath(name).name)
        if not name:
            odd_rows.append(row)
        elif name in known or name == EVERY_OTHER:
            rows.setdefault(name, []).append(row)
        elif keys[key] == 1:
            rows.setdefault(by_key[key], []).append(row)
        else:
            strangers.append(name)
    for name, of_name in rows.items():
        credit = _agreed(of_name)
        if credit is None:
            odd_rows += of_name
        elif name == EVERY_OTHER:
            for_others = credit
        else:
            by_file[name] = credit
    # Of these something else was said than of all others, whatever it was.
    for row in odd_rows:
        key = name_key(PureWindowsPath(row.get("file", "")).name)
        if key in by_key:
            by_file.setdefault(by_key[key], {})
    return Credits(by_file, for_others, len(odd_rows), tuple(strangers))


def _agreed(rows: Iterable[Mapping[str, str]]) -> Mapping[str, str] | None:
    """Return what rows for one photo say together; None if they contradict each other."""
    agreed: dict[str, str] = {}
    for row in rows:
        for column, text in row.items():
            if column != "file" and agreed.setdefault(column, text) != text:
                return None
    return agreed
