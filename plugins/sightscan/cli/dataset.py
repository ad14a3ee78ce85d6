"""`sightscan dataset`: look at what a model was trained on."""

from pathlib import Path
from typing import Annotated

from sightscan.cli.declare import AsJson, CityArgument, command, flag, group, option
from sightscan.cli.environment import open_warehouse
from sightscan.cli.output import Progress, counts_of, print_answer
from sightscan.errors import DatasetError

commands = group("dataset", "Datasets: write a frozen training set to a folder.")

Version = Annotated[int | None, option("Which dataset (the newest).", metavar="N")]
Folder = Annotated[
    Path | None, option("Where to (var/datasets/<city>-<version>).", metavar="FOLDER")
]
Images = Annotated[
    bool, flag("--images/--no-images", "With the photos, or labels and manifest alone.")
]


@command(commands, "export")
def export(
    city: CityArgument,
    *,
    version: Version = None,
    to: Folder = None,
    images: Images = True,
    as_json: AsJson = False,
) -> None:
    """Write a frozen dataset as a YOLO folder, to look at it or to train by hand.

    dataset.json comes last. An export that broke off is completed by the next one.

    Changes: writes files into the folder; the warehouse is only read.

    Examples:
        sightscan dataset export lisbon
        sightscan dataset export lisbon --version 3 --to /tmp/lisbon --no-images
    """
    from sightscan.dataset.export import export_dataset
    from sightscan.warehouse.models.datasets import find_dataset
    from sightscan.warehouse.registry.cities import find_city

    with open_warehouse() as (_, connection):
        known = find_city(connection, city)
        dataset = find_dataset(connection, known.city_id, version=version)
        if dataset is None:
            which = "no dataset" if version is None else f"no dataset {version}"
            msg = (
                f"{known.slug} has {which}: its DAG freezes one (freeze_dataset); trigger it first"
            )
            raise DatasetError(msg)
        number = dataset.version
        folder = to or Path("var", "datasets", f"{known.slug}-{number}")
        with Progress("exported") as progress:
            export_dataset(
                connection, known.city_id, number, folder, images=images, tell=progress.tell
            )
    counts = dict(dataset.counts)
    print_answer(
        {"city": known.slug, "version": number, "folder": folder, "counts": counts},
        f"{known.slug}: dataset {number} is in {folder} ({counts_of(counts)})",
        as_json=as_json,
    )
