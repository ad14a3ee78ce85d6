"""Watch a training: the remote job's end, and the epochs' metrics while it goes on."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from airflow.providers.ssh.triggers.ssh_remote_job import SSHRemoteJobTrigger
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSecretsBackendAccessDenied
from airflow.triggers.base import TriggerEvent
from asyncssh import DEVNULL, SSHClientConnection

from sightscan.errors import SightScanError, TrainingError
from sightscan.operators.connections import GPU_HOST_CONNECTION
from sightscan.settings import settings
from sightscan.train.addresses import host_address
from sightscan.train.host import connect_host
from sightscan.train.jobs import end_command, state_command
from sightscan.train.progress import parse_progress

# 4,000 epochs, and far more than a piece of the log.
MAX_OUTPUT_CHARACTERS = 2_000_000
# The longest wait between two attempts: a host that is back from a reboot is asked soon.
MAX_RECONNECT_SECONDS = 8
# The job writes its pid a moment after it was submitted; polls in which it may be missing.
MAX_UNBORN_POLLS = 6
LAST_LOG_BYTES = 2_000
# Of what the host says about a death.
MAX_DEATH_CHARACTERS = 500


class TrainingTrigger(SSHRemoteJobTrigger):
    """The remote job's trigger, which keeps progress.jsonl in core.training_run and notices a death.

    A job that was killed, or that a reboot ended, writes no exit code: the provider's trigger would
    wait until the task's time is over.
    """

    def __init__(self, *, training_id: int, progress_file: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.training_id = training_id
        self.progress_file = progress_file
        self._epochs_saved = 0
        self._unborn_polls = 0
        self._has_ended = False
        self._death = ""

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

    def _reconnect_delay(self, attempt: int) -> float:
        return min(super()._reconnect_delay(attempt), float(MAX_RECONNECT_SECONDS))

    def _error_event(self, message: str) -> TriggerEvent:
        told = message.removeprefix("Trigger error: ")
        if told != self._death:
            told = (
                f"the training cannot be watched any more ({told}): look whether its host was "
                "stopped; another try goes on at the checkpoint"
            )
        return super()._error_event(told)

    async def _check_completion(self, conn: SSHClientConnection) -> int | None:
        # Before the exit code: one that ends in between has written it.
        _, state, _ = await self._run_command(conn, state_command(self.job_dir))
        # Progress first: after the job's end there is no further poll.
        _, text, _ = await self._run_command(conn, f"cat {shlex.quote(self.progress_file)}")
        exit_code = await super()._check_completion(conn)
        epochs = parse_progress(text)
        if len(epochs) > self._epochs_saved:
            await self._keep(epochs)
        self._has_ended = exit_code is not None
        if exit_code:
            # What is killed at its time limit leaves its container running.
            await self._run_command(conn, end_command(self.job_id))
        if not self._has_ended:
            await self._require_life(conn, *state.partition("\n")[::2])
        return exit_code

    async def _require_life(self, conn: SSHClientConnection, state: str, reason: str) -> None:
        """Fail if nobody is left who could write an exit code, and end what is left of the job.

        Raises:
            TrainingError: the job is dead.

        """
        self._unborn_polls = self._unborn_polls + 1 if state == "unborn" else 0
        if state != "gone" and self._unborn_polls <= MAX_UNBORN_POLLS:
            return
        # Else the next try would wait for a part of it that lives on.
        await self._run_command(conn, end_command(self.job_id))
        done = (
            f"after epoch {self._epochs_saved}" if self._epochs_saved else "before its first epoch"
        )
        cause = " ".join(reason[:MAX_DEATH_CHARACTERS].split()) or (
            "its processes are gone and left no exit code: they were killed, or the host was restarted"
        )
        self._death = f"the training ended {done}: {cause}; another try goes on at the checkpoint"
        raise TrainingError(self._death)

    async def _read_log_chunk(self, conn: SSHClientConnection) -> tuple[str, int]:
        if self._has_ended:
            # The reason of a failure is the end of the log: however much was not read yet, and once
            # more if it was.
            size = await self._get_log_size(conn)
            again = min(self.log_offset, size - LAST_LOG_BYTES)
            self.log_offset = max(again, size - self.log_chunk_size, 0)
        chunk: tuple[str, int] = await super()._read_log_chunk(conn)
        return chunk

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
