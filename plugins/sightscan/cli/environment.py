"""Which SightScan a command is about: the one of the environment, else the demo of this checkout."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import psycopg

    from sightscan.settings import Settings

# Written by the demo, with its passwords: lines `export NAME=value`, quoted for a shell.
ENVIRONMENT_FILE = "environment"


def open_settings(context: typer.Context) -> Settings:
    """Return the settings; where PGHOST is not set, those of the demo if there is one.

    Raises:
        SettingsError: a value is missing or senseless.

    """
    from sightscan.settings import REPOSITORY, settings

    state: Path = context.obj or REPOSITORY / "var" / "demo"
    file = state / ENVIRONMENT_FILE
    if not os.environ.get("PGHOST") and file.is_file():
        sys.stderr.write(f"PGHOST is not set: this is about the demo in {state}\n")
        os.environ.update(_read(file))
        settings.cache_clear()
    return settings()


@contextmanager
def open_warehouse(
    context: typer.Context,
) -> Iterator[tuple[Settings, psycopg.Connection[Any]]]:
    """Give the settings and an autocommit connection to their warehouse.

    Raises:
        SettingsError: a value is missing or senseless.
        WarehouseError: it cannot be reached.

    """
    from sightscan.warehouse.connection import connect

    config = open_settings(context)
    with connect(config, autocommit=True) as connection:
        yield config, connection


def _read(file: Path) -> dict[str, str]:
    words = shlex.split(file.read_text(encoding="utf-8"))
    pairs = (word.partition("=") for word in words if word != "export")
    return {name: value for name, _, value in pairs}
