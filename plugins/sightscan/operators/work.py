"""What every task of a city starts with: its city, its settings, an open warehouse."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from airflow.sdk import get_current_context

from sightscan.city import City
from sightscan.run import Run
from sightscan.settings import Settings, settings

# Fields of the trigger form, and the settings that they replace for one run.
FORM_FIELDS = {
    "sights": "max_sights_per_city",
    "photos_per_sight": "max_images_per_sight",
    "photo_sources": "photo_sources",
    "licence_policy": "licence_policy",
    "full_resolution": "crawl_full_resolution",
    "skip_known": "crawl_skip_known",
    "vision_calls": "max_google_vision_calls_per_run",
    "architecture": "mts_architecture",
    "weights": "mts_weights",
    "epochs": "mts_epochs",
    "image_size": "mts_image_size",
    "batch_size": "mts_batch_size",
    "minutes": "mts_time_limit_seconds",
    "patience": "mts_patience",
    "seed": "mts_seed",
}
# And the cap that holds beside them.
SHOWN_SETTINGS = (*FORM_FIELDS.values(), "max_google_vision_calls_per_new_city")
SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class CityWork:
    """One task's hands: `config` has the city's and the form's overrides in it."""

    connection: psycopg.Connection[Any]
    city: City
    config: Settings
    run: Run
    params: Mapping[str, Any]

    def save_report(self, task_id: str, report: Mapping[str, object]) -> None:
        """Store what the task did, for the run's summary; again replaces."""
        from sightscan.warehouse.marts.run_reports import save_report

        save_report(
            self.connection,
            self.run,
            task_id=task_id,
            subject="",
            report=report,
        )


def form_overrides(params: Mapping[str, Any]) -> dict[str, object]:
    """Return the settings that the trigger form replaces for one run."""
    form: dict[str, object] = {}
    for field, setting in FORM_FIELDS.items():
        value = params.get(field)
        if value is None:
            continue
        if isinstance(value, list):
            # Several choices of the form.
            value = ",".join(value)
        form[setting] = value * SECONDS_PER_MINUTE if field == "minutes" else value
    return form


@contextmanager
def city_work(slug: str) -> Iterator[CityWork]:
    """Open the warehouse and read the city of this task.

    Raises:
        UnknownCity: the registry has no such city.
        SettingsError: a setting or an override is senseless.
        WarehouseError: the warehouse cannot be reached.

    """
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.registry.cities import find_city

    context = get_current_context()
    params = context["params"]
    base = settings()
    with open_warehouse() as connection:
        city = find_city(connection, slug)
        yield CityWork(
            connection=connection,
            city=city,
            config=base.with_overrides({**city.overrides, **form_overrides(params)}),
            run=Run(city.city_id, context["dag"].dag_id, context["run_id"]),
            params=params,
        )
