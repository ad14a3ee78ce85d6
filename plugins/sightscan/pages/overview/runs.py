"""What Airflow knows of cities' last runs and pauses, beside what the warehouse knows of what came of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import func

from sightscan.warehouse.overview.cities import ListedCity

# What is said of a training that no model came of yet.
TRAININGS = {
    "requested": "a training is asked for",
    "running": "the training runs",
    "succeeded": "trained, the model is not judged yet",
    "failed": "the training failed",
}


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run of a DAG that was made last, as Airflow knows it; `state` is one of Airflow's."""

    run_id: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None


def find_last_runs(dag_ids: Collection[str]) -> dict[str, LastRun]:
    """Return the last run of each of these DAGs that has one."""
    if not dag_ids:
        return {}
    # Not the session of this thread, which the API server uses.
    with create_session(scoped=False) as session:
        newest = (
            session.query(func.max(DagRun.id))
            .filter(DagRun.dag_id.in_(dag_ids))
            .group_by(DagRun.dag_id)
        )
        runs = session.query(
            DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.start_date, DagRun.end_date
        ).filter(DagRun.id.in_([number for (number,) in newest]))
        return {
            dag_id: LastRun(run_id, str(state), started_at, ended_at)
            for dag_id, run_id, state, started_at, ended_at in runs
        }


def find_paused(dag_ids: Collection[str]) -> frozenset[str]:
    """Return those of these DAGs that are paused."""
    with create_session(scoped=False) as session:
        paused = session.query(DagModel.dag_id).filter(
            DagModel.dag_id.in_(dag_ids), DagModel.is_paused
        )
        return frozenset(dag_id for (dag_id,) in paused)


def tell_run(city: ListedCity, run: LastRun | None) -> dict[str, Any] | None:
    """Return the last run of a city, with what came of it in words; None if it has none."""
    if run is None:
        if city.run_id is None:
            return None
        # Airflow forgets old runs, the warehouse does not.
        run = LastRun(city.run_id, "forgotten", None, None)
    return {
        "run_id": run.run_id,
        "state": run.state,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "outcome": _outcome(city) if city.run_id == run.run_id else None,
    }


def _outcome(city: ListedCity) -> str | None:
    if city.refusal is not None:
        return f"stopped by a budget: {city.refusal}"
    if city.not_trained_because is not None:
        return f"not trained: {city.not_trained_because}"
    if city.decision is not None:
        return f"model {city.model_state}: {city.decision}"
    return TRAININGS.get(city.training_state or "")
