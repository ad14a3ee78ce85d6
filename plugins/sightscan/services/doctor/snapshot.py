"""The check of the registry's snapshot: is it there, whole, of this registry, and does it know each city."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from sightscan.services.doctor.installation import Installation, InstallationCheck, open_warehouse
from sightscan.services.question import CheckFailedError, CheckSkippedError, first_few
from sightscan.settings import REPOSITORY
from sightscan.warehouse.registry.cities import list_cities
from sightscan.warehouse.registry.snapshot import find_registry_id

ADVICE = (
    "run the DAG sync_cities, which writes it; if the registry is another one: check PGHOST and "
    "PGDATABASE (docs/runbooks/city-not-found.md)"
)


def compare_snapshot(installation: Installation) -> str:
    """Compare it with the registry."""
    path = _path_of(installation)
    slugs = set(read_slugs(installation))
    known_id = path.with_name(f"{path.name}.registry")
    with open_warehouse(installation) as connection:
        cities = {city.slug for city in list_cities(connection)}
        registry_id = find_registry_id(connection)
    if known_id.is_file() and known_id.read_text(encoding="utf-8").strip() != registry_id:
        msg = f"{path} is of another registry than the warehouse's"
        raise CheckFailedError(msg)
    missing = sorted(cities - slugs)
    if missing:
        msg = f"{path} lacks {len(missing)} cities of the registry ({first_few(missing)})"
        raise CheckFailedError(msg)
    return f"{len(slugs)} cities, all of the registry among them"


def read_slugs(installation: Installation) -> list[str]:
    """Return the slugs of the snapshot.

    Raises:
        CheckFailedError: it is not there, or is none.
        CheckSkippedError: it is in an object store.

    """
    path = _path_of(installation)
    try:
        rows = json.loads(path.read_bytes())
        return [str(row["slug"]) for row in rows]
    except FileNotFoundError:
        msg = f"there is no {path}: no city has a DAG"
        raise CheckFailedError(msg) from None
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror})"
        raise CheckFailedError(msg) from None
    except (ValueError, TypeError, KeyError):
        msg = f"{path} is not a list of cities: no DAG file can be parsed"
        raise CheckFailedError(msg) from None


def _path_of(installation: Installation) -> Path:
    location = installation.environment.get("REGISTRY_SNAPSHOT") or ""
    if not location:
        return REPOSITORY / "var" / "cities.json"
    parts = urlsplit(location)
    if parts.scheme not in ("", "file"):
        msg = f"it is in an object store ({parts.scheme}://): the log of sync_cities speaks of it"
        raise CheckSkippedError(msg)
    return Path(parts.path if parts.scheme else location)


CHECKS = (
    InstallationCheck(
        name="snapshot",
        service="this machine",
        asks="for the registry's snapshot, and the registry for its cities",
        why="DAGs are made of it: a city that it lacks has none",
        expected="a list of the registry's cities at REGISTRY_SNAPSHOT",
        advice=ADVICE,
        ask=compare_snapshot,
    ),
)
