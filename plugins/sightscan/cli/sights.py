"""`sightscan sights`: what a run would look for."""

from dataclasses import asdict

from sightscan.cli.declare import AsJson, CityArgument, command, group
from sightscan.cli.environment import open_city
from sightscan.cli.output import print_json, print_lines, print_table

commands = group("sights", "Sights: what a run of a city would look for.")


@command(commands, "preview")
def preview(city: CityArgument, *, as_json: AsJson = False) -> None:
    """Show which sights a run would keep, in their order, and why others are left out.

    The city's file of sights (docs/sights-file.md) is read as a run would read it.

    Changes: no sight. Wikidata is asked, and what it says of classes is remembered; Google Places
    is only read from the warehouse.

    Examples:
        sightscan sights preview lisbon
        sightscan sights preview lisbon --json
    """
    from sightscan.discover.preview import preview_sights
    from sightscan.discover.wikidata import open_client

    with (
        open_city(city) as (config, connection, known),
        open_client(config, connection) as client,
    ):
        preview = asdict(preview_sights(connection, client, known, config))
    if as_json:
        print_json(preview)
        return
    kept = [
        sight
        | {
            "names": " / ".join(sight["names"]),
            "google_ids": " ".join(sight["google_ids"]) or None,
        }
        for sight in preview["kept"]
    ]
    print_table(
        ("rank", "sitelinks", "places", "id", "names", "Google ids", "Commons category"),
        [tuple(sight.values()) for sight in kept],
    )
    print_lines("")
    print_table(
        ("id", "name", "reason"),
        [tuple(sight.values()) for sight in preview["left_out"]],
        title="left out:",
    )
