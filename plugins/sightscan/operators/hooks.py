"""Hooks of EC2 and of the GPU hosts that fall back to the settings."""

from airflow.providers.amazon.aws.hooks.ec2 import EC2Hook
from airflow.providers.ssh.hooks.ssh import SSHHook
from airflow.sdk import Connection

from sightscan.operators.connections import find_connection


class _FallsBackToSettings:
    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        return find_connection(conn_id)


class InstanceHook(_FallsBackToSettings, EC2Hook):
    """EC2, where the settings say, unless Airflow has `sightscan_aws`."""


class GpuHostHook(_FallsBackToSettings, SSHHook):
    """A GPU host, by the key that the settings pin, unless Airflow has its connection."""
