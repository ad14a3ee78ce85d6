"""Hooks of EC2 and of the GPU hosts that fall back to the settings."""

from airflow.providers.amazon.aws.hooks.ec2 import EC2Hook
from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.sdk import Connection

from sightscan.errors import InstanceError
from sightscan.operators.connections import find_connection


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
