"""`migrate`: bring the warehouse to the newest schema while others use it."""

from __future__ import annotations

import argparse
import sys

from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.hourly_facts import fill_empty_marts
from sightscan.warehouse.schema.lock_retry import Patience
from sightscan.warehouse.schema.migrate import migrate

NAME = "migrate"
HELP = "apply what is missing; safe to repeat, safe at once, safe while the system runs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how long to wait; the settings say which warehouse."""
    usual = Patience()
    parser.add_argument(
        "--patience-seconds",
        type=float,
        default=usual.total_seconds,
        help="how long each file tries to get its locks (default: %(default)g)",
    )
    parser.add_argument(
        "--statement-seconds",
        type=float,
        default=usual.statement_seconds,
        help="how long a file may run while others may wait for it (default: %(default)g)",
    )


def run(arguments: argparse.Namespace) -> str:
    """Migrate, say on the error channel what goes on, and return what was done."""
    patience = Patience(
        total_seconds=arguments.patience_seconds, statement_seconds=arguments.statement_seconds
    )
    with connect() as connection:
        report = migrate(connection, settings().sql_folder, patience=patience, say=_say)
    # A migration that changes a table of facts leaves it empty.
    with connect(autocommit=True) as connection:
        filled = fill_empty_marts(connection)
    return (
        f"applied={len(report.applied)} already_there={report.already_there} "
        f"marts_renewed={'yes' if report.marts_renewed else 'no'} "
        f"facts_filled={sum(filled.values())}"
    )


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
