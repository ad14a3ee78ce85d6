"""The warehouse as the pages open it: as tasks do, so that both show the same."""

import time
from contextlib import AbstractContextManager
from functools import lru_cache

from sightscan.operators.warehouse import WarehouseHook
from sightscan.operators.warehouse import open_warehouse as open_by
from sightscan.warehouse.connection import Connection

LOOK_UP_SECONDS = 60


def open_warehouse() -> AbstractContextManager[Connection]:
    """Open an autocommit connection to the warehouse; it is closed at the end."""
    return open_by(_hook(int(time.monotonic() // LOOK_UP_SECONDS)))


# A page of the gallery is a hundred requests: a secrets backend may be slow, and paid by the call.
@lru_cache(maxsize=1)
def _hook(_minute: int) -> WarehouseHook:
    return WarehouseHook()
