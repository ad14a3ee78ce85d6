"""Telling people what is wrong, as tasks and callbacks do it; `sightscan.alerts` says what and how."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from sightscan.errors import (
    SettingsError,
    SightScanError,
    UnsettledStopError,
    WarehouseError,
)
from sightscan.settings import sound_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sightscan.alerts.channels import Channel, MailServer
    from sightscan.warehouse.incidents.incidents import Trouble

# Once an hour, with a schedule that begins then; what is costly and slow to change is looked at.
THOROUGH_MINUTES = 5
# What Airflow keeps between rounds while the warehouse, which keeps all else, is away.
AWAY_VARIABLE = "sightscan_warehouse_away"
# Of SQLSTATE: connection exceptions, and shutdowns of the server or of its database.
LOST_STATES = ("08", "57P")
TLS_PORT = 465
STARTTLS_PORT = 587
ENCRYPTIONS = ("starttls", "tls", "none")

logger = logging.getLogger(__name__)


# A channel that hangs takes half a minute.
@task(execution_timeout=timedelta(minutes=5), retries=0)
def tell_incidents() -> dict[str, int]:
    """Look what is wrong, keep it as incidents, and tell each channel once."""
    from sightscan.alerts.rounds import make_round
    from sightscan.operators.airflow_seen import look_outside
    from sightscan.operators.metrics import are_on, emit_gauges
    from sightscan.operators.warehouse import open_warehouse

    context: Any = get_current_context()
    config = sound_settings()
    channels = find_channels()
    outside = look_outside(context["dag_run"].conf)
    try:
        with open_warehouse() as connection:
            round_ = make_round(
                connection,
                config,
                channels,
                outside=outside,
                is_thorough=datetime.now(UTC).minute < THOROUGH_MINUTES,
            )
            # After telling: nobody waits for a metric.
            if are_on():
                emit_gauges(connection)
    except (SightScanError, psycopg.Error) as error:
        tell_without_warehouse(channels, error, outside.troubles)
        raise
    _forget_that_it_was_away()
    if round_.problems:
        msg = f"not all was looked at, or told: {'; '.join(round_.problems)}"
        raise AirflowFailException(msg)
    return round_.sent


def tell_stop_failed(context: Any) -> None:
    """Tell at once that a GPU could not be stopped: the callback of the tasks that stop."""
    from sightscan.alerts.rounds import tell_at_once
    from sightscan.operators.airflow_seen import REAPER_DAG, stop_failure
    from sightscan.operators.warehouse import open_warehouse

    ti = context["ti"]
    error = context.get("exception")
    if isinstance(error, UnsettledStopError) or (
        ti.dag_id == REAPER_DAG and isinstance(error, SettingsError | WarehouseError)
    ):
        logger.info("it stopped what it could without the warehouse, which tell_incidents tells")
        return
    trouble = stop_failure(ti.dag_id, datetime.now(UTC))
    channels = find_channels()
    try:
        with open_warehouse() as connection:
            tell_at_once(connection, channels, trouble)
    except (SightScanError, psycopg.Error) as error:
        logger.warning("told without the warehouse, and again when it is back: %s", error)
        _tell_unkept(channels, [trouble])


def tell_without_warehouse(
    channels: Sequence[Channel], error: Exception, troubles: Sequence[Trouble]
) -> None:
    """Tell once what is wrong with the warehouse, and what others saw; Airflow remembers who was told."""
    others = [each for each in troubles if not _is_of_the_warehouse(each)]
    _tell_unkept(channels, [trouble_of(error), *others])


def _is_of_the_warehouse(trouble: Trouble) -> bool:
    """Tell whether a trouble says no more than that the warehouse is in trouble, as long as it is."""
    from sightscan.alerts.kinds import RUN_FAILED, STOP_FAILED
    from sightscan.operators.airflow_seen import REAPER_DAG
    from sightscan.operators.conclusion.failures import CITY_DAG_PREFIX

    # The reaper tells itself, and its round is red for the warehouse's sake.
    if trouble.kind == STOP_FAILED.name:
        return trouble.subject == REAPER_DAG
    # No DAG of the upkeep does anything without it. What is red for more is told when it is back.
    return trouble.kind == RUN_FAILED.name and not trouble.subject.startswith(CITY_DAG_PREFIX)


def trouble_of(error: Exception) -> Trouble:
    """Return what is told of an error of the warehouse: it is away, or there and takes nothing."""
    from sightscan.alerts.kinds import WAREHOUSE_AWAY, WAREHOUSE_UNWRITABLE
    from sightscan.plain_text import one_line
    from sightscan.warehouse.incidents.incidents import Trouble

    kind = WAREHOUSE_AWAY if _is_away(error) else WAREHOUSE_UNWRITABLE
    return Trouble(kind.name, "warehouse", one_line(str(error)))


def _is_away(error: Exception) -> bool:
    if isinstance(error, psycopg.OperationalError):
        # Without a state the line broke; else the server ends sessions, as at its stop. A deadlock
        # and a time-out are operational errors, too.
        return error.sqlstate is None or error.sqlstate.startswith(LOST_STATES)
    return isinstance(error, WarehouseError)


def find_channels() -> tuple[Channel, ...]:
    """Return the channels: by Airflow's connections, else by the settings; the log always."""
    from sightscan.alerts.rounds import channels_of
    from sightscan.operators.connections import (
        MAIL_CONNECTION,
        WEBHOOK_CONNECTION,
        find_connection,
    )

    server, webhook = None, None
    try:
        server = mail_server_of(find_connection(MAIL_CONNECTION))
    except AirflowNotFoundException:
        logger.debug("no mail server is set up")
    try:
        webhook = find_connection(WEBHOOK_CONNECTION).password
    except AirflowNotFoundException:
        logger.debug("no webhook is set up")
    return channels_of(sound_settings(), server=server, webhook=webhook)


def mail_server_of(connection: Any) -> MailServer:
    """Return the mail server of a connection of Airflow's type `smtp`."""
    from sightscan.alerts.channels import MailServer

    extra = connection.extra_dejson
    encryption = str(extra.get("encryption") or "")
    if encryption not in ENCRYPTIONS:
        # As Airflow's own connections of mail servers say it; on 587 nobody speaks TLS at once.
        is_plain = _is_on(extra.get("disable_ssl", connection.port == STARTTLS_PORT))
        has_starttls = not _is_on(extra.get("disable_tls"))
        encryption = ("starttls" if has_starttls else "none") if is_plain else "tls"
    return MailServer(
        connection.host or "localhost",
        connection.port or (TLS_PORT if encryption == "tls" else STARTTLS_PORT),
        encryption,  # type: ignore[arg-type]
        connection.login,
        connection.password,
    )


def _is_on(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")


def _tell_unkept(channels: Sequence[Channel], troubles: Sequence[Trouble]) -> None:
    """Tell each channel once, for as long as the warehouse is away; Airflow remembers who was told."""
    from airflow.sdk import Variable

    from sightscan.alerts.unkept import name_of, read_memory, tell_unkept, write_memory

    memory = read_memory(Variable.get(AWAY_VARIABLE, default="") or "")
    told = tell_unkept(channels, {name_of(each): each for each in troubles}, memory)
    if told.memory != memory:
        Variable.set(
            AWAY_VARIABLE, write_memory(told.memory), "Who was told while the warehouse is away."
        )


def _forget_that_it_was_away() -> None:
    from airflow.sdk import Variable

    if Variable.get(AWAY_VARIABLE, default=""):
        Variable.delete(AWAY_VARIABLE)
