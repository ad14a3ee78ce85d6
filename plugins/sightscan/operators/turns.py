"""Wait for a GPU instance in the triggerer: one look at the queue for all runs that wait there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextvars import Context
from dataclasses import asdict
from typing import Any, ClassVar, Protocol

import psycopg
from airflow.sdk.exceptions import AirflowSecretsBackendAccessDenied
from airflow.triggers.base import BaseTrigger, TriggerEvent

from sightscan.errors import SightScanError
from sightscan.operators.kept_warehouse import KeptWarehouse
from sightscan.run import Run

logger = logging.getLogger(__name__)

# An instance that is handed over runs meanwhile, and is paid for.
LOOK_SECONDS = 2.0

Turns = Mapping[Run, str | None]


class Look(Protocol):
    """Looks whose turn it is; closed when nobody waits."""

    def __call__(self, runs: Collection[Run]) -> Turns:
        """Return those that need not wait longer; see `find_turns`."""

    def close(self) -> None:
        """Let go of what was opened for it."""


class WarehouseLook:
    """A look at the warehouse over one connection, which is opened anew when it is lost."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._warehouse = KeptWarehouse()

    def __call__(self, runs: Collection[Run]) -> Turns:
        """Serve the queue, and return whose turn it is.

        Raises:
            psycopg.Error, WarehouseError: the warehouse is away; the next look tries again.

        """
        from sightscan.warehouse.models.lease_queue import find_turns

        with self._warehouse.use() as connection:
            return find_turns(connection, runs)

    def close(self) -> None:
        """Close the connection."""
        self._warehouse.close()


class TurnWatch:
    """Waits for many runs at once with one look, every few seconds, while anybody waits."""

    def __init__(self, look: Look, *, look_seconds: float = LOOK_SECONDS) -> None:
        """Look at nothing before somebody waits."""
        self._look = look
        self._look_seconds = look_seconds
        self._waiting: dict[asyncio.Future[str | None], Run] = {}
        self._looking: asyncio.Task[None] | None = None

    async def wait_for_turn(self, run: Run) -> str | None:
        """Return the instance that a run was given, or None if it is not in the queue any more."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[str | None] = loop.create_future()
        self._waiting[turn] = run
        if self._looking is None or self._looking.done():
            # In a context of its own: what is logged is not about the run that came first.
            self._looking = loop.create_task(self._look_on(), context=Context())
            self._looking.add_done_callback(self._pass_on)
        try:
            return await turn
        finally:
            del self._waiting[turn]
            if not self._waiting and self._looking is not None:
                self._looking.cancel()
                # It has not ended yet: whoever comes meanwhile must not wait for it.
                self._looking = None
                # Not waited for: a warehouse that is away must not hold up the triggerer.
                loop.run_in_executor(None, self._look.close)

    async def _look_on(self) -> None:
        while True:
            try:
                turns = await asyncio.to_thread(self._look, set(self._waiting.values()))
            except (psycopg.Error, SightScanError, AirflowSecretsBackendAccessDenied) as error:
                # Places in the queue are kept; a run that nobody serves waits, as it does anyway.
                logger.warning("the queue for instances cannot be read now: %s", error)
                turns = {}
            for turn, run in self._waiting.items():
                if run in turns and not turn.done():
                    turn.set_result(turns[run])
            await asyncio.sleep(self._look_seconds)

    def _pass_on(self, looking: asyncio.Task[None]) -> None:
        """Let nobody wait for a look that has broken."""
        if looking.cancelled() or (error := looking.exception()) is None:
            return
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(error)


class LeaseTrigger(BaseTrigger):
    """Fires when a waiting run holds an instance, or has lost its place: then it asks again.

    The lease is given by whoever looks, so nothing is lost if the triggerer dies before it fires.
    """

    watch: ClassVar[TurnWatch] = TurnWatch(WarehouseLook())

    def __init__(self, *, city_id: str, dag_id: str, run_id: str) -> None:
        """Take the run that waits."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.waiting = Run(city_id, dag_id, run_id)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return where this class is and what made it."""
        return f"{type(self).__module__}.{type(self).__qualname__}", asdict(self.waiting)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the turn."""
        instance_id = await self.watch.wait_for_turn(self.waiting)
        yield TriggerEvent({"instance_id": instance_id})  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Give the place up: somebody marked the waiting task, or cleared it."""
        await asyncio.to_thread(_leave_queue, self.waiting)


def _leave_queue(run: Run) -> None:
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.models.lease_queue import leave_queue

    with open_warehouse() as connection:
        leave_queue(connection, run)
