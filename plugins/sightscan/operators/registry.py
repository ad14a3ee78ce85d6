"""The registry's snapshot: what DAG parsing reads instead of a database.

A sorted JSON list of cities, written atomically by `sync_cities`, at REGISTRY_SNAPSHOT (a path or
an object store's URI). A city that is gone takes its DAG with it, and cities are never deleted: a
registry that lacks some is the wrong one, or not whole. Which registry it is of stands in a file
beside it, since workers of older versions read the list, too.
"""

from __future__ import annotations

import json
import logging
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import ObjectStoragePath

from sightscan.errors import SettingsError, SightScanError

if TYPE_CHECKING:
    from sightscan.city import City

    # Parsing reads snapshots and needs no database.
    from sightscan.warehouse.registry.snapshot import Registry

DEFAULT_SNAPSHOT = str(Path(__file__).resolve().parents[3] / "var" / "cities.json")
MAX_SLUGS_NAMED = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RegisteredCity:
    """What a DAG needs to know of a city while it is parsed."""

    slug: str
    name: str
    country: str
    is_active: bool
    # A cron expression in UTC; empty, and not in the file, for a minute of the week by its slug.
    schedule: str = ""
    # What the trigger form shows as in force and this city's row overrides; not in the file if empty.
    settings: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """A snapshot as it lies there; what older versions wrote does not say of which registry."""

    registry_id: str | None
    cities: tuple[RegisteredCity, ...]


class _Damaged(SightScanError):
    """The snapshot is there but is not one."""


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
        # Which registry it is of is nothing to a parse: in a bucket, one request less for each file.
        return _read_cities(path)
    except _Damaged as error:
        msg = (
            f"the registry's snapshot {path} is not a list of cities ({error}); "
            "run the DAG sync_cities, which writes it anew"
        )
        raise SettingsError(msg) from None


def write_snapshot(registry: Registry) -> None:
    """Replace the snapshot in one step, so that a parser never reads half of it.

    Raises:
        SettingsError: it cannot be written, is another registry's, or would lose cities; the one
            before stays.

    """
    path = _snapshot_path()
    had: frozenset[str] = frozenset()
    try:
        before = _Snapshot(_read_id(path), _read_cities(path))
        had = frozenset(city.slug for city in before.cities)
        _refuse_loss(path, before, registry)
    except _Damaged as error:
        if not registry.cities:
            msg = (
                f"the registry's snapshot {path} is damaged ({error}), and the registry at "
                f"{registry.place} has no city to write it anew from: check PGHOST and PGDATABASE"
            )
            raise SettingsError(msg) from None
        logger.warning("the snapshot %s was damaged (%s) and is written anew", path, error)
    rows = [
        _row_of(city)
        for city in sorted(
            # One that had a DAG keeps it, without a schedule, as after the restore of a backup that
            # is older than its approval.
            (*registry.cities, *(city for city in registry.not_let_in if city.slug in had)),
            key=lambda city: city.slug,
        )
    ]
    _write(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    if _read_id(path) != registry.registry_id:
        _write(_id_path(path), registry.registry_id)


def _row_of(city: City) -> dict[str, object]:
    schedule, own = _own_settings(city)
    is_active = city.state == "active"
    row = asdict(RegisteredCity(city.slug, city.name, city.country, is_active, schedule, own))
    # Workers of older versions, which know neither, refuse a row that has one.
    return {
        name: value for name, value in row.items() if value or name not in ("schedule", "settings")
    }


def _own_settings(city: City) -> tuple[str, dict[str, object]]:
    """Return a city's own schedule, or the one that is set for all, and what it overrides of the form.

    What makes no sense counts as nothing, since it must not keep other cities from their DAGs.
    """
    # Not where parsing pays for it: sixteen files read snapshots, each in a process of its own.
    from sightscan.operators.work import SHOWN_SETTINGS
    from sightscan.settings import settings

    try:
        config = settings()
        own = config.with_overrides(city.overrides)
    except SettingsError as error:
        logger.warning(
            "city=%s runs at the time of its slug, and its form shows what holds for all: %s",
            city.slug,
            error,
        )
        return "", {}
    names = [name for name in SHOWN_SETTINGS if getattr(own, name) != getattr(config, name)]
    return own.city_schedule, {name: getattr(own, name) for name in names}


def _read_cities(path: ObjectStoragePath) -> tuple[RegisteredCity, ...]:
    """Return the cities that are there; none, if nothing is."""
    try:
        rows = json.loads(path.read_bytes())
        if not isinstance(rows, list):
            msg = f"{type(rows).__name__}, expected a list"
            raise _Damaged(msg)
        return tuple(_city_of(row) for row in rows)
    except FileNotFoundError:
        return ()
    except OSError as error:
        msg = f"the registry's snapshot {path} cannot be read ({error}); let this user read it"
        raise SettingsError(msg) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise _Damaged(str(error)) from None


def _city_of(row: dict[str, Any]) -> RegisteredCity:
    # A newer version may say more of a city than this one knows.
    known = {each.name for each in fields(RegisteredCity)}
    return RegisteredCity(**{name: value for name, value in row.items() if name in known})


def _read_id(path: ObjectStoragePath) -> str | None:
    """Return which registry the snapshot is of; None if that was not written down, or is damaged."""
    try:
        return str(uuid.UUID(_id_path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _id_path(path: ObjectStoragePath) -> ObjectStoragePath:
    return path.with_name(f"{path.name}.registry")


def _refuse_loss(path: ObjectStoragePath, before: _Snapshot, registry: Registry) -> None:
    """Raise if the snapshot would lose cities that nobody has said to forget."""
    here = {city.slug for city in (*registry.cities, *registry.not_let_in)}
    here |= registry.forgotten_slugs
    lost = sorted({city.slug for city in before.cities} - here)
    is_another = before.registry_id not in (None, registry.registry_id)
    if not lost and not (is_another and before.cities):
        return
    named = ", ".join(lost[:MAX_SLUGS_NAMED]) + (", ..." if len(lost) > MAX_SLUGS_NAMED else "")
    if is_another:
        msg = (
            f"the snapshot {path} is of another registry than the one at {registry.place}"
            f"{f', which lacks {len(lost)} of its cities ({named})' if lost else ''}: nothing was "
            "written, all DAGs stay; check PGHOST and PGDATABASE, or, if this registry is to "
            "replace the other for good, move the file away and run sync_cities again"
        )
    else:
        msg = (
            f"the registry at {registry.place} lacks {len(lost)} cities of the snapshot {path} "
            f"({named}): nothing was written, all DAGs stay; check PGHOST and PGDATABASE, add the "
            "cities again with `sightscan city add`, or let their DAGs go with "
            "`sightscan city forget SLUG`"
        )
    raise SettingsError(msg)


def _write(path: ObjectStoragePath, text: str) -> None:
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
    # A name of its own: in containers, two writers may have one process number.
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
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
