"""Has the scheduler see what is wrong with our DAGs: see `sightscan.operators.airflow_seen`.

Every process of Airflow loads its plugins, and one of them looks: so that one imports what looking takes.
"""

from datetime import UTC, datetime
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


class AirflowWatcher:
    """A listener of Airflow, at work in the scheduler alone."""

    def __init__(self) -> None:
        """Remember since when this process is there."""
        self._since = datetime.now(UTC)

    @hookimpl
    def on_dag_run_running(self, dag_run: Any, msg: str) -> None:
        """Leave with the run that tells what is wrong now."""
        from sightscan.operators.airflow_seen import (  # noqa: PLC0415 - see above
            TELLING_DAG,
            as_conf,
            as_failed_conf,
            look_at_airflow,
        )

        del msg
        if dag_run.dag_id != TELLING_DAG:
            return
        # Written with what the scheduler is about to write of the run.
        try:
            dag_run.conf = as_conf(look_at_airflow(self._since))
        except Exception as error:
            # Whatever it is: the task tells of it, and the scheduler logs it.
            dag_run.conf = as_failed_conf(error)
            raise


class SightScanAlerts(AirflowPlugin):
    """What Airflow is told of the watcher."""

    name = "sightscan_alerts"
    listeners = [AirflowWatcher()]  # noqa: RUF012 - Airflow's own form
