"""`python -m sightscan.dataset export CITY [--version N] [--to FOLDER] [--no-images]`.

Writes a frozen dataset as a YOLO folder; an export that broke off is completed by the next one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sightscan.dataset.export import export_dataset
from sightscan.errors import DatasetError, SightScanError
from sightscan.warehouse.connection import connect
from sightscan.warehouse.models.datasets import find_dataset
from sightscan.warehouse.registry.cities import find_city


def main() -> int:
    """Run one command; return 0, or 2 after a one-sentence error."""
    parser = argparse.ArgumentParser(prog="python -m sightscan.dataset", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="write a frozen dataset as a YOLO folder")
    export.add_argument("city", help="slug, Wikidata id or name of the city")
    export.add_argument("--version", type=int, metavar="N", help="default: the newest")
    export.add_argument(
        "--to", type=Path, metavar="FOLDER", help="default: var/datasets/<city>-<version>"
    )
    export.add_argument(
        "--no-images", dest="images", action="store_false", help="only the labels and dataset.json"
    )
    given = parser.parse_args()
    try:
        said = _export(given)
    except SightScanError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"{said}\n")
    return 0


def _export(given: argparse.Namespace) -> str:
    with connect(autocommit=True) as connection:
        city = find_city(connection, given.city)
        dataset = find_dataset(connection, city.city_id, version=given.version)
        if dataset is None:
            which = "no dataset" if given.version is None else f"no dataset {given.version}"
            msg = f"{city.slug} has {which}: its DAG freezes one (freeze_dataset); trigger it first"
            raise DatasetError(msg)
        folder = given.to or Path("var", "datasets", f"{city.slug}-{dataset.version}")
        export_dataset(
            connection, city.city_id, dataset.version, folder, images=given.images, tell=_tell
        )
    counts = " ".join(f"{split}={count}" for split, count in dataset.counts.items())
    return f"{city.slug}: dataset {dataset.version} is in {folder} ({counts})"


def _tell(written: int, total: int) -> None:
    sys.stderr.write(f"exported={written} of={total}\n")


if __name__ == "__main__":
    sys.exit(main())
