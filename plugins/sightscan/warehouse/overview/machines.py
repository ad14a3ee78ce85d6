"""What runs on the GPU instances now, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from sightscan.warehouse.statements import statement


@dataclass(frozen=True, slots=True)
class MachineWork:
    """The training of the run that holds an instance; null: it has none, or nobody holds it.

    `session_usd` is what the instance has cost since it was started, null if it is stopped; `run_usd` what its
    holder's run has cost on all instances. The curve is mAP50 on the validation photos after each of the
    last 500 epochs.
    """

    instance_id: str
    dataset_version: int | None
    training_state: str | None
    training_started_at: datetime | None
    training_error: str | None
    price_per_hour_usd: float | None
    instance_type: str | None
    session_usd: float | None
    run_usd: float | None
    asked_epoch_count: int | None
    epoch_count: int | None
    curve: list[float | None] | None


def list_work(
    connection: psycopg.Connection[Any], instance_ids: Sequence[str]
) -> dict[str, MachineWork]:
    """Return what runs on these instances, by instance."""
    with connection.cursor(row_factory=class_row(MachineWork)) as cursor:
        cursor.execute(
            statement("overview/list_machine_work"), {"instance_ids": list(instance_ids)}
        )
        return {work.instance_id: work for work in cursor}
