"""Bring the epochs of a training, as the trainer reports them, into the warehouse."""

from __future__ import annotations

import asyncio
import json
import posixpath
from collections.abc import Mapping
from typing import Any

import asyncssh
import psycopg

from sightscan.model_folder import PROGRESS_FILE
from sightscan.train.host import HostAddress
from sightscan.train.transfer import open_sftp
from sightscan.training import Training
from sightscan.warehouse.models.trainings import save_epoch_metrics


def read_progress(
    connection: psycopg.Connection[Any], address: HostAddress, training: Training
) -> tuple[Mapping[str, Any], ...]:
    """Store the epochs that a training has finished and return them, one object each.

    Raises:
        InstanceError: the host does not answer, or breaks off.

    """
    epochs = parse_progress(asyncio.run(_fetch(address, training)))
    save_epoch_metrics(connection, training.training_id, epochs)
    return epochs


def parse_progress(text: str) -> tuple[Mapping[str, Any], ...]:
    """Return the objects of progress.jsonl; a last line that is being written is left for later."""
    epochs = []
    for line in text.splitlines():
        try:
            epoch = json.loads(line)
        except ValueError:
            continue
        if isinstance(epoch, dict):
            epochs.append(epoch)
    return tuple(epochs)


async def _fetch(address: HostAddress, training: Training) -> str:
    async with open_sftp(address) as sftp:
        try:
            path = posixpath.join(training.model_folder, PROGRESS_FILE)
            async with sftp.open(path, "rb") as file:
                content: bytes = await file.read()
        except asyncssh.SFTPNoSuchFile:
            return ""
    return content.decode("utf-8", "replace")
