"""An Airflow of its own for these tests: SQLite, no examples, our DAGs and our configuration."""

import json
import os
from pathlib import Path

import pytest
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.utils.db import initdb
from airflow.utils.session import create_session

SLUG = "port-aurel"


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Prepare Airflow's metadata database once."""
    initdb()


def store_dags(bag: DagBag) -> None:
    """Have Airflow's database know the DAGs, as its DAG processor does."""
    DagBundlesManager().sync_bundles_to_db()
    with create_session() as session:
        sync_bag_to_db(bag, "dags-folder", None, session=session)


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Register two cities, one of them retired."""
    path = tmp_path / "cities.json"
    cities = [
        {"slug": SLUG, "name": "Port Aurel", "country": "Merídia", "is_active": True},
        {"slug": "retired", "name": "Retired", "country": "Merídia", "is_active": False},
    ]
    path.write_text(json.dumps(cities))
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    return path


@pytest.fixture(autouse=True)
def no_dag_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse as the DAG processor does: all DAGs, not the one of a running task."""
    for name in ("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "_AIRFLOW_PARSING_CONTEXT_TASK_ID"):
        monkeypatch.delenv(name, raising=False)
    assert os.environ["AIRFLOW_HOME"]
