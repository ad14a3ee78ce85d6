"""`refresh-marts`: compute the hourly facts anew, for an interval or for all of history."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime

from sightscan.errors import WarehouseError
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.hourly_facts import (
    rebuild_hourly_marts,
    refresh_hourly_marts,
    split_span,
)

NAME = "refresh-marts"
HELP = "compute the hourly facts anew; safe to repeat, to interrupt, and beside running DAGs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the interval, or all."""
    parser.add_argument(
        "--from", dest="start", type=_hour, metavar="TIME", help="first hour, such as 2026-11-01T00"
    )
    parser.add_argument(
        "--to", dest="end", type=_hour, metavar="TIME", help="end, not included; UTC"
    )
    parser.add_argument("--all", action="store_true", help="all hours that the warehouse knows")


def run(arguments: argparse.Namespace) -> str:
    """Refresh week by week, the newest first, and say how many rows were written.

    Raises:
        WarehouseError: neither --all nor an interval is given, or both are.

    """
    start, end = arguments.start, arguments.end
    has_interval = start is not None and end is not None
    if has_interval == arguments.all or (start is None) != (end is None):
        msg = "refresh-marts needs either --all or both --from and --to; give one of them"
        raise WarehouseError(msg)
    with connect(autocommit=True) as connection:
        if arguments.all:
            counts = rebuild_hourly_marts(connection, _report)
        elif start >= end:
            msg = f"--from must be before --to, but got {start} and {end}; exchange them"
            raise WarehouseError(msg)
        else:
            written: Counter[str] = Counter()
            for span in split_span(start, end):
                written.update(refresh_hourly_marts(connection, *span))
                _report(*span)
            counts = dict(written)
    return " ".join(f"{mart}={count}" for mart, count in counts.items())


def _report(start: datetime, end: datetime) -> None:
    sys.stderr.write(f"refreshed {start:%Y-%m-%d %H:00} to {end:%Y-%m-%d %H:00}\n")


def _hour(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
