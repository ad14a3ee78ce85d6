"""Has the scheduler write the note of a city's run: see `sightscan.operators.conclusion.keep`.

Every process of Airflow loads its plugins, and few see a run end: those import what the note takes.
"""

from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


class NoteKeeper:
    """A listener of Airflow, at work where runs end: in the scheduler."""

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
