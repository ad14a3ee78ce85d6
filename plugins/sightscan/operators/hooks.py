"""Hooks of EC2 and of the GPU hosts that fall back to the settings."""

from contextlib import suppress
from typing import Any

from airflow.providers.amazon.aws.hooks.ec2 import EC2Hook
from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.sdk import Connection

from sightscan.errors import InstanceError
from sightscan.operators.connections import find_connection

# Of what a host says about a training that it is told to begin, which is one line.
MAX_SUBMIT_BYTES = 100_000


class _FallsBackToSettings:
    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        return find_connection(conn_id)


class InstanceHook(_FallsBackToSettings, EC2Hook):
    """EC2, where the settings say, unless Airflow has `sightscan_aws`."""

    def host_of(self, instance_id: str) -> str:
        """Return the name or address under which a running instance answers.

        Raises:
            InstanceError: it has none.

        """
        instance = self.get_instance(instance_id)
        host = instance.public_dns_name or instance.private_dns_name
        if not host:
            msg = (
                f"instance {instance_id} runs but has no address; expected a public or private "
                "DNS name, check its subnet"
            )
            raise InstanceError(msg)
        return str(host)


class GpuHostHook(_FallsBackToSettings, SSHHook):
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
