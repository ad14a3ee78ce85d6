"""One way to reach the warehouse, whatever PostgreSQL it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_incrementing

from sightscan.errors import SettingsError, WarehouseError
from sightscan.settings import Settings, settings

CONNECT_TIMEOUT_SECONDS = 10
CONNECT_ATTEMPTS = 3
OLDEST_SERVER = 150_000


@contextmanager
def connect(
    config: Settings | None = None, *, autocommit: bool = False
) -> Iterator[psycopg.Connection[TupleRow]]:
    """Open a connection in UTC; commit at the end, roll back on an error, always close.

    Raises:
        SettingsError: PGHOST is not set.
        WarehouseError: the server refuses, is not there, or is older than PostgreSQL 15.

    """
    connection = _open(config or settings(), autocommit=autocommit)
    with connection:
        yield connection


def _open(config: Settings, *, autocommit: bool) -> psycopg.Connection[TupleRow]:
    if config.pghost is None:
        msg = (
            "PGHOST is not set: expected the host of a PostgreSQL from 15 on; set PGHOST, PGPORT, "
            "PGDATABASE, PGUSER and PGPASSWORD, or start the embedded server with `make demo`"
        )
        raise SettingsError(msg)
    try:
        connection = _connect_patiently(config, autocommit=autocommit)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        msg = (
            f"the warehouse {config.pgdatabase!r} at {config.pghost}:{config.pgport} does not let "
            f"{config.pguser!r} in: {reason}; check PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD"
        )
        raise WarehouseError(msg) from None
    if connection.info.server_version < OLDEST_SERVER:
        version = connection.info.server_version // 10_000
        connection.close()
        msg = f"the warehouse runs PostgreSQL {version}, but 15 or newer is needed; upgrade it"
        raise WarehouseError(msg)
    return connection


def _connect_patiently(config: Settings, *, autocommit: bool) -> psycopg.Connection[TupleRow]:
    """Try again while the server is starting; a refused password is final at once."""
    connect_again = Retrying(
        stop=stop_after_attempt(CONNECT_ATTEMPTS),
        wait=wait_incrementing(start=1, increment=1),
        retry=retry_if_exception(_is_starting_up),
        reraise=True,
    )
    return connect_again(
        psycopg.connect,
        host=config.pghost,
        port=config.pgport,
        dbname=config.pgdatabase,
        user=config.pguser,
        password=config.pgpassword.get_secret_value() if config.pgpassword else None,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        application_name="sightscan",
        options="-c timezone=UTC",
        autocommit=autocommit,
    )


def _is_starting_up(error: BaseException) -> bool:
    return isinstance(error, psycopg.OperationalError) and "starting up" in str(error)
