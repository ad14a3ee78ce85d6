"""Advisory locks: every key in use, so that no two subjects take one, and the lock that many share.

By name, the hash of which is the key; all end with the transaction:

| key | is taken by |
|---|---|
| `sightscan.removal` | take-downs; shared, by whoever stores what a take-down deletes |
| `sightscan.clustering.<subject>` | who clusters photos of a city, or of all |
| `sightscan.dataset.<city_id>` | who freezes a dataset |
| `sightscan.model.<city_id>` | who registers a model or puts one in place |
| `sightscan.snapshot` | who writes the registry's snapshot |
| `ledger/<provider>/<feature>` | who reserves calls of a paid feature |
| `budget` | who estimates what a run may cost, or lets a city in on a budget |
| `sightscan.lease_queue` | who gives GPU instances to runs that wait |

By number:

| key | is taken by |
|---|---|
| 7362051 | who migrates; a lock of the session, which the server frees when it dies |
| 7362052, mart number | who refreshes an hourly mart, until the commit |
| 7362054 | who claims labels for a reviewer, until the commit |
| 7362055 | who runs the data checks of all cities, or notes what those of one found, until the commit |
| 7362056 | who restores a backup on trial; a lock of the session, as who migrates takes |
"""

from typing import Any

import psycopg

from sightscan.warehouse.statements import statement

MIGRATION_LOCK = 7_362_051
HOURLY_LOCK = 7_362_052
CLAIM_LOCK = 7_362_054
CHECK_LOCK = 7_362_055
DRILL_LOCK = 7_362_056


def hold_off_removals(connection: psycopg.Connection[Any]) -> None:
    """Let no photo be taken down until the commit; at once with others who store."""
    connection.execute(statement("warehouse/hold_off_removals"))
