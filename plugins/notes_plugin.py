"""Has workers keep why a task failed, and the scheduler write the note of a city's run.

Every process of Airflow loads its plugins, and few see a task fail or a run end: those import what it
takes. See `sightscan.operators.conclusion`. A callback of each task would do for the errors, and is
half a kilobyte more in each city's DAG.
"""

from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


class NoteKeeper:
    """A listener of Airflow, at work where tasks fail, in workers, and where runs end, in the scheduler."""

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: Any) -> None:
        """Leave why a task failed."""
        from sightscan.operators.conclusion.failures import keep_error  # noqa: PLC0415 - see above

        del previous_state
        keep_error(task_instance, error)

    @hookimpl
    def on_dag_run_success(self, dag_run: Any, msg: str) -> None:
        """Put the note to a run that ended well."""
        from sightscan.operators.conclusion.keep import keep_note  # noqa: PLC0415 - see above

        del msg
        keep_note(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: Any, msg: str) -> None:
        """Put the note to a run that is red."""
        self.on_dag_run_success(dag_run, msg)


class SightScanNotes(AirflowPlugin):
    """What Airflow is told of the keeper of notes."""

    name = "sightscan_notes"
    listeners = [NoteKeeper()]  # noqa: RUF012 - Airflow's own form
