"""Keeps SightScan's pool from inside the scheduler: see `sightscan.operators.pools`."""

from airflow.plugins_manager import AirflowPlugin

from sightscan.operators.pools import PoolKeeper


class SightScanPools(AirflowPlugin):
    """What Airflow is told of the pool's keeper."""

    name = "sightscan_pools"
    listeners = [PoolKeeper()]  # noqa: RUF012 - Airflow's own form
