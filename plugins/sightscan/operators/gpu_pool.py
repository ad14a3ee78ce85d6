"""Who lends machines with a GPU: what is asked of a pool of them, and which one is asked today.

The pool knows of no lease: which run holds a machine is in the warehouse, and beside it on the machine
itself (`mark`). What stands behind may change as long as a machine keeps its id and its disk when it
is stopped, and answers to SSH when it runs: SkyPilot's clusters do, a batch service's jobs do not.
`tests/contract/test_gpu_pools.py` holds each to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from sightscan.instance_sight import InstanceSight


class GpuPool(Protocol):
    """Machines with a GPU, by their ids.

    Whatever goes wrong is an `InstanceError`, in words that say what to do: a `LastingInstanceError`
    if it stays so until a person changes something, `NoCapacity` if another machine may be had.
    """

    def look_at(self, instance_id: str) -> InstanceSight:
        """Return what is known of a machine now; one that is gone is shown as terminated."""
        ...

    def list_marked(self) -> list[InstanceSight]:
        """Return the machines that are on and bear the mark of a run, whoever asks for them."""
        ...

    def host_of(self, instance_id: str) -> str:
        """Return the name or address under which a machine that runs answers."""
        ...

    def mark(self, instance_id: str, *, dag_id: str, run_id: str, deadline_at: datetime) -> None:
        """Write onto a machine which run holds it, and until when at most: its sight has it as tags."""
        ...

    def start(self, instance_id: str) -> None:
        """Start a machine that is not stopping, and return when it runs; one that runs goes on."""
        ...

    def stop(self, instance_id: str) -> None:
        """Tell a machine to stop, and return at once; to one that has stopped it does nothing."""
        ...

    def await_stopped(self, instance_id: str) -> None:
        """Return when a machine that is stopping has stopped."""
        ...


def open_pool() -> GpuPool:
    """Return the pool of this deployment: EC2."""
    # Parsing must not import Amazon's library.
    from sightscan.operators.ec2 import Ec2Pool, InstanceHook

    return Ec2Pool(InstanceHook.of_settings())
