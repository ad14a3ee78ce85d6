"""Failures that another try would repeat are not tried again; all others are."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import RetryAction
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowNotFoundException,
    AirflowTaskTimeout,
    ParamValidationError,
)

import sightscan
from sightscan.errors import SightScanError
from sightscan.operators.retries import RETRY_POLICY
from sightscan.settings import settings

REPOSITORY = Path(__file__).resolve().parents[2]
# Of ours; a class that is not here is tried again.
LASTING = {
    "AmbiguousCity",
    "DatasetError",
    "HostDiskFull",
    "LastingServiceError",
    "SettingsError",
    "UnknownCity",
}


def is_tried_again(error: BaseException) -> bool:
    decision = RETRY_POLICY.evaluate(error, try_number=1, max_tries=2)
    return decision.action is not RetryAction.FAIL


def classes_below(base: type[SightScanError]) -> Iterator[type[SightScanError]]:
    for each in base.__subclasses__():
        yield each
        yield from classes_below(each)


def test_every_error_class_of_ours_has_been_thought_of() -> None:
    for module in pkgutil.walk_packages(sightscan.__path__, "sightscan."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    classes = set(classes_below(SightScanError))
    # Without a constructor call: some need more than a text.
    lasting = {each.__name__ for each in classes if not is_tried_again(each.__new__(each))}
    assert lasting == LASTING
    assert len(classes) > 20


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (psycopg.errors.UndefinedTable(), False),
        (psycopg.errors.InsufficientPrivilege(), False),
        (psycopg.OperationalError(), True),
        (psycopg.errors.DeadlockDetected(), True),
        (psycopg.errors.SerializationFailure(), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.DiskFull(), True),
        (AirflowNotFoundException(), False),
        (ParamValidationError(), False),
        (AirflowException(), True),
        (AirflowTaskTimeout(), True),
        (OSError(), True),
        (TimeoutError(), True),
    ],
)
def test_errors_of_others_are_tried_again_unless_they_last(
    error: BaseException, *, again: bool
) -> None:
    assert is_tried_again(error) == again


@pytest.mark.usefixtures("airflow_database")
def test_task_with_a_wrong_setting_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAWL_THREADS", "0")
    settings.cache_clear()
    dag = DagBag(str(REPOSITORY / "dags" / "stop_idle_instances.py")).dags["stop_idle_instances"]
    assert dag.get_task("stop_idle_instances").retries == 2
    (instance,) = dag.test().get_task_instances()
    assert (instance.state, instance.try_number) == ("failed", 1)
