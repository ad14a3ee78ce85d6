"""What the checks of an installation are given: its settings, and the environment that they came from."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from sightscan.errors import SettingsError, WarehouseError
from sightscan.services.question import (
    CheckSkippedError,
    Question,
    one_line,
    replaced,
    without_keys,
)
from sightscan.settings import Settings
from sightscan.warehouse.connection import connect

# Secrets that are no settings of ours.
AIRFLOWS_SECRETS = (
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
)
DATABASE_URL = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
AIRFLOWS_DATABASE = "AIRFLOW__DATABASE__"
PLACES_OF_AIRFLOW = ("AIRFLOW_HOME", "AIRFLOW_CONFIG")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One installation; `settings_problem` says which settings are senseless: those have their defaults.

    Where `requires_airflow` is true, an Airflow that is not found is a failure.
    """

    config: Settings
    environment: Mapping[str, str]
    settings_problem: str = ""
    requires_airflow: bool = False
    now: Callable[[], datetime] = _now

    @property
    def airflow_home(self) -> Path:
        """Return Airflow's folder."""
        home = self.environment.get("AIRFLOW_HOME") or "~/airflow"
        return Path(os.path.expandvars(home)).expanduser()

    @property
    def has_airflow(self) -> bool:
        """Tell whether this machine is said to have an Airflow."""
        return self.requires_airflow or any(
            value and (name in PLACES_OF_AIRFLOW or name.startswith(AIRFLOWS_DATABASE))
            for name, value in self.environment.items()
        )

    def shown(self, came: str) -> str:
        """Return a text on one line and without secrets; paths and hosts are the operator's own."""
        came = without_keys(came, self.config)
        for name in AIRFLOWS_SECRETS:
            came = replaced(came, self.environment.get(name, ""), f"[{name}]")
        password = urlsplit(self.environment.get(DATABASE_URL, "")).password
        return one_line(replaced(came, password or "", f"[password of {DATABASE_URL}]"))


@contextmanager
def open_warehouse(installation: Installation) -> Iterator[psycopg.Connection[Any]]:
    """Open the warehouse for a check that is not about whether it can be.

    Raises:
        CheckSkippedError: it cannot, of which another check speaks.

    """
    with ExitStack() as closing:
        try:
            connection = closing.enter_context(connect(installation.config, autocommit=True))
        except (SettingsError, WarehouseError):
            msg = "the warehouse cannot be asked: mend the check `warehouse` first"
            raise CheckSkippedError(msg) from None
        yield connection


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationCheck(Question[Installation]):
    """One question about an installation."""
