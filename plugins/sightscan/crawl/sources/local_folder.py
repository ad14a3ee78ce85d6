"""Photos of one's own: `PHOTO_FOLDER/<city>/<sight>/*.jpg`, and an `attribution.csv` beside them.

The file names each photo's licence, else nothing is known of it: columns `file`, `licence`,
`licence_url`, `author`, `title`, `page_url`; a row for the file `*` speaks for all others.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from sightscan.crawl.fetch.fetcher import (
    PhotoRefusedError,
    PhotoUnavailableError,
    Validators,
    Visit,
)
from sightscan.crawl.sources.licences import licence_id
from sightscan.crawl.sources.source import Lead, Listing, PhotoSource
from sightscan.errors import CrawlError
from sightscan.names import normalise_name
from sightscan.warehouse.photos.photos import Attribution
from sightscan.warehouse.text import clean_text

ATTRIBUTION_FILE = "attribution.csv"
EVERY_OTHER = "*"
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
# The machine's own path is nobody's business: addresses begin below the folder.
SCHEME = "local:"


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
        by_file = _credits(folder / ATTRIBUTION_FILE)
        found = tuple(
            self._found(file.name, by_file.get(file.name, by_file.get(EVERY_OTHER, {})), lead)
            for file in files
        )
        yield Listing(found, len(files))

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
        def stated(column: str) -> str | None:
            return clean_text(credit.get(column) or "").strip() or None

        return Attribution(
            url=clean_text(f"{SCHEME}{lead.address}/{file_name}"),
            page_url=stated("page_url"),
            source=self.name,
            licence=licence_id(stated("licence"), stated("licence_url")),
            licence_url=stated("licence_url"),
            author=stated("author"),
            title=stated("title") or clean_text(file_name),
            query=lead.query,
        )


def _folders(parent: Path, names: set[str]) -> list[Path]:
    """Return the folders with one of the (normalised) names."""
    return sorted(
        folder
        for folder in parent.iterdir()
        if folder.is_dir() and normalise_name(folder.name) in names
    )


def _credits(file: Path) -> dict[str, dict[str, str]]:
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if rows and "file" not in rows[0]:
        msg = (
            f"{file.name} in {file.parent.name!r} has the columns {', '.join(map(str, rows[0]))}; "
            "expected file, licence, licence_url, author, title, page_url"
        )
        raise CrawlError(msg)
    return {row["file"]: row for row in rows}
