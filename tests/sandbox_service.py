"""The service `sandbox` of docker/compose.yaml, and the settings of docker/sandbox.env, without Docker."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

DOCKER = Path(__file__).resolve().parents[1] / "docker"
HOST = "sandbox"


def sandbox_service() -> dict[str, Any]:
    """Return the service as the file has it."""
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    return dict(services[HOST])


def entry_point() -> list[str]:
    """Return what the image runs before the service's own words."""
    found = re.search(
        r'^ENTRYPOINT \["(.*)"\]$', (DOCKER / "sandbox.Dockerfile").read_text(), re.MULTILINE
    )
    assert found
    return found[1].split('", "')


def settings_of_rehearsal() -> dict[str, str]:
    """Return what docker/sandbox.env sets, by name."""
    lines = (DOCKER / "sandbox.env").read_text().splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def replaced(text: str, by: Mapping[str, str]) -> str:
    """Return a text with other places in it than a container has."""
    for part, other in by.items():
        text = text.replace(part, other)
    return text
