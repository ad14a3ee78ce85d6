"""Airflow's own database, read from outside Airflow: PostgreSQL, or a laptop's SQLite."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from sightscan.services.doctor.airflow_options import AirflowOption, read_option
from sightscan.services.doctor.installation import DATABASE_URL, Installation
from sightscan.services.question import CheckFailedError, CheckSkippedError, replaced
from sightscan.warehouse.statements import statement

DATABASE_CONNECT_SECONDS = 5
SQLITE = "sqlite"


class AirflowDatabase:
    """An open connection."""

    def __init__(self, connection: Any) -> None:
        """Keep SQLAlchemy's connection."""
        self._connection = connection

    def rows(self, name: str) -> Sequence[Sequence[Any]]:
        """Return the rows of a statement of ours."""
        return [tuple(row) for row in self._connection.execute(text(statement(name)))]

    def table_names(self) -> Sequence[str]:
        """Return the names of its tables, in their order."""
        return sorted(inspect(self._connection).get_table_names())


@contextmanager
def open_airflow_database(installation: Installation) -> Iterator[AirflowDatabase]:
    """Open it as Airflow does; end with the check.

    Raises:
        CheckSkippedError: this machine has no Airflow.
        CheckFailedError: it cannot be reached, or asked.

    """
    url = _url_of(installation)
    where = f"Airflow's database ({DATABASE_URL})"
    try:
        is_sqlite = url.startswith(SQLITE)
        seconds = {"timeout" if is_sqlite else "connect_timeout": DATABASE_CONNECT_SECONDS}
        engine = create_engine(url, connect_args=seconds, poolclass=NullPool)
        with engine.connect() as connection:
            yield AirflowDatabase(connection)
    except (ArgumentError, ModuleNotFoundError) as error:
        msg = (
            f"{where} is no address that can be read: {_without_password(_first_line(error), url)}"
        )
        raise CheckFailedError(msg) from None
    except SQLAlchemyError as error:
        said = _first_line(getattr(error, "orig", None) or error)
        msg = f"{where} cannot be asked: {_without_password(said, url)}"
        raise CheckFailedError(msg) from None


def as_moment(value: object) -> datetime | None:
    """Return a time of that database; SQLite has texts, without their zone, which is UTC."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _url_of(installation: Installation) -> str:
    url = read_option(installation, AirflowOption("database", "sql_alchemy_conn"))
    if not url:
        default = installation.airflow_home / "airflow.db"
        if not default.is_file():
            msg = (
                f"{DATABASE_URL} is not set, nor {DATABASE_URL}_CMD or _SECRET, nor in airflow.cfg; "
                "set it as Airflow's parts have it to have them looked at"
            )
            if installation.has_airflow:
                raise CheckFailedError(msg, f"give the doctor {DATABASE_URL} (export it)")
            msg = f"no Airflow on this machine: {msg}"
            raise CheckSkippedError(msg)
        url = f"{SQLITE}:///{default}"
    path = url.partition(":///")[2]
    if url.startswith(SQLITE) and not Path(path).is_file():
        msg = f"there is no file {path}, which {DATABASE_URL} names"
        raise CheckFailedError(msg)
    # Airflow's asynchronous drivers are for itself.
    return url.replace("+asyncpg", "").replace("+aiosqlite", "")


def _without_password(text: str, url: str) -> str:
    """Return a text without the password of an address, which need not be in the environment."""
    with suppress(ValueError):
        password = urlsplit(url).password or ""
        for each in (password, unquote(password)):
            text = replaced(text, each, f"[password of {DATABASE_URL}]")
    return text


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
