"""`python -m sightscan.warehouse COMMAND`: what an operator does to the warehouse by hand."""

from __future__ import annotations

import argparse
import sys

from sightscan.errors import SightScanError
from sightscan.warehouse.commands import (
    backup,
    migrate,
    move_photos,
    refresh_marts,
    remove_photo,
    restore,
)

COMMANDS = (migrate, refresh_marts, move_photos, remove_photo, backup, restore)


def main() -> int:
    """Run one command; return 0, or 2 after a one-sentence error."""
    parser = argparse.ArgumentParser(prog="python -m sightscan.warehouse", description=__doc__)
    parsers = parser.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        command.add_arguments(
            parsers.add_parser(command.NAME, help=command.HELP, description=command.__doc__)
        )
    arguments = parser.parse_args()
    run = {command.NAME: command.run for command in COMMANDS}[arguments.command]
    try:
        said = run(arguments)
    except SightScanError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
