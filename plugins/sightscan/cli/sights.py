"""`sightscan sights`: what a run would look for."""

from __future__ import annotations

from dataclasses import asdict

import typer

from sightscan.cli.environment import open_warehouse
from sightscan.cli.manual import AsJson, CityArgument, group, manual
from sightscan.cli.output import print_json, print_lines, print_table

commands = group("Sights: what a run of a city would look for.")


@commands.command(
    "preview",
    epilog=manual(
        changes="nothing; Wikidata is asked, Google Places is only read from the warehouse.",
        examples=("sightscan sights preview lisbon", "sightscan sights preview lisbon --json"),
    ),
)
def preview(context: typer.Context, city: CityArgument, *, as_json: AsJson = False) -> None:
    """Show which sights a run would keep, in their order, and why others are left out.

    The city's file of sights (docs/sights-file.md) is read as a run would read it.
    """
    from sightscan.discover.preview import preview_sights
    from sightscan.discover.wikidata import open_client
    from sightscan.warehouse.registry.cities import find_city

    with open_warehouse(context) as (config, connection), open_client(config) as client:
        known = find_city(connection, city)
        own = config.with_overrides(known.overrides)
        preview = preview_sights(connection, client, known, own)
    if as_json:
        print_json(asdict(preview))
        return
    print_table(
        ("rank", "sitelinks", "places", "id", "names", "Google ids", "Commons category"),
        [
            (
                sight.rank,
                sight.sitelink_count,
                sight.places_rank,
                sight.wikidata_id,
                " / ".join(sight.names),
                " ".join(sight.google_ids) or None,
                sight.commons_category,
            )
            for sight in preview.kept
        ],
    )
    print_lines("")
    print_table(
        ("id", "name", "reason"),
        [(sight.wikidata_id, sight.name, sight.reason) for sight in preview.left_out],
        title="left out:",
    )
