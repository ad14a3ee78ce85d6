"""What a crawl did, in photos, and when that is a failure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import psycopg

from sightscan.city import Sight
from sightscan.crawl.job import Tally
from sightscan.crawl.sources.source import ODD, BrokenSourceError
from sightscan.errors import CrawlError
from sightscan.run import Run
from sightscan.warehouse.marts.run_reports import CRAWL_TASK, save_report

# So many photos that a source speaks of are not all missing by chance.
MIN_EXPECTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlCounts:
    """What became of photos, and in how long.

    `found` ones were looked at before the limit was reached; `known` of them were handled by an
    earlier crawl; `shared` ones were fetched for another sight of the city; `failed` ones are tried
    again by the next crawl. `kept` are new to the sight. `left_out` are the records that name no
    photo, by reason: `odd` ones are not as documented.
    """

    found: int
    known: int
    kept: int
    shared: int
    duplicate: int
    failed: int
    rejected: Mapping[str, int]
    seconds: float
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the counts as a line of a log."""
        return (
            f"found={self.found} known={self.known} kept={self.kept} shared={self.shared} "
            f"duplicate={self.duplicate} rejected={reasons_of(self.rejected)} "
            f"failed={self.failed} seconds={self.seconds:.1f} "
            f"rate={self.kept / max(self.seconds, 0.001):.1f}/s"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport(CrawlCounts):
    """What one source gave for a sight: of `expected` photos, `received` could be read."""

    source: str
    expected: int
    received: int
    problem: str | None = None
    has_ended_early: bool = False

    def __str__(self) -> str:
        """Return the counts as a line of a log."""
        return (
            f"expected={self.expected} received={self.received} "
            f"left_out={reasons_of(self.left_out)} {CrawlCounts.__str__(self)}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReport(CrawlCounts):
    """What a crawl of one sight did, all sources together."""

    sources: tuple[SourceReport, ...] = ()

    @classmethod
    def of(cls, sources: tuple[SourceReport, ...], seconds: float) -> Self:
        """Return the sum of the sources."""
        names = ("found", "known", "kept", "shared", "duplicate", "failed")
        return cls(
            **{name: sum(getattr(source, name) for source in sources) for name in names},
            rejected=dict(sum((Counter(source.rejected) for source in sources), Counter[str]())),
            left_out=dict(sum((Counter(source.left_out) for source in sources), Counter[str]())),
            seconds=seconds,
            sources=sources,
        )


def save_crawl_report(
    connection: psycopg.Connection[Any], run: Run, report: CrawlReport, sight: Sight
) -> None:
    """Store what a run's crawl of a sight did; again replaces."""
    save_report(
        connection,
        run,
        task_id=CRAWL_TASK,
        subject=sight.name,
        report=asdict(report),
        # What is new, the bill counts as photos that Vision will be asked about.
        photos_new=None if sight.is_elsewhere else report.kept,
    )


def reasons_of(rejected: Mapping[str, int]) -> str:
    """Return rejections by reason, such as `3(too_small:1,truncated:2)`."""
    reasons = ",".join(f"{reason}:{count}" for reason, count in sorted(rejected.items()) if count)
    return f"{sum(rejected.values())}{f'({reasons})' if reasons else ''}"


def describe_odd(tally: Tally) -> str:
    """Return the sentence about records that are not as documented; nothing if there are none."""
    count = tally.left_out[ODD]
    return f"odd records left out: {count}, the first: {tally.problem}" if count else ""


def describe_unreadable(source: str, tally: Tally) -> str:
    """Return the sentence about a source of which nothing can be read."""
    return (
        f"{source} spoke of {tally.expected} photos, of which none could be read"
        f"{f' (the first: {tally.problem})' if tally.problem else ''}; the parser needs an update"
    )


def check(
    report: CrawlReport, problems: Sequence[Exception], sight: Sight, *, had_photos: bool
) -> None:
    """Raise what was wrong with a crawl, now that all that it found is stored.

    Raises:
        CrawlError: a source has broken, nothing was found, or nothing could be fetched.
        ServiceError: no source answers.

    """
    for problem in problems:
        if isinstance(problem, BrokenSourceError):
            raise problem
    if problems and len(problems) == len(report.sources):
        raise problems[0]
    _check_readable(report, sight)
    names = ", ".join(source.source for source in report.sources)
    if sight.holds_backgrounds:
        # Categories as other people fill them: the city has lost no sight by them.
        return
    if report.found == 0:
        category = f"Commons category {sight.commons_category!r}"
        if sight.commons_category is None:
            category = f"Wikidata item {sight.wikidata_id}, which has no Commons category (P373)"
        msg = (
            f"{sight.name!r} yields no file at {names}: expected at least one; check its name, "
            f"its {category}, and PHOTO_SOURCES"
        )
        if report.left_out:
            msg += f"; left out: {_words(report.left_out)}"
        if problems:
            msg += f" ({problems[0]})"
        raise CrawlError(msg)
    if report.failed and not had_photos and not report.kept:
        last = next(source.problem for source in report.sources if source.failed)
        msg = (
            f"none of {report.failed} photos of {sight.name!r} could be fetched "
            f"({last}); nothing is lost, run the crawl again later"
        )
        raise CrawlError(msg)


def _check_readable(report: CrawlReport, sight: Sight) -> None:
    """Raise BrokenSourceError if a source names photos, and none of them can be read."""
    for source in report.sources:
        # Files that are gone or hidden are as documented, however many they are.
        unread = source.expected - source.received - _foreseen(source.left_out)
        if not source.received and (unread >= MIN_EXPECTED or source.left_out.get(ODD)):
            msg = (
                f"{source.source} spoke of {source.expected} photos of {sight.name!r}, of which none "
                f"could be read ({source.problem or _words(source.left_out)}); the parser needs an "
                "update"
            )
            raise BrokenSourceError(msg)


def _foreseen(left_out: Mapping[str, int]) -> int:
    return sum(count for reason, count in left_out.items() if reason != ODD)


def _words(left_out: Mapping[str, int]) -> str:
    return (
        ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items())) or "no record"
    )
