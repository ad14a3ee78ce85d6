"""What comes from a registry is named by its digest, and by one only."""

import re
from collections import defaultdict
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
DOCKER = REPOSITORY / "docker"
PINNED = re.compile(r"(?P<name>[a-z0-9./-]+):(?P<tag>[\w.-]+)@sha256:[0-9a-f]{64}")

STAGE = re.compile(r"^FROM\s+(\S+)(?:\s+AS\s+(\S+))?", re.MULTILINE | re.IGNORECASE)


def images() -> list[tuple[str, str]]:
    """Return each place, and the image that it takes from a registry."""
    found = []
    for path in sorted(DOCKER.glob("*.Dockerfile")):
        stages: set[str] = set()
        for image, stage in STAGE.findall(path.read_text()):
            if image not in stages:
                found.append((path.name, image))
            stages.add(stage)
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    built = {service["image"] for service in services.values() if "build" in service}
    found += [
        (f"compose: {name}", service["image"])
        for name, service in services.items()
        if service["image"] not in built
    ]
    return found


def test_every_image_of_a_registry_is_pinned_by_its_digest() -> None:
    assert len(images()) >= 7
    loose = [
        place_and_image for place_and_image in images() if not PINNED.fullmatch(place_and_image[1])
    ]
    assert loose == [], "docs/deployment.md says how to find an image's digest"


def test_an_image_is_the_same_wherever_it_is_named() -> None:
    by_name: dict[str, set[str]] = defaultdict(set)
    for _, image in images():
        by_name[image.partition(":")[0]].add(image)
    assert set(by_name) == {"python", "postgres", "redis", "caddy"}
    different = {name: named for name, named in by_name.items() if len(named) > 1}
    assert different == {}


def test_python_is_the_version_that_the_locks_are_made_for() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    locked = re.search(r"pip compile --python-version (3\.\d+)\.", makefile)
    assert locked
    tags = {image.split("@")[0] for _, image in images() if image.startswith("python:")}
    assert all(tag.startswith(f"python:{locked[1]}.") for tag in tags)
    assert tags
