"""`python -m sightscan.warehouse migrate`: bring the warehouse to the newest schema."""

from __future__ import annotations

import argparse
import sys

from sightscan.errors import SightScanError
from sightscan.settings import settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.migrate import migrate


def main() -> int:
    """Run one command; return 0, or 2 after a one-sentence error."""
    parser = argparse.ArgumentParser(prog="python -m sightscan.warehouse", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="apply what is missing; safe to repeat, safe at once")
    parser.parse_args()
    try:
        with connect() as connection:
            report = migrate(connection, settings().sql_folder)
    except SightScanError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(
        f"applied={len(report.applied)} already_there={report.already_there} "
        f"marts_renewed={'yes' if report.marts_renewed else 'no'}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
