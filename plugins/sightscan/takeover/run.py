"""Take over a first SightScan, one city after the other.

Nothing is written there. A dry run reads, counts and tells the same, and writes nothing here
either. It can be stopped at any time and run again.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import psycopg

from sightscan.discover.wikidata import open_client
from sightscan.errors import WarehouseError
from sightscan.run import Run
from sightscan.settings import Settings
from sightscan.takeover.boxes import YAxis
from sightscan.takeover.cities import (
    merge_spellings,
    register_city,
    resolve_cities,
)
from sightscan.takeover.photos import CityTakeover, TakeoverReport
from sightscan.takeover.source_database import (
    count_orphans,
    list_first_cities,
    open_first_system,
)
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.run_reports import save_report
from sightscan.warehouse.registry.sights import list_sights

DAG_ID = "takeover"


@dataclass(frozen=True, slots=True)
class Done:
    """How many cities were taken over, and how many images belong to no city there."""

    city_count: int
    orphan_count: int


def take_over(
    config: Settings,
    address: str,
    *,
    given: Mapping[str, str],
    y_axis: YAxis,
    activate: bool,
    is_dry_run: bool,
    tell: Callable[[tuple[str, ...], TakeoverReport], None],
) -> Done:
    """Take over all cities of the database at `address`; `tell` hears of each when it is done.

    `given` says which city a name is, by Wikidata id. `tell` gets the city's spellings there and
    what was done for it.

    Raises:
        UnknownCity: which city some name is cannot be told; nothing was taken over.
        WarehouseError: a database cannot be read or written, or went away.

    """
    try:
        with (
            open_first_system(address) as first,
            connect(config, autocommit=True) as connection,
            open_client(config, connection) as client,
        ):
            orphan_count = count_orphans(first)
            cities = resolve_cities(client, merge_spellings(list_first_cities(first)), given)
            run_id = datetime.now(UTC).isoformat(timespec="seconds")
            for source_city, found in cities:
                # What a dry run registers is forgotten at once. Others register without a
                # transaction, which would lock the registry while Wikidata is asked.
                forgetting: AbstractContextManager[object] = (
                    connection.transaction(force_rollback=True) if is_dry_run else nullcontext()
                )
                with forgetting:
                    city = register_city(connection, client, config, found, activate=activate)
                    sights = list_sights(connection, city.city_id)
                report = CityTakeover(
                    first=first,
                    connection=connection,
                    config=config,
                    source_city=source_city,
                    city=city,
                    sights=sights,
                    y_axis=y_axis,
                    is_dry_run=is_dry_run,
                ).run()
                tell(source_city.spellings, report)
                if not is_dry_run:
                    save_report(
                        connection,
                        Run(city.city_id, DAG_ID, run_id),
                        task_id="take_over",
                        subject=source_city.spellings[0],
                        report=asdict(report),
                    )
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        msg = f"a database went away: {reason}; run it again, it goes on where it was"
        raise WarehouseError(msg) from error
    return Done(len(cities), orphan_count)
