"""Airflow connections made from the settings, so that there is one place to set them.

`airflow.cfg` names this class as the secrets backend. It answers two kinds of connection ids and
nothing else; all others fall through to Airflow's own stores.
"""

from __future__ import annotations

import json

from airflow.sdk import Connection
from airflow.sdk.bases.secrets_backend import BaseSecretsBackend

from sightscan.settings import settings

AWS_CONNECTION = "sightscan_aws"
GPU_HOST_CONNECTION = "sightscan_gpu_host_"


class SettingsConnections(BaseSecretsBackend):
    """EC2 as `sightscan_aws`, the host of instance X as `sightscan_gpu_host_X`."""

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """Return the connection, or None if it is not one of ours."""
        del team_name  # one team: the settings are the deployment's
        if conn_id == AWS_CONNECTION:
            return _aws()
        if conn_id.startswith(GPU_HOST_CONNECTION):
            return _gpu_host(conn_id)
        return None


def _aws() -> Connection:
    config = settings()
    extra: dict[str, object] = {"region_name": config.aws_region}
    if config.aws_endpoint_url:
        extra["endpoint_url"] = config.aws_endpoint_url
    return Connection(
        conn_id=AWS_CONNECTION,
        conn_type="aws",
        login=config.aws_access_key_id,
        password=config.aws_access_key.get_secret_value() if config.aws_access_key else None,
        extra=json.dumps(extra),
    )


def _gpu_host(conn_id: str) -> Connection:
    from sightscan.train.addresses import host_address

    # The host's name changes at each start: `await_host` finds it, operators pass it on.
    address = host_address(settings(), conn_id.removeprefix(GPU_HOST_CONNECTION), host="")
    return Connection(
        conn_id=conn_id,
        conn_type="ssh",
        host="",
        port=address.port,
        login=address.user,
        extra=json.dumps({"key_file": str(address.key_file), "host_key": address.host_key}),
    )
