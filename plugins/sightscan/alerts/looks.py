"""What is looked for in the warehouse, and the sentence that is told of it.

A look is about some kinds of incidents. One that fails leaves their incidents as they are: what could
not be looked at is not gone.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from sightscan.alerts import kinds
from sightscan.alerts.kinds import Kind
from sightscan.alerts.message import as_minute
from sightscan.errors import SightScanError
from sightscan.settings import Settings
from sightscan.spend.limits import REQUESTS_SETTING, Limit, list_limits
from sightscan.warehouse.incidents.incidents import Trouble
from sightscan.warehouse.incidents.watch import (
    Waiting,
    find_ages,
    find_last_drill,
    find_waiting_cities,
    find_waiting_reviews,
    list_empty_crawls,
    list_failed_checks,
    list_late_machines,
    list_refusals,
)

MAX_MARTS_MINUTES = 90
MAX_WAITING_DAYS = 7
NEARLY_USED_UP = 0.8

Connection = psycopg.Connection[Any]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """A look for some kinds of incidents; a `costly` one reads much, and is for once an hour."""

    kinds: tuple[Kind, ...]
    find: Callable[[Connection, Settings], Iterable[Trouble]]
    is_costly: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen, of which kinds all was seen, and which looks failed."""

    troubles: tuple[Trouble, ...]
    kinds: frozenset[str]
    problems: tuple[str, ...]


def look_around(connection: Connection, config: Settings, *, is_thorough: bool) -> Seen:
    """Look for everything that the warehouse knows; for what is costly if `is_thorough`."""
    troubles: list[Trouble] = []
    seen: set[str] = set()
    problems = []
    for look in LOOKS:
        if look.is_costly and not is_thorough:
            continue
        names = {kind.name for kind in look.kinds}
        try:
            troubles.extend(look.find(connection, config))
        except (psycopg.Error, SightScanError) as error:
            if connection.closed:
                raise
            problems.append(f"{', '.join(sorted(names))}: {error}")
            logger.warning("not looked for %s: %s", ", ".join(sorted(names)), error)
        else:
            seen |= names
    return Seen(tuple(troubles), frozenset(seen), tuple(problems))


def find_late_machines(connection: Connection, config: Settings) -> Iterator[Trouble]:
    """Find GPUs that should be off; each minute costs."""
    del config
    for machine in list_late_machines(connection):
        why = (
            f"held by {machine.held_by}, whose time ended at"
            if machine.held_by
            else "billed although nobody holds it, since"
        )
        yield Trouble(
            kinds.GPU_OVER_LEASE.name,
            machine.instance_id,
            f"The GPU instance {machine.instance_id} is {why} {as_minute(machine.late_since)} UTC: the "
            "reaper should have stopped it. It costs money until somebody does.",
        )


def find_empty_crawls(connection: Connection, config: Settings) -> Iterator[Trouble]:
    """Find cities whose last crawl found no photo."""
    del config
    for crawl in list_empty_crawls(connection):
        yield Trouble(
            kinds.CRAWL_EMPTY.name,
            crawl.dag_id,
            f"The last crawl of {crawl.slug} ended at {as_minute(crawl.ended_at)} UTC and found no photo "
            f"of any of its {crawl.sight_count} sights.",
        )


def find_failed_checks(connection: Connection, config: Settings) -> Iterator[Trouble]:
    """Find data checks that must hold and do not."""
    del config
    for check in list_failed_checks(connection):
        yield Trouble(
            kinds.CHECK_FAILED.name,
            check.check_name,
            f"The data check {check.check_name} fails: {check.offending_count} rows break its claim, "
            f"as of {as_minute(check.failed_at)} UTC.",
        )


def find_old(connection: Connection, config: Settings) -> Iterator[Trouble]:
    """Find marts that nobody refreshes, and a backup that is missing."""
    ages = find_ages(connection)
    if ages.begun_at is None:
        return
    now = datetime.now(UTC)
    fresh_until = max(ages.refreshed_until or ages.begun_at, ages.begun_at)
    if now - fresh_until > timedelta(minutes=MAX_MARTS_MINUTES):
        how = (
            f"are refreshed up to {as_minute(ages.refreshed_until)} UTC only"
            if ages.refreshed_until
            else "were never refreshed"
        )
        yield Trouble(
            kinds.MARTS_OLD.name,
            "refresh_data_marts",
            f"The marts {how}: the DAG refresh_data_marts should do it each hour.",
        )
    hours = config.max_backup_age_hours
    since = ages.backups_known_since or ages.begun_at
    if hours and now - max(ages.backed_up_at or since, since) > timedelta(hours=hours):
        last = (
            f"The last backup is of {as_minute(ages.backed_up_at)} UTC"
            if ages.backed_up_at
            else f"No backup is known since {as_minute(since)} UTC"
        )
        yield Trouble(
            kinds.BACKUP_MISSING.name,
            "warehouse",
            f"{last}: expected one within {hours} hours (MAX_BACKUP_AGE_HOURS), by `sightscan "
            "warehouse backup`.",
        )


def find_failed_drill(connection: Connection, config: Settings) -> Iterator[Trouble]:
    """Find out whether the last restore drill failed; where none is made any more, none is missed."""
    if not config.restore_drill_days or not config.max_backup_age_hours:
        return
    drill = find_last_drill(connection)
    if drill is not None and drill.problem is not None:
        yield Trouble(
            kinds.RESTORE_FAILED.name,
            "warehouse",
            f"The backup {drill.file_name} {drill.came}",
        )


def find_used_up_budgets(connection: Connection, config: Settings) -> Iterator[Trouble]:
    """Find budgets that are used up or nearly: wholly also means that this one stopped a run before."""
    refusals = list_refusals(connection)
    for limit in list_limits(connection, config):
        if not limit.most:
            # Nothing may be spent, as somebody wanted: what is stopped is red.
            continue
        subject = f"{limit.setting} {limit.span}"
        said = _say_used(limit)
        stopped = [refusal for refusal in refusals if _is_stopped_by(limit, refusal)]
        if limit.used >= limit.most * NEARLY_USED_UP:
            yield Trouble(kinds.BUDGET_80.name, subject, f"{said}.")
        if limit.used >= limit.most or stopped:
            why = f"; a run was stopped: {stopped[0]}" if stopped else ": what needs it stops"
            yield Trouble(kinds.BUDGET_100.name, subject, f"{said}{why}.")


def _say_used(limit: Limit) -> str:
    form = ",.2f" if limit.unit == "US dollars" else ",.0f"
    used = "are spent or promised" if limit.setting == REQUESTS_SETTING else "are spent"
    return (
        f"{limit.used:{form}} of {limit.most:{form}} {limit.unit} of {limit.setting} {used} "
        f"({limit.span})"
    )


def _is_stopped_by(limit: Limit, refusal: str) -> bool:
    """Whether the budget as it is now stopped a run, and not one that was raised since."""
    limits = re.findall(rf"\b{limit.setting}=([^\s;:,]+)", refusal)
    # As the bill before a run writes a number.
    return f"{limit.most:g}" in limits


def find_waiting(connection: Connection, config: Settings) -> Iterator[Trouble]:
    """Find cities that wait for a person for a week."""
    del config
    waiting = find_waiting_cities(connection)
    if _is_long(waiting):
        yield Trouble(
            kinds.APPROVALS_WAITING.name,
            "cities",
            f"{waiting.waiting_count} cities that were asked for wait to be let in or refused, the "
            f"first since {as_minute(waiting.waits_since)} UTC.",
        )


def find_unreviewed(connection: Connection, config: Settings) -> Iterator[Trouble]:
    """Find labels that wait for a person for a week."""
    del config
    waiting = find_waiting_reviews(connection)
    if _is_long(waiting):
        yield Trouble(
            kinds.REVIEWS_WAITING.name,
            "labels",
            f"{waiting.waiting_count} labels wait for a person's word, the first since "
            f"{as_minute(waiting.waits_since)} UTC: until then they do not train.",
        )


def _is_long(waiting: Waiting) -> bool:
    since = waiting.waits_since
    return since is not None and datetime.now(UTC) - since > timedelta(days=MAX_WAITING_DAYS)


LOOKS = (
    Look((kinds.GPU_OVER_LEASE,), find_late_machines),
    Look((kinds.CRAWL_EMPTY,), find_empty_crawls),
    Look((kinds.CHECK_FAILED,), find_failed_checks),
    Look((kinds.MARTS_OLD, kinds.BACKUP_MISSING), find_old),
    Look((kinds.RESTORE_FAILED,), find_failed_drill),
    Look((kinds.BUDGET_80, kinds.BUDGET_100), find_used_up_budgets),
    Look((kinds.APPROVALS_WAITING,), find_waiting),
    Look((kinds.REVIEWS_WAITING,), find_unreviewed, is_costly=True),
)
