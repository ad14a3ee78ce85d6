"""Stands in for a container's host name, by which Airflow says where a task runs."""

import os


def container_name() -> str:
    """Return the name of the part that this process belongs to."""
    return os.environ["CONTAINER_NAME"]
