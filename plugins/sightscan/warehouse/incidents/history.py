"""Incidents and silences that are long over."""

from datetime import datetime
from typing import Any

import psycopg

from sightscan.warehouse.statements import statement


def forget_old_incidents(connection: psycopg.Connection[Any], before: datetime) -> int:
    """Delete incidents that were over, and silences that had ended, before a moment; return how many.

    What is open stays, however old it is.
    """
    moment = {"before": before}
    incidents = connection.execute(statement("incidents/delete_old_incidents"), moment).rowcount
    return (
        incidents + connection.execute(statement("incidents/delete_old_silences"), moment).rowcount
    )
