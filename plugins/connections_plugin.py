"""Makes SightScan's connections known to every DAG, after all places where Airflow looks for them.

So `SQLExecuteQueryOperator(conn_id="sightscan_warehouse")` works in a company's own DAG without a
further setting, and the secrets backend stays free for AWS Secrets Manager, Vault or another.
"""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

SETTINGS_CONNECTIONS = "sightscan.operators.connections.SettingsConnections"


class SightScanConnections(AirflowPlugin):
    """Airflow loads plugins in each task's process before it asks for a connection."""

    name = "sightscan_connections"

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Put ours last: behind the secrets backend, the environment and Airflow's database."""
        # Airflow has no setting for the order. Our own tasks do without this list, see find_connection.
        from airflow.sdk.execution_time.secrets import (  # noqa: PLC0415 - only where plugins load
            DEFAULT_SECRETS_SEARCH_PATH_WORKERS,
        )

        del args, kwargs
        if SETTINGS_CONNECTIONS not in DEFAULT_SECRETS_SEARCH_PATH_WORKERS:
            DEFAULT_SECRETS_SEARCH_PATH_WORKERS.append(SETTINGS_CONNECTIONS)
