"""Has the scheduler see what is wrong with our DAGs: see `sightscan.operators.airflow_seen`."""

from airflow.plugins_manager import AirflowPlugin

from sightscan.operators.airflow_seen import AirflowWatcher


class SightScanAlerts(AirflowPlugin):
    """What Airflow is told of the watcher."""

    name = "sightscan_alerts"
    listeners = [AirflowWatcher()]  # noqa: RUF012 - Airflow's own form
