"""`python -m sightscan.publish rollback CITY [--to N] --reason WHY`: an earlier model, at once."""

from __future__ import annotations

import argparse
import getpass
import sys

from sightscan.errors import SightScanError
from sightscan.publish.publish import rollback
from sightscan.warehouse.connection import connect
from sightscan.warehouse.registry.cities import find_city


def main() -> int:
    """Run one command; return 0, or 2 after a one-sentence error."""
    parser = argparse.ArgumentParser(prog="python -m sightscan.publish", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    back = commands.add_parser("rollback", help="put an earlier published model back in place")
    back.add_argument("city", help="slug, Wikidata id or name of the city")
    back.add_argument("--to", type=int, metavar="N", help="model version; default: the one before")
    back.add_argument("--reason", required=True, help="why, for those who read it later")
    given = parser.parse_args()
    try:
        with connect(autocommit=True) as connection:
            city = find_city(connection, given.city)
            version = rollback(
                connection, city, by=getpass.getuser(), reason=given.reason, to_version=given.to
            )
    except SightScanError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{city.slug}: model {version} is in place\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
