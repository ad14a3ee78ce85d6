"""A restored warehouse before it gets its name: brought to today's schema, so that rows can be added."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from sightscan.settings import Settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.hourly_facts import fill_empty_marts
from sightscan.warehouse.schema.migrate import migrate

logger = logging.getLogger(__name__)


@contextmanager
def open_restored(config: Settings, owner: str) -> Iterator[psycopg.Connection[Any]]:
    """Open a restored warehouse as its owner, migrated: what is carried over needs today's tables."""
    with connect(config, autocommit=True) as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(owner)))
        migrate(connection, config.sql_folder, say=logger.info)
        fill_empty_marts(connection)
        yield connection
