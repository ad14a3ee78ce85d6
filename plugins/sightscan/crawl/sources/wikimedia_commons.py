"""Wikimedia Commons: the sight's category tree, then the photos taken close to it.

Of sights elsewhere and of the city's streets, a sample of each category.
"""

import csv
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from sightscan.city import Place
from sightscan.crawl.sources.commons_answers import (
    METADATA,
    SOURCE,
    THUMBNAIL_WIDTH_PIXELS,
    read_page,
)
from sightscan.crawl.sources.commons_streets import (
    FILES_PER_STREET,
    describe_missing,
    read_counts,
    street_categories,
    take_turns,
)
from sightscan.crawl.sources.source import (
    BrokenSourceError,
    Lead,
    Listing,
    PhotoSource,
    read_records,
)
from sightscan.errors import CrawlError
from sightscan.http_judges import judge_mediawiki, mediawiki_error

CATEGORY, NEARBY, SAMPLE = "category", "nearby", "sample"
STREET, MORE_OF_STREET = "street", "more of a street"
# With 50 files, an answer with all its metadata stays within what MediaWiki sends at once.
FILES_PER_ANSWER = 50
SUBCATEGORIES_PER_ANSWER = 500
FILE_NAMESPACE = "6"
# Geosearch has no continuation: this is all that it gives.
MAX_NEARBY = 500
# Twenty photos of each of twenty sights are another view of the world than four hundred of one.
FILES_PER_SAMPLE = 20
SAMPLES_PER_SIGHT = 4
# Which of the files of an answer are taken, where not all are.
TAKEN = {
    SAMPLE: slice(FILES_PER_SAMPLE),
    STREET: slice(FILES_PER_STREET),
    MORE_OF_STREET: slice(FILES_PER_STREET, None),
}
# Well-known sights all over the world: their categories, and where they stand.
ELSEWHERE = Path(__file__).with_name("elsewhere.csv")


class WikimediaCommonsSource(PhotoSource):
    """Categories are what people sorted, so they come before what lies near."""

    name = SOURCE

    def leads(self) -> Iterator[Lead]:
        """Yield the category, its subcategories (nearest first), and the place of the sight."""
        if self.sight.is_elsewhere:
            yield from self._samples()
        if self.sight.is_streets:
            yield from self._streets()
        elif self.sight.commons_category:
            for category in self._tree(self.sight.commons_category):
                yield Lead(category, category, CATEGORY)
        radius = self.config.commons_nearby_meters
        if self.sight.place is not None and radius:
            place = self.sight.place
            where = f"{place.latitude:.6f}|{place.longitude:.6f}"
            yield Lead(f"within {radius} m of {where.replace('|', ', ')}", where, NEARBY)

    def listings(self, lead: Lead) -> Iterator[Listing]:
        """Yield the files of a category, or those near a place."""
        count = 0
        for pages in self._batches(self._generator(lead)):
            count += len(pages)
            if lead.kind in TAKEN:
                # Under the name of the sight, whichever of its categories it is.
                yield read_records(
                    pages[TAKEN[lead.kind]],
                    lambda page: read_page(page, lead.query, self.config.min_photo_side_pixels),
                )
                return
            yield read_records(
                pages,
                lambda page: read_page(page, lead.query, self.config.min_photo_side_pixels),
            )
        if (
            not count
            and lead.kind == CATEGORY
            and (counted := sum(self._count([lead.address], "files").values()))
        ):
            # What a listing should give.
            msg = (
                f"Commons counts {counted} files in the category {lead.address!r}, but lists none: "
                "expected as many pages; its API has changed, and the parser needs an update"
            )
            raise BrokenSourceError(msg)

    def _samples(self) -> Iterator[Lead]:
        """Yield the categories of sights far away, then some subcategories of each."""
        with ELSEWHERE.open(encoding="utf-8", newline="") as stream:
            names = [
                row["commons_category"]
                for row in csv.DictReader(stream)
                if self.city.is_far_from(Place(float(row["latitude"]), float(row["longitude"])))
            ]
        for name in names:
            yield Lead(name, name, SAMPLE)
        for name in names:
            for category in islice(self._tree(name), 1, SAMPLES_PER_SIGHT):
                yield Lead(name, category, SAMPLE)

    def _streets(self) -> Iterator[Lead]:
        """Yield the categories of the city's streets and houses in turns, without those of its sights."""
        place = self.sight.commons_category or self.city.name
        names = street_categories(place)
        sizes = self._count(names, "files", "subcats") if names else {}
        sights = {sight.commons_category for sight in self.sights if sight.commons_category}
        # Each category costs Commons two answers: no more of them than there are to be photos. Paris
        # has thousands.
        wanted = self.config.max_street_photos
        walks = [
            self._tree(name, None if is_walked else 0, passed_over=sights, most_below=wanted)
            for name, is_walked in names.items()
            if sizes.get(name)
        ]
        if not walks:
            self.remark = describe_missing(names, place)
        categories = []
        for category in islice(take_turns(walks), wanted):
            categories.append(category)
            yield Lead(category, category, STREET)
        if len(categories) * FILES_PER_STREET < wanted:
            yield from (Lead(category, category, MORE_OF_STREET) for category in categories)

    def _tree(
        self,
        root: str,
        most_depth: int | None = None,
        *,
        passed_over: Collection[str] = (),
        most_below: int | None = None,
    ) -> Iterator[str]:
        """Yield a category and its subcategories; Commons has cycles, so each only once.

        What is passed over is left out with all below it; `most_below` are looked at of each category.
        """
        if most_depth is None:
            most_depth = self.config.commons_category_depth
        waiting = deque([(root, 0)])
        seen = {root, *passed_over}
        while waiting:
            name, depth = waiting.popleft()
            yield name
            if depth == most_depth:
                continue
            for subcategory in islice(self._subcategories(name), most_below):
                if subcategory not in seen:
                    seen.add(subcategory)
                    waiting.append((subcategory, depth + 1))

    def _subcategories(self, category: str) -> Iterator[str]:
        parameters = {
            "list": "categorymembers",
            "cmtitle": f"Category:{category}",
            "cmtype": "subcat",
            "cmlimit": str(SUBCATEGORIES_PER_ANSWER),
        }
        for answer in self._answers(parameters):
            for member in answer.get("query", {}).get("categorymembers", ()):
                if isinstance(member, Mapping) and isinstance(title := member.get("title"), str):
                    yield title.removeprefix("Category:")

    def _count(self, categories: Iterable[str], *kinds: str) -> dict[str, int]:
        """Return how many `files`, or `subcats`, Commons counts in categories, by name."""
        titles = "|".join(f"Category:{name}" for name in categories)
        answers = self._answers({"titles": titles, "prop": "categoryinfo"})
        return read_counts(
            (page for answer in answers for page in answer.get("query", {}).get("pages", ())), kinds
        )

    def _generator(self, lead: Lead) -> dict[str, str]:
        parameters = {
            "prop": "imageinfo|coordinates",
            "iiprop": "url|size|mime|extmetadata",
            "iiextmetadatafilter": "|".join(METADATA),
            "iiextmetadatalanguage": "en",
            "coprimary": "primary",
            "coprop": "globe|type",
            "colimit": "max",
        }
        if not self.config.crawl_full_resolution:
            parameters["iiurlwidth"] = str(THUMBNAIL_WIDTH_PIXELS)
        if lead.kind == NEARBY:
            # That these were taken near is why they are listed: it says nothing of the sight.
            parameters["prop"] = "imageinfo"
            return parameters | {
                "generator": "geosearch",
                "ggscoord": lead.address,
                "ggsradius": str(self.config.commons_nearby_meters),
                "ggsnamespace": FILE_NAMESPACE,
                "ggslimit": str(MAX_NEARBY),
            }
        return parameters | {
            "generator": "categorymembers",
            "gcmtitle": f"Category:{lead.address}",
            "gcmtype": "file",
            "gcmlimit": str(FILES_PER_ANSWER),
        }

    def _batches(self, parameters: dict[str, str]) -> Iterator[list[Any]]:
        """Yield the pages of a generator, batch by batch, each with all its properties."""
        waiting: dict[object, Any] = {}
        for answer in self._answers(parameters):
            for page in answer.get("query", {}).get("pages", ()):
                # A long batch comes in parts: each names all pages, and describes some. A page
                # that is missing has no id, and an odd one may have neither id nor title.
                known_by = page.get("title") if isinstance(page, dict) else None
                if isinstance(known_by, str):
                    waiting[known_by] = waiting.get(known_by, {}) | page
                else:
                    waiting[len(waiting)] = page
            if answer.get("batchcomplete"):
                yield list(waiting.values())
                waiting.clear()
        if waiting:
            yield list(waiting.values())

    def _answers(self, parameters: dict[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the answers of a query to the API, going on where each one ends."""
        query = {"action": "query", "format": "json", "formatversion": "2", **parameters}
        asked = query
        while True:
            answer = self.fetcher.json(self.config.commons_api_url, asked, judge_mediawiki)
            if (error := mediawiki_error(answer)) is not None:
                said = error[1] or error[0]
                msg = f"Commons refuses to list a category: {said}; check the sight's Commons category"
                raise CrawlError(msg)
            if not answer.keys() & {"query", "batchcomplete", "continue"}:
                msg = (
                    f"Commons answers a query with neither result nor end ({sorted(answer)}); the "
                    "parser needs an update"
                )
                raise BrokenSourceError(msg)
            yield answer
            if "continue" not in answer:
                return
            going_on = {name: str(value) for name, value in answer["continue"].items()}
            if going_on.items() <= asked.items():
                msg = f"Commons goes on where it was ({going_on}), for ever; try again later"
                raise BrokenSourceError(msg)
            # Instead of what went on before: that of the last batch would cut the next one short.
            asked = query | going_on
