"""A server that is starting is waited for, one that refuses is not."""

import time
from contextlib import nullcontext
from typing import Any
from unittest.mock import MagicMock

import psycopg
import pytest
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import Format

from sightscan.errors import WarehouseError
from sightscan.settings import read_settings
from sightscan.warehouse.connection import bulk_cursor, connect

STARTING = psycopg.OperationalError("FATAL:  the database system is starting up")
REFUSED = psycopg.OperationalError("FATAL:  password authentication failed")


def opened() -> Any:
    return MagicMock(spec=psycopg.Connection, **{"info.server_version": 170_000})


@pytest.mark.parametrize(
    ("answers", "slept", "end"),
    [
        ([opened()], [], nullcontext()),
        ([STARTING, STARTING, opened()], [1, 2], nullcontext()),
        ([STARTING] * 3, [1, 2], pytest.raises(WarehouseError, match="starting up")),
        ([REFUSED], [], pytest.raises(WarehouseError, match="password")),
        ([STARTING, REFUSED], [1], pytest.raises(WarehouseError, match="password")),
    ],
)
def test_only_a_server_that_is_starting_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, answers: list[Any], slept: list[float], end: Any
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(psycopg, "connect", MagicMock(side_effect=answers))
    monkeypatch.setattr(time, "sleep", pauses.append)
    with end, connect(read_settings(pghost="db.example")):
        pass
    assert pauses == slept


def test_bulk_cursor_sends_lists_in_binary_and_whole(warehouse: psycopg.Connection[Any]) -> None:
    lists = [[b"\0\\'", b""], ['a,"b"{', None], [1, -(2**40)], [True, False], []]
    with bulk_cursor(warehouse) as cursor:
        for each in lists[:-1]:
            dumper = Transformer(cursor).get_dumper(each, PyFormat.AUTO)
            assert dumper.format == Format.BINARY
        row = cursor.execute(
            "select %s::bytea[], %s::text[], %s::bigint[], %s::boolean[], %s::timestamptz[]", lists
        ).fetchone()
    assert row is not None
    assert list(row) == lists
