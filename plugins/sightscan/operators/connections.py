"""Airflow connections by name: Airflow's own first, then those made from the settings.

Six kinds are ours: the warehouse, EC2, the host of each GPU instance, the key that signs models, the
mail server and the webhook by which people are told what is wrong. Whoever gives Airflow a connection
of such a name (secrets backend, environment, UI) overrules the settings. No slot of
Airflow's configuration is taken for it: our hooks ask Airflow and fall back to the settings, and
`plugins/connections_plugin.py` makes the same connections known to everybody else's.
"""

import json
from collections.abc import Callable
from typing import cast

from airflow.sdk import Connection
from airflow.sdk.bases.secrets_backend import BaseSecretsBackend
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret
from pydantic import SecretStr

from sightscan.settings import settings, sound_settings

WAREHOUSE_CONNECTION = "sightscan_warehouse"
AWS_CONNECTION = "sightscan_aws"
GPU_HOST_CONNECTION = "sightscan_gpu_host_"
MODEL_SIGNING_CONNECTION = "sightscan_model_signing"
MAIL_CONNECTION = "sightscan_smtp"
WEBHOOK_CONNECTION = "sightscan_alert_webhook"


def find_connection(conn_id: str) -> Connection:
    """Return Airflow's connection of that name, else the one that the settings make.

    Raises:
        AirflowNotFoundException: Airflow has none, and it is none of ours.
        SettingsError: Airflow has none, and a setting that ours needs is missing.

    """
    _mask_secrets()
    try:
        return cast("Connection", Connection.get(conn_id))
    except AirflowNotFoundException:
        ours = connection_from_settings(conn_id)
        if ours is None:
            raise
    if ours.password:
        mask_secret(ours.password)
    return ours


def _mask_secrets() -> None:
    """Have logs, and what tasks leave, show no secret of the settings, whoever has the connection.

    An error of a library may have the address that it asked, and the key in it.
    """
    # A senseless setting must not keep EC2 from being told to stop.
    config = sound_settings()
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, SecretStr) and value.get_secret_value():
            mask_secret(value.get_secret_value())


def connection_from_settings(conn_id: str) -> Connection | None:
    """Return the connection, or None if it is not one of ours, or one that nobody must set.

    Raises:
        SettingsError: a setting that it needs is missing.

    """
    if conn_id.startswith(GPU_HOST_CONNECTION):
        return _gpu_host(conn_id)
    makers: dict[str, Callable[[], Connection | None]] = {
        WAREHOUSE_CONNECTION: _warehouse,
        AWS_CONNECTION: _aws,
        MODEL_SIGNING_CONNECTION: _model_signing,
        MAIL_CONNECTION: _mail_server,
        WEBHOOK_CONNECTION: _webhook,
    }
    make = makers.get(conn_id)
    return make() if make else None


class SettingsConnections(BaseSecretsBackend):
    """Our connections as Airflow asks for them, after all other places: see the plugin."""

    def get_connection(self, conn_id: str, team_name: str | None = None) -> Connection | None:
        """Return the connection, or None if it is not one of ours."""
        del team_name  # one team: the settings are the deployment's
        return connection_from_settings(conn_id)

    def get_variable(self, key: str, team_name: str | None = None) -> str | None:
        """Return None: no variable is ours. Without this, Airflow logs an error for each it looks for."""
        del key, team_name
        return None


def _warehouse() -> Connection:
    from sightscan.warehouse.connection import (
        APPLICATION_NAME,
        CONNECT_TIMEOUT_SECONDS,
        warehouse_host,
    )

    config = settings()
    return Connection(
        conn_id=WAREHOUSE_CONNECTION,
        conn_type="postgres",
        host=warehouse_host(config),
        port=config.pgport,
        schema=config.pgdatabase,
        login=config.pguser,
        password=config.pgpassword.get_secret_value() if config.pgpassword else None,
        extra=json.dumps(
            {"application_name": APPLICATION_NAME, "connect_timeout": CONNECT_TIMEOUT_SECONDS}
        ),
    )


def _aws() -> Connection:
    # Whatever else is senseless, GPUs can be stopped.
    config = sound_settings()
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


def _model_signing() -> Connection | None:
    from sightscan.signing import read_key_file

    file = settings().model_signing_key_file
    if file is None:
        return None
    return Connection(
        conn_id=MODEL_SIGNING_CONNECTION, conn_type="generic", password=read_key_file(file).text
    )


def _mail_server() -> Connection | None:
    # Whatever else is senseless, people are told.
    config = sound_settings()
    if not config.smtp_host:
        return None
    return Connection(
        conn_id=MAIL_CONNECTION,
        conn_type="smtp",
        host=config.smtp_host,
        port=config.smtp_port,
        login=config.smtp_user,
        password=config.smtp_password.get_secret_value() if config.smtp_password else None,
        extra=json.dumps({"encryption": config.smtp_encryption}),
    )


def _webhook() -> Connection | None:
    url = sound_settings().alert_webhook_url
    if url is None:
        return None
    return Connection(conn_id=WEBHOOK_CONNECTION, conn_type="http", password=url.get_secret_value())


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
