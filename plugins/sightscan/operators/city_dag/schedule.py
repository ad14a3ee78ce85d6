"""When a city runs: once a week, at a minute of its own, so that a thousand do not start at once.

A city whose row says `city_schedule` has its own; a retired one never runs, and refuses to be
triggered.
"""

import hashlib
from datetime import timedelta
from typing import Final

from airflow.timetables.simple import NullTimetable
from airflow.timetables.trigger import CronTriggerTimetable

MINUTES_PER_WEEK: Final = 7 * 24 * 60
# What a retired city would let run: what its timetable never plans.
RETIRED_RUN_TYPES: Final = ("scheduled",)


class Retired(NullTimetable):
    """Never, and not by hand either.

    Airflow lets a DAG without a schedule refuse anything but runs by hand; this is one that has a
    schedule, of no time at all.
    """

    can_be_scheduled = True
    description = "Never: the city is retired"

    @property
    def summary(self) -> str:
        """Return what the UI shows as the schedule."""
        return "retired"


def weekly(slug: str, own: str = "") -> CronTriggerTimetable:
    """Return when a city runs, in UTC: its `own` cron expression, else a minute of the week by its slug."""
    return CronTriggerTimetable(
        own or cron_of(slug),
        timezone="UTC",
        # By default a DAG that is new runs for a time that is past, too, if that is not a tenth of the
        # schedule ago (17 hours of a week): a city that was just triggered would run twice.
        run_immediately=timedelta(0),
    )


def cron_of(slug: str) -> str:
    """Return a minute of the week that stays the same for a slug, as cron writes it."""
    digest = hashlib.sha256(slug.encode()).digest()
    # Not the part that chooses the shard: the cities of a file shall not all run on one day.
    minute_of_week = int.from_bytes(digest[8:16]) % MINUTES_PER_WEEK
    day, minute_of_day = divmod(minute_of_week, 24 * 60)
    hour, minute = divmod(minute_of_day, 60)
    return f"{minute} {hour} * * {day}"
