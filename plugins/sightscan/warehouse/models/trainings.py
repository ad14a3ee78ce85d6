"""Trainings, asked for, running, done or failed: `core.training_run`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sightscan.errors import LastingTrainingError
from sightscan.run import Run
from sightscan.training import Training, TrainingRequest
from sightscan.warehouse.statements import statement


def insert_training(
    connection: psycopg.Connection[Any], run: Run, *, dataset_version: int, request: TrainingRequest
) -> Training:
    """Store what a run asks for, unless it has asked already of this dataset; return what stands."""
    with connection.transaction():
        connection.execute(
            statement("models/set_training_aside"),
            {"dataset_version": dataset_version, **asdict(run)},
        )
        connection.execute(
            statement("models/insert_training"),
            {
                "dataset_version": dataset_version,
                **asdict(run),
                "request": Jsonb(request.to_json()),
            },
        )
        return read_training(connection, run)


def read_training(connection: psycopg.Connection[Any], run: Run) -> Training:
    """Return the training of a run.

    Raises:
        LastingTrainingError: the run asked for none.

    """
    found = find_training(connection, run)
    if found is None:
        msg = f"run {run.run_id!r} of {run.dag_id} asked for no training; run freeze_dataset first"
        raise LastingTrainingError(msg)
    return found


def find_training(connection: psycopg.Connection[Any], run: Run) -> Training | None:
    """Return the training of a run, if it asked for one."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement("models/find_training"), asdict(run)).fetchone()
    if row is None:
        return None
    return Training(
        training_id=row["training_id"],
        city_id=row["city_id"],
        city_slug=row["slug"],
        dataset_version=row["dataset_version"],
        dataset_sha256=row["sha256"],
        request=TrainingRequest.from_json(row["request"]),
        state=row["state"],
    )


def list_finished_requests(
    connection: psycopg.Connection[Any], city_id: str, dataset_version: int
) -> list[TrainingRequest]:
    """Return what was asked for of a dataset and came to a model."""
    rows = connection.execute(
        statement("models/list_finished_requests"),
        {"city_id": city_id, "dataset_version": dataset_version},
    ).fetchall()
    return [TrainingRequest.from_json(request) for (request,) in rows]


def find_architecture(
    connection: psycopg.Connection[Any], city_id: str, model_version: int
) -> str | None:
    """Return the network that a model of a city was trained as; None if nobody knows."""
    row = connection.execute(
        statement("models/find_architecture"),
        {"city_id": city_id, "model_version": model_version},
    ).fetchone()
    return None if row is None else row[0]


def start_training(
    connection: psycopg.Connection[Any], training_id: int, *, instance_id: str
) -> None:
    """Note that the trainer was started, in the open session of its instance."""
    connection.execute(
        statement("models/start_training"), {"training_id": training_id, "instance_id": instance_id}
    )


def finish_training(
    connection: psycopg.Connection[Any], training_id: int, *, error: str | None = None
) -> None:
    """Note that a training succeeded, or failed with an error; a success is never taken back."""
    connection.execute(
        statement("models/finish_training"),
        {
            "training_id": training_id,
            "state": "succeeded" if error is None else "failed",
            "error": error,
        },
    )


def save_epoch_metrics(
    connection: psycopg.Connection[Any], training_id: int, epochs: Sequence[Mapping[str, Any]]
) -> None:
    """Replace the epochs of a training by these, one object each."""
    connection.execute(
        statement("models/save_epoch_metrics"),
        {"training_id": training_id, "epoch_metrics": Jsonb([dict(epoch) for epoch in epochs])},
    )
