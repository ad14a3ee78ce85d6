"""The only place that touches SQL: connections, migrations, statements by name, bulk loads."""

from sightscan.warehouse.connection import connect
from sightscan.warehouse.statements import statement

__all__ = ["connect", "statement"]
