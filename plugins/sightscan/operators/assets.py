"""What a city's run has made, as Airflow's assets: DAGs of your own can run when it is there.

An outlet of a task is an alias for all cities, of which there are five, and the task names the city's
asset when there is something to tell: a static outlet would have an event each time the task succeeds,
also when nothing was made, and five more assets a city in each parse. A DAG of somebody else that gives
one of these names another address would even fail the task.
"""

from typing import Any, Final

from airflow.sdk import Asset, AssetAlias, get_current_context

PHOTOS: Final = AssetAlias("sightscan_photos")
LABELS: Final = AssetAlias("sightscan_labels")
DATASET: Final = AssetAlias("sightscan_dataset")
MODEL: Final = AssetAlias("sightscan_model")
MARTS: Final = AssetAlias("sightscan_marts")


def asset_of(alias: AssetAlias, slug: str) -> Asset:
    """Return one city's asset: `sightscan_model_lisbon` at `sightscan://lisbon/model`."""
    kind = alias.name.removeprefix("sightscan_")
    return Asset(name=f"{alias.name}_{slug}", uri=f"sightscan://{slug}/{kind}")


def announce(alias: AssetAlias, slug: str, **counts: Any) -> None:
    """Have an event of a city's asset told once this task has succeeded, with the city and counts.

    The task has the alias among its outlets.
    """
    events: Any = get_current_context()["outlet_events"]
    events[alias].add(asset_of(alias, slug), extra={"city": slug, **counts})
