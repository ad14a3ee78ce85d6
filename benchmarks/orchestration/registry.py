"""Registries of made-up cities, and an Airflow that has never run, to parse their DAGs with."""

import json
from pathlib import Path

from sightscan.settings import REPOSITORY


def write_snapshot(path: Path, count: int) -> None:
    """Write the registry's snapshot of so many cities, in one step, as `sync_cities` does."""
    cities = [
        {
            "slug": f"city-{number}",
            "name": f"City {number}",
            "country": "Country",
            "is_active": True,
        }
        for number in range(count)
    ]
    part = path.with_suffix(".part")
    part.write_text(json.dumps(cities, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def parsing_environment(folder: Path, snapshot: Path) -> dict[str, str]:
    """Return what a program must be given to parse the product's DAGs as its DAG processor does."""
    return {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW_CONFIG": str(REPOSITORY / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "REGISTRY_SNAPSHOT": str(snapshot),
    }
