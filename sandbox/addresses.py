"""Say where a running sandbox answers: `<state>/sandbox.json`, as frozen values.

The file is there while the sandbox is ready and holds passwords, so only its owner can read it.
Nothing here imports the stand-ins: reading it is quick.
"""

import fcntl
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from sandbox.files import write_private

ADDRESSES = "sandbox.json"
LOCK = "lock"


class SandboxNotRunning(RuntimeError):
    """No sandbox is ready on this state folder."""


@dataclass(frozen=True)
class PostgresAddress:
    """Where and as whom to connect to a database."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The address as the variables that every PostgreSQL client reads."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGDATABASE": self.database,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
        }

    def connect(self) -> psycopg.Connection[Any]:
        """Open a connection that commits each statement by itself."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.user,
            password=self.password,
            autocommit=True,
            connect_timeout=5,
        )

    def url(self, driver: str = "postgresql+psycopg2") -> str:
        """Return the address as SQLAlchemy's URL. It holds the password: never log it."""
        secret = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"{driver}://{secret}@{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True)
class AwsAddress:
    """What an AWS client needs."""

    endpoint_url: str
    region: str
    access_key_id: str
    access_key: str = field(repr=False)


@dataclass(frozen=True)
class SshAddress:
    """How to reach an instance while it runs."""

    instance_id: str
    host: str
    port: int
    user: str
    key_file: Path
    host_key: str  # "ssh-ed25519 AAAA..."

    @property
    def known_hosts_line(self) -> str:
        """The line that pins the host key in a known_hosts file."""
        return f"[{self.host}]:{self.port} {self.host_key}"

    @property
    def pinned_line(self) -> str:
        """The same under the instance's id, since a public name changes at each start."""
        return f"[{self.instance_id}]:{self.port} {self.host_key}\n"


@dataclass(frozen=True)
class StandInAddresses:
    """Where the stand-ins of a sandbox answer."""

    control_url: str
    world: Path
    aws: AwsAddress
    instances: tuple[SshAddress, ...]
    vision_endpoint: str
    wikidata_sparql_url: str
    wikidata_api_url: str
    commons_api_url: str
    openverse_api_url: str
    places_api_url: str
    search_pages_url: str
    trusted_origins: tuple[str, ...]


@dataclass(frozen=True)
class SandboxAddresses(StandInAddresses):
    """Every address of a sandbox; the field names are the keys of sandbox.json."""

    process_id: int
    postgres: PostgresAddress  # the superuser, or the one that PGUSER named
    warehouse: PostgresAddress  # the pipeline's login
    app: PostgresAddress
    analyst: PostgresAddress
    airflow_db: PostgresAddress


def running_sandbox(state: Path) -> SandboxAddresses:
    """Read the addresses of the sandbox that is ready on this state folder.

    Raises SandboxNotRunning if none is; a file left by a sandbox that was killed does not count.
    """
    path = state / ADDRESSES
    if not _is_locked(state / LOCK):
        msg = f"no sandbox runs on {state}; start one with `python -m sandbox --state {state}`"
        raise SandboxNotRunning(msg)
    if not path.exists():
        msg = f"the sandbox on {state} is not ready yet; wait until {path} is there"
        raise SandboxNotRunning(msg)
    return _from_json(json.loads(path.read_text(encoding="utf-8")))


def write_addresses(state: Path, addresses: SandboxAddresses) -> None:
    """Write sandbox.json atomically, readable by its owner only."""
    record = asdict(addresses)
    for instance, address in zip(record["instances"], addresses.instances, strict=True):
        instance["known_hosts_line"] = address.known_hosts_line
    write_private(state / ADDRESSES, json.dumps(record, indent=2, default=str) + "\n")


def remove_addresses(state: Path) -> None:
    """Take sandbox.json away: the sandbox is ending."""
    (state / ADDRESSES).unlink(missing_ok=True)


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _from_json(record: dict[str, Any]) -> SandboxAddresses:
    for name in ("postgres", "warehouse", "app", "analyst", "airflow_db"):
        record[name] = PostgresAddress(**record[name])
    for instance in record["instances"]:
        del instance["known_hosts_line"]
        instance["key_file"] = Path(instance["key_file"])
    record["instances"] = tuple(SshAddress(**instance) for instance in record["instances"])
    record["aws"] = AwsAddress(**record["aws"])
    record["world"] = Path(record["world"])
    record["trusted_origins"] = tuple(record["trusted_origins"])
    return SandboxAddresses(**record)
