"""How to start a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.gpu.gpu_host import DEFAULT_TRAINER_BIN
from sandbox.ports import ON_LOOPBACK, Listening

if TYPE_CHECKING:
    from sandbox.vision.landmark_answers import VisionErrors


@dataclass(frozen=True)
class SandboxOptions:
    """How to start a sandbox; `world` None means the default one, drawn below `state`; `vision_errors` None the usual ones.

    `watch_options` are for the watch on the GPU hosts, `python -m trainer.host`. PostgreSQL and the control
    endpoint listen on loopback, whatever `listening` says.
    """

    state: Path
    world: Path | None = None
    # Another world, whose photos are backgrounds.
    background: Path | None = None
    # Worlds of other cities, which the stand-ins know, too.
    neighbours: tuple[Path, ...] = ()
    instances: int = 1
    # Their ids, instead of so many that are made up.
    instance_ids: tuple[str, ...] = ()
    transition_seconds: float = 2.0
    boot_seconds: float = 1.0
    watch_options: tuple[str, ...] = ()
    trainer_bin: Path = DEFAULT_TRAINER_BIN
    control_port: int = 0
    listening: Listening = ON_LOOPBACK
    # Ports by the names web, vision and ec2.
    ports: Mapping[str, int] = field(default_factory=dict)
    aws_access_key_id: str = ""
    vision_errors: VisionErrors | None = None
