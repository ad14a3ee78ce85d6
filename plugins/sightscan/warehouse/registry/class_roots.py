"""What is remembered of Wikidata's tree of classes: `core.wikidata_class`."""

import logging
from collections.abc import Collection, Mapping
from typing import Any

import psycopg
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sightscan.warehouse.statements import statement

# The tree hardly changes; what was remembered longer ago is asked for anew.
MAX_CLASS_AGE_DAYS = 120

logger = logging.getLogger(__name__)


def list_class_roots(
    connection: psycopg.Connection[Any], class_ids: Collection[str], root_ids: Collection[str]
) -> dict[str, frozenset[str]]:
    """Return the roots of those classes that were asked about all these roots, and lately."""
    given = {
        "class_ids": list(class_ids),
        "root_ids": list(root_ids),
        "max_age_days": MAX_CLASS_AGE_DAYS,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(statement("registry/list_class_roots"), given)
        return {row["class_id"]: frozenset(row["root_ids"]) for row in cursor.fetchall()}


def save_class_roots(
    connection: psycopg.Connection[Any],
    roots: Mapping[str, Collection[str]],
    asked_root_ids: Collection[str],
) -> None:
    """Remember under which of the roots asked about each class lies; who only reads does not."""
    rows = [{"class_id": class_id, "root_ids": sorted(found)} for class_id, found in roots.items()]
    try:
        with connection.transaction():
            connection.execute(
                statement("registry/save_class_roots"),
                {"classes": Jsonb(rows), "asked_root_ids": sorted(asked_root_ids)},
            )
    except (InsufficientPrivilege, ReadOnlySqlTransaction) as error:
        logger.warning("classes are not remembered: %s", error)
