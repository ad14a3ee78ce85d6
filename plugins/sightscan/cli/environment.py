"""Which SightScan a command is about: the one of the environment, else the demo of this checkout."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from sightscan.city import City
    from sightscan.settings import Settings

# Where the demo is that `sightscan --state` named.
DEMO_FOLDER: ContextVar[Path | None] = ContextVar("DEMO_FOLDER", default=None)
# Written by the demo, with its passwords: lines `export NAME=value`, quoted for a shell.
ENVIRONMENT_FILE = "environment"


def open_settings() -> Settings:
    """Return the settings; where PGHOST is not set, those of the demo if there is one.

    Raises:
        SettingsError: a value is missing or senseless.

    """
    from sightscan.settings import REPOSITORY, settings

    folder = DEMO_FOLDER.get() or REPOSITORY / "var" / "demo"
    file = folder / ENVIRONMENT_FILE
    if not os.environ.get("PGHOST") and file.is_file():
        sys.stderr.write(f"PGHOST is not set: this is about the demo in {folder}\n")
        words = shlex.split(file.read_text(encoding="utf-8"))
        pairs = (word.partition("=") for word in words if word != "export")
        os.environ.update({name: value for name, _, value in pairs})
        settings.cache_clear()
    return settings()


@contextmanager
def open_warehouse() -> Iterator[tuple[Settings, psycopg.Connection[Any]]]:
    """Give the settings and an autocommit connection to their warehouse.

    Raises:
        SettingsError: a value is missing or senseless.
        WarehouseError: it cannot be reached.

    """
    from sightscan.warehouse.connection import connect

    config = open_settings()
    with connect(config, autocommit=True) as connection:
        yield config, connection


@contextmanager
def open_city(
    name: str, **form: object
) -> Iterator[tuple[Settings, psycopg.Connection[Any], City]]:
    """Give a city of the registry with its own settings; `form` overrides these, as at a trigger."""
    from sightscan.warehouse.registry.cities import find_city

    with open_warehouse() as (config, connection):
        city = find_city(connection, name)
        yield config.with_overrides({**city.overrides, **form}), connection, city
