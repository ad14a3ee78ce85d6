"""Watch a training: the remote job's end, and the epochs' metrics while it goes on."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from airflow.providers.ssh.triggers.ssh_remote_job import SSHRemoteJobTrigger
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSecretsBackendAccessDenied
from asyncssh import DEVNULL, SSHClientConnection

from sightscan.errors import SightScanError
from sightscan.operators.connections import GPU_HOST_CONNECTION
from sightscan.settings import settings
from sightscan.train.addresses import host_address
from sightscan.train.host import connect_host
from sightscan.train.progress import parse_progress

# 4,000 epochs, and far more than a piece of the log.
MAX_OUTPUT_CHARACTERS = 2_000_000


class TrainingTrigger(SSHRemoteJobTrigger):
    """The remote job's trigger, which also keeps progress.jsonl in core.training_run."""

    def __init__(self, *, training_id: int, progress_file: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.training_id = training_id
        self.progress_file = progress_file
        self._epochs_saved = 0

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return where this class is and what made it."""
        _, arguments = super().serialize()
        arguments |= {"training_id": self.training_id, "progress_file": self.progress_file}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def _connect(self) -> SSHClientConnection:
        # The provider's hook asks Airflow alone; the settings are asked where Airflow knows nothing.
        try:
            return await super()._connect()
        except AirflowNotFoundException:
            instance_id = self.ssh_conn_id.removeprefix(GPU_HOST_CONNECTION)
            return await connect_host(host_address(settings(), instance_id, self.remote_host or ""))

    async def _run_command(self, conn: SSHClientConnection, command: str) -> tuple[int, str, str]:
        """Run a command, and believe only so much of what it says.

        The provider's own waits for the end of all output, in the one process that watches all
        trainings.
        """
        text = ""
        async with asyncio.timeout(self.command_timeout):
            process = await conn.create_process(command, stderr=DEVNULL, errors="replace")
            try:
                while left := MAX_OUTPUT_CHARACTERS - len(text):
                    piece = await process.stdout.read(left)
                    if not piece:
                        break
                    text += piece
            finally:
                # Not waited for: that, too, is the host's to answer.
                process.close()
        return process.exit_status or 0, text, ""

    async def _check_completion(self, conn: SSHClientConnection) -> int | None:
        # Progress first: after the job's end there is no further poll.
        _, text, _ = await self._run_command(conn, f"cat {shlex.quote(self.progress_file)}")
        exit_code = await super()._check_completion(conn)
        epochs = parse_progress(text)
        if len(epochs) > self._epochs_saved:
            await self._keep(epochs)
        return exit_code

    async def _keep(self, epochs: Sequence[Mapping[str, Any]]) -> None:
        try:
            await asyncio.to_thread(_save_epochs, self.training_id, epochs)
        except (psycopg.Error, SightScanError, AirflowSecretsBackendAccessDenied) as error:
            # A training must not end because its progress cannot be shown; the next poll saves it.
            self.log.warning("the epochs' metrics were not saved: %s", error)
        else:
            self._epochs_saved = len(epochs)


def _save_epochs(training_id: int, epochs: Sequence[Mapping[str, Any]]) -> None:
    from sightscan.operators.warehouse import open_warehouse
    from sightscan.warehouse.models.trainings import save_epoch_metrics

    with open_warehouse() as connection:
        save_epoch_metrics(connection, training_id, epochs)
