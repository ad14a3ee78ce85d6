"""One training as values: what is asked of the trainer, and where it works on the GPU host.

`request.json` is part of the contract with the trainer: it hashes the request and the weights in
the same way (`trainer.request.hash_request`), and its answer carries that hash.

How long a training may hold its GPU instance is said here, too, once: the lease, the bill before
the run, the command on the host and the time-outs of the tasks all read it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from sightscan.errors import LastingTrainingError

REQUEST_FILE = "request.json"
# On the host, below the home of the user.
IMAGES_FOLDER = "sightscan/images"
WEIGHTS_FOLDER = "sightscan/weights"
RUNS_FOLDER = "sightscan/runs"
# Whoever works on the host holds it; a run's folder has a link of this name to it.
HOST_LOCK_FILE = "sightscan/host.lock"
HASH_DIGITS_IN_FOLDER = 12

# What a run may take of its instance beyond the training's own limit, part by part, in seconds.
# The parts of tasks are their time-outs: each may be used up once, and a task's retries share it.
# Whoever needs more is in trouble, and the reaper stops the instance.

# A task begins when the scheduler and a worker have taken it over: a minute or so for each of seven.
HANDOVER_SECONDS = 500
# EC2 may have no instance of the kind for half an hour. Five retries wait 20, 40, ... 320 s, and
# Airflow adds up to as much to each again.
CAPACITY_WAIT_SECONDS = 2 * (20 + 40 + 80 + 160 + 320)
# The try that succeeds: EC2 starts an instance in a minute or two.
START_SECONDS = 20 * 60
# "running" comes before sshd answers; MTS_HOST_TIMEOUT_SECONDS bounds one wait, this all of them.
AWAIT_HOST_SECONDS = 3600
# One epoch on drawn photos, and its export, within the same task: a minute or so on a GPU.
SELFCHECK_SECONDS = 600
# 10,000 photos of 150 KB over a slow line; only what the host does not have is sent.
UPLOAD_SECONDS = 2 * 3600
# What the trainer does besides its epochs: reading photos, the last measure, the export.
TRAINER_OVERRUN_SECONDS = 1800
# Between the signal that ends it and the one that it cannot refuse.
TRAINER_KILL_SECONDS = 60
# The model folder is fetched and stored: some 100 MB.
REGISTER_SECONDS = 1800
# EC2 stops an instance in a minute or two. The reaper has as long, for all instances in turn.
STOP_SECONDS = 20 * 60

LEASE_MARGIN_SECONDS = (
    HANDOVER_SECONDS
    + CAPACITY_WAIT_SECONDS
    + START_SECONDS
    + AWAIT_HOST_SECONDS
    + UPLOAD_SECONDS
    + TRAINER_OVERRUN_SECONDS
    + TRAINER_KILL_SECONDS
    + REGISTER_SECONDS
    + STOP_SECONDS
)
# The DAG `stop_idle_instances` looks this often; its round may take STOP_SECONDS.
REAPER_INTERVAL_SECONDS = 5 * 60

_WEIGHTS_NAME = re.compile(r"^weights-([0-9a-f]{64})(\.safetensors|\.pt)$")


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """`request.json`: image_size in pixels; the time limit is over all epochs together.

    A batch_size of 0 is as many photos as fit into memory; after `patience` epochs without a better
    one no more are trained, and 0 trains all. `weights` is None (from nothing) or the name of a
    file that carries its own SHA-256, so that a request says all there is to say about a training.
    """

    epochs: int
    image_size: int
    batch_size: int
    seed: int
    time_limit_seconds: int
    architecture: str
    weights: str | None = None
    patience: int = 0

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the request that was stored."""
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return the contents of request.json."""
        return asdict(self)

    @property
    def text(self) -> str:
        """Return request.json as it is sent."""
        return json.dumps(self.to_json(), indent=2) + "\n"

    @property
    def weights_sha256(self) -> bytes | None:
        """Return the hash of the weights to start from, if any.

        Raises:
            LastingTrainingError: the name carries no hash.

        """
        if self.weights is None:
            return None
        matched = _WEIGHTS_NAME.match(self.weights)
        if matched is None:
            msg = f"weights {self.weights!r} carry no hash: expected weights-<sha256>.<suffix>"
            raise LastingTrainingError(msg)
        return bytes.fromhex(matched[1])

    @property
    def sha256(self) -> bytes:
        """Return the hash by which trainer and pipeline know the request: its values, the weights."""
        content = self.to_json()
        if self.weights_sha256 is not None:
            content["weights_sha256"] = self.weights_sha256.hex()
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).digest()


@dataclass(frozen=True, slots=True)
class Training:
    """A row of core.training_run with what its dataset says about itself."""

    training_id: int
    city_id: str
    city_slug: str
    dataset_version: int
    dataset_sha256: bytes
    request: TrainingRequest
    state: str = "requested"

    @property
    def run_folder(self) -> str:
        """Return the dataset folder on the host; the same for the same dataset and request.

        A retry, and another run that asks for the same, finds what is there and goes on from it.
        """
        dataset = self.dataset_sha256.hex()[:HASH_DIGITS_IN_FOLDER]
        request = self.request.sha256.hex()[:HASH_DIGITS_IN_FOLDER]
        return f"{RUNS_FOLDER}/{self.city_slug}/{dataset}-{request}"

    @property
    def model_folder(self) -> str:
        """Return the folder on the host in which the trainer leaves its model."""
        return f"{self.run_folder}/model"


def training_seconds(time_limit_seconds: int) -> int:
    """Return after how many seconds a training is ended, be it at its last measure or its export."""
    return time_limit_seconds + TRAINER_OVERRUN_SECONDS


def lease_seconds(time_limit_seconds: int) -> int:
    """Return for how many seconds a run leases an instance, from before its start to its stop."""
    return time_limit_seconds + LEASE_MARGIN_SECONDS


def max_session_seconds(time_limit_seconds: int) -> float:
    """Return for how many seconds an instance may run, and be billed, for one lease.

    It starts after the lease begins. At the deadline the reaper stops it, if nobody has: in its
    next round, within the time that a round may take. All starts under one lease fit in.
    """
    return max_seconds_left(lease_seconds(time_limit_seconds))


def max_seconds_left(seconds_to_deadline: float) -> float:
    """Return for how many seconds an instance may still run that is leased for so many."""
    return seconds_to_deadline + REAPER_INTERVAL_SECONDS + STOP_SECONDS


def weights_name(sha256: bytes, suffix: str) -> str:
    """Return the name of a weights file by its contents; suffix is .safetensors or .pt."""
    return f"weights-{sha256.hex()}{suffix}"
