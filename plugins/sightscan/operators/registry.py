"""The registry's snapshot: what DAG parsing reads instead of a database.

A sorted JSON list of cities, written atomically by `sync_cities`, at REGISTRY_SNAPSHOT (a path or
an object store's URI).
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from airflow.sdk import ObjectStoragePath

from sightscan.city import City
from sightscan.errors import SettingsError

DEFAULT_SNAPSHOT = str(Path(__file__).resolve().parents[3] / "var" / "cities.json")


@dataclass(frozen=True, slots=True)
class RegisteredCity:
    """What a DAG needs to know of a city while it is parsed."""

    slug: str
    name: str
    country: str
    is_active: bool


def as_markdown(text: str) -> str:
    """Return a name so that Markdown shows it letter by letter, on one line."""
    return re.sub(r"[!-/:-@\[-`{-~]", r"\\\g<0>", " ".join(text.split()))


def read_snapshot() -> tuple[RegisteredCity, ...]:
    """Return the cities of the snapshot by slug; none if nothing was written yet.

    Raises:
        SettingsError: the snapshot is there but is not one.

    """
    path = _snapshot_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except OSError as error:
        msg = f"the registry's snapshot {path} cannot be read ({error}); let this user read it"
        raise SettingsError(msg) from error
    try:
        return tuple(RegisteredCity(**row) for row in json.loads(text))
    except (ValueError, TypeError) as error:
        msg = (
            f"the registry's snapshot {path} is not a list of cities ({error}); "
            "delete it and run the DAG sync_cities"
        )
        raise SettingsError(msg) from None


def write_snapshot(cities: Sequence[City]) -> None:
    """Replace the snapshot in one step, so that a parser never reads half of it.

    Raises:
        SettingsError: it cannot be written; the one before stays.

    """
    rows = [
        asdict(RegisteredCity(city.slug, city.name, city.country, city.state == "active"))
        for city in sorted(cities, key=lambda city: city.slug)
    ]
    text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    path = _snapshot_path()
    try:
        if path.protocol == "file":
            _replace(Path(path.path), text)
        else:
            # An object store shows an object whole or not at all.
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = (
            f"REGISTRY_SNAPSHOT={str(path)!r} cannot be written ({error}): cities keep the DAGs that "
            "they have, new ones wait; make room, or name a place that this user may write"
        )
        raise SettingsError(msg) from error


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _snapshot_path() -> ObjectStoragePath:
    # Read from the environment, not from the settings: a wrong setting elsewhere must stop the
    # task that needs it, not make every DAG vanish.
    location = os.environ.get("REGISTRY_SNAPSHOT") or DEFAULT_SNAPSHOT
    return ObjectStoragePath(location if "://" in location else f"file://{location}")
