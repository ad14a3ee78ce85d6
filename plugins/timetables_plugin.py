"""Tells Airflow of the timetable that retired cities have."""

from airflow.plugins_manager import AirflowPlugin

from sightscan.operators.city_dag.schedule import Retired


class SightScanTimetables(AirflowPlugin):
    """What Airflow may deserialise."""

    name = "sightscan_timetables"
    timetables = [Retired]  # noqa: RUF012 - Airflow's own form
