"""Failures that another try would repeat are not tried again; all others are."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import RetryAction
from airflow.sdk.api.client import Client
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
from tests.rules.source_tree import sources

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
REPOSITORY = Path(__file__).resolve().parents[2]
# Of ours; a class that is not here is tried again.
LASTING = {
    "AmbiguousCity",
    "DatasetError",
    "HostDiskFull",
    "LastingInstanceError",
    "LastingPublicationError",
    "LastingServiceError",
    "LastingTrainingError",
    "NotAllSignedError",
    "NotBelievedError",
    "SettingsError",
    "UnknownCity",
}


# Each cause of the two errors that may pass or last, by where it is raised: is it tried again?
CAUSES = {
    "cli.model.show_card: a command's": False,
    "model_folder.parse_result: no JSON, a key of another kind": False,
    "operators.triggers._require_life: the job is dead": True,
    "publish.detector.__init__: no time or memory for a trial": True,
    "publish.detector.check_model: nothing that the trainer exports": False,
    "publish.detector.decode_photo: a test photo is no image": False,
    "publish.export.check_samples: the export is broken": False,
    "publish.measure.measure_detections: no test photo has a box": False,
    "publish.publish.publish_model: another model was put in place meanwhile": True,
    "publish.publish.put_back: a command's": True,
    "publish.publish.rollback: a command's": True,
    "publish.register._check: another dataset, request or file": False,
    "publish.register._read_files: pickles": False,
    "publish.register._read_files: no finished model": False,
    "publish.register._read_live: no live variant, though it is named": False,
    "publish.variant._check_kind: of other classes, or another side": False,
    "train.download._check_hash: it may have been read badly": True,
    "train.download._check_identity: of another dataset or request": False,
    "train.download._read: no model, or not whole": False,
    "train.transfer._run: a host that talks without an end": False,
    "train.transfer.read_file: a file without an end": False,
    "train.upload._read_weights: the weights are gone": False,
    "train.upload._send_photos: photos are gone": False,
    "training.weights_sha256: a name without a hash": False,
    "warehouse.models.cards.read_model_facts: there is no such model": False,
    "warehouse.models.models.read_model: there is none": False,
    "warehouse.models.models.read_model_file: missing or damaged": False,
    "warehouse.models.trainings.read_training: none was asked for": False,
}
# Not in it, since they choose by what happened: operators.trainings (test_training_outcomes.py),
# publish.left_over (its tests).
MIXED = ("TrainingError", "PublicationError")


def raised_mixed() -> Iterator[tuple[str, bool]]:
    """Yield where one of the errors that may pass or last is raised, and whether it may pass."""
    for source in sources("plugins"):
        functions = [node for node in ast.walk(source.tree) if isinstance(node, FUNCTIONS)]
        for function in functions:
            for node in ast.walk(function):
                match node:
                    case ast.Raise(exc=ast.Call(func=ast.Name(id=name))) if name.endswith(MIXED):
                        where = f"{source.module.removeprefix('sightscan.')}.{function.name}"
                        yield where, not name.startswith("Lasting")


# [scheduler] task_instance_heartbeat_timeout.
HEARTBEAT_SECONDS = 120


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


def test_every_cause_that_may_pass_or_last_has_been_thought_of() -> None:
    expected = {(cause.partition(":")[0], again) for cause, again in CAUSES.items()}
    assert set(raised_mixed()) == expected, "say in the table whether another try may do better"


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


@pytest.mark.parametrize("away_seconds", [0, 20, 50, 3600])
def test_task_waits_for_an_api_server_that_restarts_but_not_until_it_is_missed(
    monkeypatch: pytest.MonkeyPatch, away_seconds: int
) -> None:
    waited: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if sum(waited) < away_seconds:
            msg = "refused"
            raise httpx.ConnectError(msg)
        return httpx.Response(200, json={}, request=request)

    monkeypatch.setattr(Client.request.retry, "sleep", waited.append)
    client = Client(base_url="http://api", token="", transport=httpx.MockTransport(answer))
    if away_seconds < HEARTBEAT_SECONDS:
        assert client.get("/").is_success
    else:
        with pytest.raises(httpx.ConnectError):
            client.get("/")
    assert sum(waited) < HEARTBEAT_SECONDS
