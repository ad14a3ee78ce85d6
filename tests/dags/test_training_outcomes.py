"""How a training's end reaches the task: what may be tried again is, with the trainer's own words."""

from contextlib import nullcontext
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from sightscan.errors import TrainingError, WarehouseError
from sightscan.operators import trainings
from sightscan.operators.trainings import TrainModelOperator


@pytest.fixture
def operator() -> TrainModelOperator:
    return TrainModelOperator(
        task_id="train_model",
        slug="malaga",
        instance_id="i-1",
        remote_host="localhost",
        command="true",
        training_id=7,
        progress_file="progress.jsonl",
    )


def event(exit_code: int | None, log: str = "", message: str = "") -> dict[str, Any]:
    return {
        "job_id": "job",
        "job_dir": ".sightscan-jobs/job",
        "log_file": "log",
        "exit_code_file": "exit_code",
        "remote_os": "posix",
        "done": True,
        "exit_code": exit_code,
        "log_chunk": log,
        "message": message,
    }


@pytest.mark.parametrize(
    ("told", "kind", "sentence"),
    [
        (event(1, "asked to fail\n"), TrainingError, r"exit code: 1 .*: asked to fail$"),
        (
            event(2, "BadRequest: epochs\n"),
            AirflowFailException,
            r"code: 2 .*: BadRequest: epochs$",
        ),
        (event(3, "OutOfMemory: 1\n"), TrainingError, r"exit code: 3 .*: OutOfMemory: 1$"),
        (event(126), AirflowFailException, r"126 \(MTS_TRAINER_COMMAND cannot be run on the host"),
        (event(127), AirflowFailException, r"127 \(MTS_TRAINER_COMMAND is not found on the host"),
        (event(125), TrainingError, r"125 \(the container could not be started"),
        (event(137), TrainingError, r"exit code: 137 \(it was killed"),
        (
            event(None, message="the training ended after epoch 2"),
            TrainingError,
            "^the training ended",
        ),
        ({}, TrainingError, "null event"),
    ],
)
def test_only_bad_input_or_a_bad_command_is_not_tried_again(
    operator: TrainModelOperator,
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, Any],
    kind: type[Exception],
    sentence: str,
) -> None:
    noted: list[str] = []
    monkeypatch.setattr(operator, "_note_failure", noted.append)
    with pytest.raises(Exception, match=sentence) as raised:
        operator.execute_complete({}, told)
    assert type(raised.value) is kind
    assert noted == [str(raised.value)]


def test_success_is_none_of_it(
    operator: TrainModelOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(trainings, "city_work", nullcontext)
    monkeypatch.setattr(
        trainings, "require_lease", lambda _, instance_id: asked.append(instance_id)
    )
    operator.execute_complete({}, event(0, "model written\n"))
    assert asked == [operator.instance_id]


def test_warehouse_that_is_away_does_not_hide_why_a_training_failed(
    operator: TrainModelOperator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(_slug: str) -> Any:
        msg = "the warehouse cannot be reached"
        raise WarehouseError(msg)

    monkeypatch.setattr(trainings, "city_work", away)
    with pytest.raises(AirflowFailException, match="BadRequest: epochs"):
        operator.execute_complete({}, event(2, "BadRequest: epochs\n"))
    assert "was not noted in the warehouse" in caplog.text
