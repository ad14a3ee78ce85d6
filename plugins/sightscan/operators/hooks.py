"""The hook of the GPU hosts, and what makes a hook fall back to the settings."""

from contextlib import suppress
from typing import Any

from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.sdk import Connection

from sightscan.errors import InstanceError
from sightscan.operators.connections import find_connection

# Of what a host says about a training that it is told to begin, which is one line.
MAX_SUBMIT_BYTES = 100_000


class FallsBackToSettings:
    """A hook whose connections Airflow has, or else the settings make."""

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Return a connection, as Airflow's hooks ask for it."""
        return find_connection(conn_id)


class GpuHostHook(FallsBackToSettings, SSHHook):
    """A GPU host, by the key that the settings pin, unless Airflow has its connection."""

    def exec_ssh_client_command(
        self,
        ssh_client: Any,
        command: str,
        get_pty: bool,  # noqa: FBT001 - as the provider calls it
        environment: dict[str, str] | None,
        timeout: Any = None,
    ) -> tuple[int, bytes, bytes]:
        """Run a command as the provider's own does, which reads and logs whatever comes, for ever.

        Raises:
            InstanceError: there is no end to it.

        """
        _, stdout, stderr = ssh_client.exec_command(
            command, get_pty=get_pty, timeout=timeout, environment=environment
        )
        said = complained = b""
        has_ended = False
        with suppress(TimeoutError):
            said = stdout.read(MAX_SUBMIT_BYTES)
            complained = stderr.read(MAX_SUBMIT_BYTES)
            has_ended = max(len(said), len(complained)) < MAX_SUBMIT_BYTES
            has_ended = has_ended and stdout.channel.status_event.wait(timeout)
        stdout.channel.close()
        if not has_ended:
            msg = (
                f"the GPU host says more than {MAX_SUBMIT_BYTES} bytes, or has not ended after "
                f"{timeout} s, when it is told to begin a training: look at the host"
            )
            raise InstanceError(msg)
        return stdout.channel.recv_exit_status(), said, complained
