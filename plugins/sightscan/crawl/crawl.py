"""Crawl the photos of a sight into the warehouse, source after source.

What is done is known by the warehouse: a crawl that is killed goes on where it was, and a second
one fetches nothing that is kept, or was refused for good, already.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from sightscan.city import City, Sight
from sightscan.crawl.fetch.fetcher import Validators, open_fetcher
from sightscan.crawl.fetch.host_limits import crawl_throttle
from sightscan.crawl.fetch.robots import OriginRules
from sightscan.crawl.job import CrawlJob, Limit
from sightscan.crawl.pipeline import SourceCrawler
from sightscan.crawl.report import CrawlReport, SourceReport, check
from sightscan.crawl.sources.commons_answers import SOURCE as COMMONS
from sightscan.crawl.sources.registry import open_source
from sightscan.crawl.sources.source import BrokenSourceError
from sightscan.crawl.spool import Spool
from sightscan.crawl.writer import Writer
from sightscan.errors import CrawlError, ServiceError
from sightscan.host_gate import HostThrottle, leads_to_wikimedia
from sightscan.progress import PROGRESS_SECONDS
from sightscan.settings import Settings
from sightscan.warehouse.connection import reopener
from sightscan.warehouse.photos.blobs import open_photo_store
from sightscan.warehouse.photos.photos import (
    known_names,
    photos_by_name,
    photos_of_sight,
    visited_photos,
)
from sightscan.warehouse.registry.sights import known_sights
from sightscan.warehouse.spend.request_limits import SharedCounter

# Other tasks crawl other sights of the city meanwhile; a row is dated by the start of its batch.
OVERLAP = timedelta(minutes=5)
# Reasons that a source states in its listings, and that people correct there; it costs nothing to
# look again.
STATED_REASONS = ("licence", "no_licence", "unsupported_type")

logger = logging.getLogger(__name__)


def crawl_photos(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    sight: Sight,
    *,
    save: Callable[[CrawlReport], None] = lambda _: None,
) -> CrawlReport:
    """Fetch photos of a sight until it has as many as the settings allow; `save` gets the report.

    The sources are asked one after the other. One that fails does not stop the next; what it said
    is in the report, and where it cannot be read any more, the crawl fails in the end.

    Raises:
        CrawlError: a source has broken, or nothing was found or could be fetched.
        ServiceError: no source answers.

    """
    # Where what is no sight is known by its categories.
    names = (COMMONS,) if sight.holds_backgrounds else config.photo_source_names
    if sight.sight_id is None:
        msg = f"{sight.name!r} has no id yet: expected a sight that is stored; discover it first"
        raise CrawlError(msg)
    started = time.monotonic()
    held = set(photos_of_sight(connection, sight.sight_id))
    wanted = max(_most_photos(config, sight) - len(held), 0)
    if wanted == 0 and (config.crawl_skip_known or not held):
        report = CrawlReport.of((), time.monotonic() - started)
        logger.info("crawl city=%s sight=%r full=%d", city.slug, sight.name, len(held))
        save(report)
        return report
    if leads_to_wikimedia(config.commons_api_url) and config.contact_problem:
        logger.warning("%s", config.contact_problem)
    crawl = _SightCrawl(connection, config, city, sight, set(held))
    problems: list[Exception] = []
    reports: list[SourceReport] = []
    with ExitStack() as opened:
        # The throttle of catalogues is taken over a connection of its own: the other one may be in
        # the middle of a batch.
        own = opened.enter_context(reopener(connection)())
        throttle = crawl_throttle(config, SharedCounter(own))
        for name in names:
            source_report, problem = crawl.ask(name, Limit(wanted), throttle)
            reports.append(source_report)
            wanted -= source_report.kept
            if problem is not None:
                problems.append(problem)
            if wanted <= 0 and config.crawl_skip_known:
                break
    report = CrawlReport.of(tuple(reports), time.monotonic() - started)
    logger.info("crawl city=%s sight=%r %s", city.slug, sight.name, report)
    save(report)
    check(report, problems, sight, had_photos=bool(held))
    return report


class _SightCrawl:
    """What the crawls of a sight's sources have in common."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        config: Settings,
        city: City,
        sight: Sight,
        kept_sha256s: set[bytes],
    ) -> None:
        self._connection = connection
        self._config = config
        self._city = city
        self._sight = sight
        self._sight_id = sight.sight_id or 0
        self._kept_sha256s = kept_sha256s
        # What holds for the photos of one source holds for those of the next.
        self._robots: dict[str, OriginRules] = {}
        # What is of a sight is no street.
        self._sights = known_sights(connection, city.city_id) if sight.is_streets else ()
        self._spool = Spool(config.crawl_spool_folder)

    def ask(
        self, name: str, limit: Limit, throttle: HostThrottle
    ) -> tuple[SourceReport, Exception | None]:
        """Crawl one source; return what came of it, and what ended it early."""
        stop = threading.Event()
        with open_fetcher(self._config, stop, throttle, self._robots) as fetcher:
            source = open_source(
                name, self._config, fetcher, self._city, self._sight, sights=self._sights
            )
            known, refused = self._known()
            job = CrawlJob(
                config=self._config,
                source=source,
                stop=stop,
                limit=limit,
                known_names=known,
                refused_names=refused,
                kept_sha256s=self._kept_sha256s,
                elsewhere=dict(self._elsewhere(None)),
                validators=self._validators(),
                spool=self._spool,
            )
            writer = Writer(
                self._connection,
                name,
                self._sight_id,
                limit.most,
                self._spool,
                open_photo_store(self._config),
            )
            problem: Exception | None = None
            try:
                self._drain(job, writer)
            except (CrawlError, ServiceError) as error:
                problem = error
                level = logging.ERROR if isinstance(error, BrokenSourceError) else logging.WARNING
                logger.log(level, "crawl sight=%r source=%s: %s", self._sight.name, name, error)
        report = writer.report(
            job.tally, None if problem is None else str(problem), remark=source.remark
        )
        logger.info("crawl sight=%r source=%s %s", self._sight.name, name, report)
        return report, problem

    def _drain(self, job: CrawlJob, writer: Writer) -> None:
        """Store what the crawler finds, until it is done; an error of it comes after that."""
        told_at = refreshed_at = time.monotonic()
        outcomes = SourceCrawler(job).outcomes()
        try:
            for outcome in outcomes:
                if outcome is not None:
                    writer.add(outcome)
                if writer.store_if_due() and time.monotonic() - refreshed_at > PROGRESS_SECONDS:
                    refreshed_at = time.monotonic()
                    job.elsewhere = {
                        **job.elsewhere,
                        **self._elsewhere(datetime.now(UTC) - OVERLAP),
                    }
                if time.monotonic() - told_at > PROGRESS_SECONDS:
                    told_at = time.monotonic()
                    logger.info("crawl sight=%r so far: %s", self._sight.name, writer.progress())
        finally:
            outcomes.close()
            writer.finish()

    def _known(self) -> tuple[frozenset[bytes], frozenset[bytes]]:
        """Return what is not to be fetched again, and what is only if its source says otherwise now."""
        reopened, bounds = _reopened_reasons(self._config), _bounds(self._config)
        known, final = (
            known_names(self._connection, self._sight_id, reasons, bounds)
            for reasons in (reopened, [*reopened, *STATED_REASONS])
        )
        return final, known - final

    def _elsewhere(self, since: datetime | None) -> Mapping[bytes, bytes]:
        return photos_by_name(self._connection, self._city.city_id, self._sight_id, since)

    def _validators(self) -> dict[bytes, Validators]:
        if self._config.crawl_skip_known:
            return {}
        visited = visited_photos(self._connection, self._sight_id)
        return {name: Validators(*stated) for name, stated in visited.items()}


def _most_photos(config: Settings, sight: Sight) -> int:
    if sight.is_elsewhere:
        return config.max_background_photos
    return config.max_street_photos if sight.is_streets else config.max_images_per_sight


def _bounds(config: Settings) -> dict[str, str]:
    """Return patterns of the details of what these settings leave out; others may have been in force."""
    bounds = {
        "too_small": f"%at least {config.min_photo_side_pixels} each",
        "too_large": f"% {config.max_photo_bytes} %allowed",
    }
    if (share := config.rejected_face_share) is not None:
        bounds["mostly_a_face"] = rf"%less than {share * 100:.0f}\% is kept"
    return bounds


def _reopened_reasons(config: Settings) -> list[str]:
    """Return the reasons for which these settings leave nothing out, though others may have."""
    reasons = []
    if config.licence_policy != "open":
        reasons += ["licence", "no_licence"]
    if not config.crawl_face_filter:
        reasons.append("mostly_a_face")
    return reasons
