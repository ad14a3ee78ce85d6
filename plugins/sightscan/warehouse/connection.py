"""One way to reach the warehouse, whatever PostgreSQL it is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.array import ListBinaryDumper
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_incrementing

from sightscan.errors import SettingsError, WarehouseError
from sightscan.settings import Settings, settings

CONNECT_TIMEOUT_SECONDS = 10
CONNECT_ATTEMPTS = 3
OLDEST_SERVER = 150_000
APPLICATION_NAME = "sightscan"
# Of each session: hours and months are those of UTC, wherever the server is.
SESSION_OPTIONS = "-c timezone=UTC"
# A server that has gone without a word is noticed within a minute or so: else whoever waits for its
# answer, and in the triggerer all who wait for an instance, would wait for hours.
LOST_LINE: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

Connection = psycopg.Connection[TupleRow]
Connector = Callable[[], AbstractContextManager[Connection]]


@contextmanager
def connect(config: Settings | None = None, *, autocommit: bool = False) -> Iterator[Connection]:
    """Open a connection in UTC; commit at the end, roll back on an error, always close.

    Raises:
        SettingsError: PGHOST is not set.
        WarehouseError: the server refuses, is not there, or is older than PostgreSQL 15.

    """
    config = config or settings()
    host = warehouse_host(config)
    with open_checked(
        lambda: psycopg.connect(
            host=host,
            port=config.pgport,
            dbname=config.pgdatabase,
            user=config.pguser,
            password=config.pgpassword.get_secret_value() if config.pgpassword else None,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            application_name=APPLICATION_NAME,
            options=SESSION_OPTIONS,
            **LOST_LINE,
            autocommit=autocommit,
        ),
        refusal=(
            f"the warehouse {config.pgdatabase!r} at {host}:{config.pgport} does not let "
            f"{config.pguser!r} in"
        ),
        advice="check PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD",
    ) as connection:
        yield connection


def bulk_cursor(connection: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    """Return a cursor that sends lists as binary: as text, hashes are escaped one by one, and twice."""
    cursor = connection.cursor()
    cursor.adapters.register_dumper(list, ListBinaryDumper)
    return cursor


def warehouse_host(config: Settings) -> str:
    """Return the host that the settings name.

    Raises:
        SettingsError: PGHOST is not set.

    """
    if config.pghost is None:
        msg = (
            "PGHOST is not set: expected the host of a PostgreSQL from 15 on; set PGHOST, PGPORT, "
            "PGDATABASE, PGUSER and PGPASSWORD, or start the embedded server with `make demo`"
        )
        raise SettingsError(msg)
    return config.pghost


def reopener(connection: psycopg.Connection[Any]) -> Connector:
    """Return what opens further autocommit connections to where this one leads.

    Ask while the connection is open; what is returned works after it is lost, too. Work that was
    given a connection reaches the same warehouse by it, whatever the settings say.
    """
    info = connection.info
    parameters: dict[str, Any] = info.get_parameters()
    password = info.password
    refusal = (
        f"the warehouse {info.dbname!r} at {info.host}:{info.port} does not let {info.user!r} in"
    )
    return lambda: open_checked(
        lambda: psycopg.connect(**parameters, password=password, autocommit=True),
        refusal=refusal,
        advice="look whether the server runs, and whether the login may still connect",
    )


@contextmanager
def open_checked(
    opens: Callable[[], Connection], *, refusal: str, advice: str
) -> Iterator[Connection]:
    """Open a connection if it leads to a warehouse; commit, or roll back, and close at the end.

    Raises:
        WarehouseError: `refusal` with the server's reason and `advice`, or the server is too old.

    """
    try:
        connection = _open_with_retry(opens)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        msg = f"{refusal}: {reason}; {advice}"
        raise WarehouseError(msg) from None
    if connection.info.server_version < OLDEST_SERVER:
        version = connection.info.server_version // 10_000
        connection.close()
        msg = f"the warehouse runs PostgreSQL {version}, but 15 or newer is needed; upgrade it"
        raise WarehouseError(msg)
    with connection:
        yield connection


def _open_with_retry(opens: Callable[[], Connection]) -> Connection:
    """Try again while the server is starting; a refused password is final at once."""
    connect_again = Retrying(
        stop=stop_after_attempt(CONNECT_ATTEMPTS),
        wait=wait_incrementing(start=1, increment=1),
        retry=retry_if_exception(_is_starting_up),
        reraise=True,
    )
    return connect_again(opens)


def _is_starting_up(error: BaseException) -> bool:
    return isinstance(error, psycopg.OperationalError) and "starting up" in str(error)
