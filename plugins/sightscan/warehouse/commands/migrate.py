"""`migrate`: bring the warehouse to the newest schema."""

from __future__ import annotations

import argparse

from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts import fill_empty_marts
from sightscan.warehouse.migrate import migrate

NAME = "migrate"
HELP = "apply what is missing; safe to repeat, safe at once"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the settings say which warehouse."""
    del parser


def run(arguments: argparse.Namespace) -> str:
    """Migrate and say what was done."""
    del arguments
    with connect() as connection:
        report = migrate(connection, settings().sql_folder)
    # A migration that changes a table of facts leaves it empty.
    with connect(autocommit=True) as connection:
        filled = fill_empty_marts(connection)
    return (
        f"applied={len(report.applied)} already_there={report.already_there} "
        f"marts_renewed={'yes' if report.marts_renewed else 'no'} "
        f"facts_filled={sum(filled.values())}"
    )
