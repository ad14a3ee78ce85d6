"""One connection to the warehouse for triggers, which look again and again.

The hook is imported at the first look: DAG files import the triggers, and parsing them must stay
cheap.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg


class KeptWarehouse:
    """Opens the warehouse at the first look, and anew when the connection is lost."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._opened = ExitStack()
        self._connection: psycopg.Connection[Any] | None = None
        # Looks follow each other, but one that nobody waits for any more may still be under way.
        self._lock = threading.Lock()

    @contextmanager
    def use(self) -> Iterator[psycopg.Connection[Any]]:
        """Give the connection to one thread at a time.

        Raises:
            psycopg.Error, WarehouseError: the warehouse is away; the next look tries again.

        """
        from sightscan.operators.warehouse import open_warehouse

        with self._lock:
            if self._connection is None or self._connection.closed:
                self._opened.close()
                self._connection = self._opened.enter_context(open_warehouse())
            yield self._connection

    def close(self) -> None:
        """Close the connection, once who uses it is done."""
        with self._lock:
            self._opened.close()
            self._connection = None
