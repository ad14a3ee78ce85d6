"""The warehouse as tasks and pages open it: as an Airflow connection."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import Connection
from psycopg.rows import TupleRow, tuple_row

from sightscan.operators.connections import WAREHOUSE_CONNECTION, find_connection


class WarehouseHook(PostgresHook):
    """The warehouse where PG* say, unless Airflow has `sightscan_warehouse`."""

    default_conn_name = WAREHOUSE_CONNECTION

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Return the connection with what each session of ours has, on top of its own options."""
        from sightscan.warehouse.connection import (
            APPLICATION_NAME,
            CONNECT_TIMEOUT_SECONDS,
            LOST_LINE,
            SESSION_OPTIONS,
        )

        connection = find_connection(conn_id)
        extra = {
            "application_name": APPLICATION_NAME,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            **LOST_LINE,
        } | connection.extra_dejson
        extra["options"] = f"{extra.get('options', '')} {SESSION_OPTIONS}".strip()
        # A new one: Airflow's may be a row of its database.
        return Connection(
            conn_id=conn_id,
            conn_type=connection.conn_type,
            host=connection.host,
            port=connection.port,
            schema=connection.schema,
            login=connection.login,
            password=connection.password,
            extra=json.dumps(extra),
        )


@contextmanager
def open_warehouse(hook: WarehouseHook | None = None) -> Iterator[psycopg.Connection[TupleRow]]:
    """Open the warehouse by its hook: in UTC, autocommit, closed at the end.

    Raises:
        SettingsError: neither Airflow has the connection nor PGHOST is set.
        WarehouseError: the server refuses, is not there, or is older than PostgreSQL 15.

    """
    from sightscan.warehouse.connection import open_checked

    hook = hook or WarehouseHook()
    given = hook.connection

    def opens() -> psycopg.Connection[TupleRow]:
        connection = cast("psycopg.Connection[Any]", hook.get_conn())
        connection.autocommit = True
        # The connection may ask for a cursor of dicts, for DAGs of others.
        connection.row_factory = tuple_row
        return connection

    with open_checked(
        opens,
        refusal=(
            f"the warehouse {given.schema!r} at {given.host}:{given.port} does not let "
            f"{given.login!r} in"
        ),
        advice=f"check the connection {given.conn_id} in Airflow, or else PGHOST, PGPORT, PGDATABASE, "
        "PGUSER, PGPASSWORD",
    ) as connection:
        yield connection
