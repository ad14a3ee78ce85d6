"""Turns and places at services that allow so many requests to all workers together."""

import threading
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any
from uuid import uuid4

import psycopg

from sightscan.host_gate import Rate, Turn
from sightscan.warehouse.statements import statement


class SharedCounter:
    """Counts requests in the warehouse, over an autocommit connection of its own.

    Threads may share it. A place that is taken is a lease: it ends by itself if its holder dies.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Keep the connection: nobody else may be in the middle of a transaction on it."""
        self._connection = connection
        self._lock = threading.Lock()

    def may_count(self) -> bool:
        """Say whether the login may write here at all."""
        row = self._ask("spend/may_count")
        return row is not None and bool(row[0])

    def take_turn(self, bucket: str, rate: Rate, max_wait_seconds: float = inf) -> Turn | None:
        """Take a turn, and say when it comes; None, and nothing taken, if that is too late."""
        row = self._ask(
            "spend/take_tokens",
            bucket=bucket,
            count=1,
            capacity=rate.capacity,
            refill_per_second=rate.refill_per_second,
            max_wait_seconds=max_wait_seconds,
        )
        return None if row is None else Turn(row[0], row[1])

    def pause(self, bucket: str, pause_seconds: float) -> None:
        """Note for all workers that a service wants to be left alone for so long."""
        self._ask("spend/pause_bucket", bucket=bucket, pause_seconds=pause_seconds)

    def take_slot(
        self, pool: str, at_once: int, lease_seconds: float
    ) -> Callable[[], object] | None:
        """Take one of the places, and return how to give it back; None: all are taken."""
        holder = uuid4()
        row = self._ask(
            "spend/take_slot",
            pool=pool,
            holder=holder,
            at_once=at_once,
            lease_seconds=lease_seconds,
        )
        if row is None:
            return None
        return partial(self._ask, "spend/free_slot", pool=pool, slot=row[0], holder=holder)

    def _ask(self, name: str, **parameters: object) -> tuple[Any, ...] | None:
        with self._lock:
            cursor = self._connection.execute(statement(name), parameters)
            return cursor.fetchone() if cursor.description else None
