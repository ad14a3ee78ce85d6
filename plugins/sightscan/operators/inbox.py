"""What Airflow watches so that nobody waits for a clock: the app's inbox, and the registry.

The trigger looks every few seconds from the triggerer, where a look costs a query and no task; what
changed starts `sync_cities`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

import psycopg
from airflow.sdk import Asset, AssetWatcher
from airflow.sdk.exceptions import AirflowSecretsBackendAccessDenied
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from sightscan.errors import SightScanError
from sightscan.operators.kept_warehouse import KeptWarehouse

if TYPE_CHECKING:
    from sightscan.warehouse.registry.city_requests import InboxState

logger = logging.getLogger(__name__)

INBOX_LOOK_SECONDS: Final = 5.0


class InboxTrigger(BaseEventTrigger):
    """Fires when a name comes in, a photo is shared or taken back, or the registry changes.

    What it saw last is in its memory: a triggerer that starts fires once, if there is anything. Its
    events say how much waits.
    """

    def __init__(self, look_seconds: float = INBOX_LOOK_SECONDS) -> None:
        """Look at nothing yet."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.look_seconds = look_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes this trigger anew, as the base class asks."""
        return (
            f"{self.__class__.__module__}.{self.__class__.__name__}",
            {"look_seconds": self.look_seconds},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the trigger is cancelled."""
        from sightscan.warehouse.registry.city_requests import InboxState

        warehouse = KeptWarehouse()
        seen = InboxState()
        try:
            while True:
                try:
                    now = await asyncio.to_thread(_look, warehouse)
                except (psycopg.Error, SightScanError, AirflowSecretsBackendAccessDenied) as error:
                    logger.warning("the inbox cannot be looked at, and is again soon: %s", error)
                else:
                    if now.has_news_since(seen):
                        yield TriggerEvent(  # type: ignore[no-untyped-call]
                            {
                                "names": len(now.names),
                                "withdrawals": len(now.withdrawals),
                                "contributions": len(now.contributions),
                            }
                        )
                    seen = now
                await asyncio.sleep(self.look_seconds)
        finally:
            # Not waited for: a warehouse that is away must not hold up the triggerer.
            asyncio.get_running_loop().run_in_executor(None, warehouse.close)


def _look(warehouse: KeptWarehouse) -> InboxState:
    from sightscan.warehouse.registry.city_requests import find_inbox_state

    with warehouse.use() as connection:
        return find_inbox_state(connection)


def watched_inbox() -> Asset:
    """Return the asset whose events say that there is something to do."""
    return Asset(
        name="sightscan_inbox",
        uri="sightscan://inbox",
        watchers=[AssetWatcher(name="sightscan_inbox", trigger=InboxTrigger())],
    )
