"""Telling people what is wrong, as tasks and callbacks do it; `sightscan.alerts` says what and how."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from sightscan.errors import SightScanError, WarehouseError
from sightscan.settings import sound_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sightscan.alerts.channels import Channel, MailServer

# Once an hour, with a schedule that begins then; what is costly and slow to change is looked at.
THOROUGH_MINUTES = 5
# What Airflow keeps between rounds while the warehouse, which keeps all else, is away.
AWAY_VARIABLE = "sightscan_warehouse_away"
ENCRYPTIONS = ("starttls", "tls", "none")

logger = logging.getLogger(__name__)


# A channel that hangs takes half a minute.
@task(execution_timeout=timedelta(minutes=5), retries=0)
def tell_incidents() -> dict[str, int]:
    """Look what is wrong, keep it as incidents, and tell each channel once."""
    from sightscan.alerts.rounds import make_round
    from sightscan.operators.airflow_seen import read_conf
    from sightscan.operators.metrics import are_on, emit_gauges
    from sightscan.operators.warehouse import open_warehouse

    context: Any = get_current_context()
    config = sound_settings()
    channels = find_channels()
    problems: tuple[str, ...] = ()
    try:
        with open_warehouse() as connection:
            outside, unseen = _outside(read_conf, context["dag_run"].conf)
            round_ = make_round(
                connection,
                config,
                channels,
                outside=outside,
                is_thorough=datetime.now(UTC).minute < THOROUGH_MINUTES,
            )
            problems = (*unseen, *round_.problems)
            # After telling: nobody waits for a metric.
            if are_on():
                emit_gauges(connection)
    except (WarehouseError, psycopg.OperationalError) as error:
        tell_without_warehouse(channels, str(error))
        raise
    _forget_that_it_was_away()
    if problems:
        msg = f"not all was looked at, or told: {'; '.join(problems)}"
        raise AirflowFailException(msg)
    return round_.sent


def tell_stop_failed(context: Any) -> None:
    """Tell at once that a GPU could not be stopped: the callback of the tasks that stop."""
    from sightscan.alerts.rounds import tell_at_once
    from sightscan.operators.airflow_seen import stop_failure
    from sightscan.operators.warehouse import open_warehouse

    trouble = stop_failure(context["ti"].dag_id, datetime.now(UTC))
    channels = find_channels()
    try:
        with open_warehouse() as connection:
            tell_at_once(connection, channels, trouble)
    except (WarehouseError, psycopg.OperationalError) as error:
        logger.warning("told without the warehouse, and again when it is back: %s", error)
        _send_to_all(channels, trouble.kind, trouble.subject, trouble.sentence)


def tell_without_warehouse(channels: Sequence[Channel], why: str) -> None:
    """Tell once that the warehouse is away; Airflow remembers to whom it was told."""
    from airflow.sdk import Variable

    from sightscan.alerts.kinds import WAREHOUSE_AWAY

    told = set((Variable.get(AWAY_VARIABLE, default="") or "").split())
    untold = [channel for channel in channels if channel.name not in told]
    told |= _send_to_all(untold, WAREHOUSE_AWAY.name, "warehouse", why)
    Variable.set(AWAY_VARIABLE, " ".join(sorted(told)), "Who was told that the warehouse is away.")


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
        # As Airflow's own connections of mail servers say it.
        is_plain = _is_on(extra.get("disable_ssl"))
        has_starttls = not _is_on(extra.get("disable_tls"))
        encryption = ("starttls" if has_starttls else "none") if is_plain else "tls"
    return MailServer(
        connection.host or "localhost",
        connection.port or 587,
        encryption,  # type: ignore[arg-type]
        connection.login,
        connection.password,
    )


def _is_on(value: object) -> bool:
    return str(value).lower() in ("true", "1", "yes")


def _outside(read: Any, conf: Any) -> tuple[Any, tuple[str, ...]]:
    """Return what the scheduler saw; if it saw nothing, nothing, and why."""
    from sightscan.alerts.rounds import Outside

    try:
        return read(conf), ()
    except SightScanError as error:
        return Outside(), (str(error),)


def _send_to_all(channels: Sequence[Channel], kind: str, subject: str, sentence: str) -> set[str]:
    """Send to channels without the warehouse; return the names of those that took it."""
    import uuid

    from sightscan.alerts.channels import ChannelError
    from sightscan.alerts.message import message_about
    from sightscan.warehouse.incidents.incidents import Incident

    now = datetime.now(UTC)
    incident = Incident(0, kind, subject, sentence, None, uuid.uuid4(), now, None)
    took = set()
    for channel in channels:
        try:
            channel.send(message_about(incident))
        except ChannelError as error:
            logger.warning("%s could not be told, and is again: %s", channel.name, error)
        else:
            took.add(channel.name)
    return took


def _forget_that_it_was_away() -> None:
    from airflow.sdk import Variable

    if Variable.get(AWAY_VARIABLE, default=""):
        Variable.delete(AWAY_VARIABLE)
