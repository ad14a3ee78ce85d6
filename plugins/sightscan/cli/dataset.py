"""`sightscan dataset`: look at what a model was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sightscan.cli.environment import open_warehouse
from sightscan.cli.manual import AsJson, CityArgument, group, manual
from sightscan.cli.output import Progress, print_json, print_lines

commands = group("Datasets: write a frozen training set to a folder.")


@commands.command(
    "export",
    epilog=manual(
        changes="writes files into the folder; the warehouse is only read.",
        examples=(
            "sightscan dataset export lisbon",
            "sightscan dataset export lisbon --version 3 --to /tmp/lisbon --no-images",
        ),
    ),
)
def export(
    context: typer.Context,
    city: CityArgument,
    *,
    version: Annotated[
        int | None,
        typer.Option(metavar="N", help="Which dataset (the newest).", show_default=False),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where to (var/datasets/<city>-<version>).", show_default=False
        ),
    ] = None,
    images: Annotated[
        bool,
        typer.Option("--images/--no-images", help="With the photos, or labels and manifest alone."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Write a frozen dataset as a YOLO folder, to look at it or to train by hand.

    dataset.json comes last. An export that broke off is completed by the next one.
    """
    from sightscan.dataset.export import export_dataset
    from sightscan.errors import DatasetError
    from sightscan.warehouse.models.datasets import find_dataset
    from sightscan.warehouse.registry.cities import find_city

    with open_warehouse(context) as (_, connection):
        known = find_city(connection, city)
        dataset = find_dataset(connection, known.city_id, version=version)
        if dataset is None:
            which = "no dataset" if version is None else f"no dataset {version}"
            msg = (
                f"{known.slug} has {which}: its DAG freezes one (freeze_dataset); trigger it first"
            )
            raise DatasetError(msg)
        folder = to or Path("var", "datasets", f"{known.slug}-{dataset.version}")
        with Progress("exported") as progress:
            export_dataset(
                connection,
                known.city_id,
                dataset.version,
                folder,
                images=images,
                tell=progress.tell,
            )
    if as_json:
        print_json(
            {
                "city": known.slug,
                "version": dataset.version,
                "folder": folder,
                "counts": dict(dataset.counts),
            }
        )
        return
    counts = " ".join(f"{split}={count}" for split, count in dataset.counts.items())
    print_lines(f"{known.slug}: dataset {dataset.version} is in {folder} ({counts})")
