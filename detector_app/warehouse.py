"""The only place of the app that asks PostgreSQL: it reads `mart`, and writes into the inbox of `load`.

A connection is opened per question and closed after it. Questions are rare (one per refresh of the
catalogue, one per new model, one per city and some minutes, some per minute for the page of a city), so
a pool would only hold connections that go stale. How many there are at once is bounded here, since the
role's are.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Self, cast
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from detector_app.errors import WarehouseAway
from detector_app.settings import AppSettings

CONNECT_TIMEOUT_SECONDS = 3
# A page waits for these answers, so a warehouse that hangs counts as one that is away.
STATEMENT_TIMEOUT_MILLISECONDS = 20_000
# Of one process; a login that our scripts made may have 30, for some processes.
MAX_CONNECTIONS: Final = 6
MAX_TURN_SECONDS: Final = 10
_TURNS: Final = threading.BoundedSemaphore(MAX_CONNECTIONS)


@dataclass(frozen=True)
class Warehouse:
    """Where the warehouse is, and as whom the app reads it."""

    host: str
    port: int
    database: str
    user: str
    password: str | None

    @classmethod
    def from_settings(cls, settings: AppSettings) -> Self:
        """Take the connection from the `PG*` settings."""
        secret = settings.pgpassword
        return cls(
            host=settings.pghost,
            port=settings.pgport,
            database=settings.pgdatabase,
            user=settings.pguser,
            password=secret.get_secret_value() if secret else None,
        )

    def list_cities(self) -> list[dict[str, object]]:
        """Return one row per city, as `sql/list_cities.sql` names them."""
        return self.ask("list_cities", {})

    def read_model_file(self, city_slug: str, onnx_sha256: str) -> bytes | None:
        """Return the ONNX bytes of a published model, or None if it is published no more."""
        rows = self.ask("read_model_file", {"city_slug": city_slug, "onnx_sha256": onnx_sha256})
        return bytes(cast("bytes", rows[0]["onnx"])) if rows else None

    def list_sight_cards(self, city_slug: str) -> list[dict[str, object]]:
        """Return one row per sight of a city's model, as `sql/list_sight_cards.sql` names them."""
        return self.ask("list_sight_cards", {"city_slug": city_slug})

    def read_card_photo(self, city_slug: str, sha256: str) -> bytes | None:
        """Return the photo of a card as it was found, or None if no card shows it any more."""
        rows = self.ask("read_card_photo", {"city_slug": city_slug, "photo_sha256": sha256})
        return bytes(cast("bytes", rows[0]["photo"])) if rows else None

    def ask_for_city(self, request_id: UUID, asked_name: str, asked_by: str) -> None:
        """Put a request into the inbox; the id is of the asker and the name, so that twice is once."""
        values = {"request_id": request_id, "asked_name": asked_name, "asked_by": asked_by}
        self.ask("ask_for_city", values, writes=True)

    def find_city_answer(self, request_id: UUID) -> dict[str, object] | None:
        """Return what became of a request, as `sql/find_city_answer.sql` names it; None: no such."""
        rows = self.ask("find_city_answer", {"request_id": request_id})
        return rows[0] if rows else None

    def find_city_progress(self, city_slug: str) -> dict[str, object] | None:
        """Return how far a city is now, as `sql/find_city_progress.sql` names it; None: no such."""
        rows = self.ask("find_city_progress", {"city_slug": city_slug})
        return rows[0] if rows else None

    def add_report(self, report: Mapping[str, object]) -> None:
        """Put a report into the inbox, as `sql/insert_report.sql` names its parts."""
        self.ask("insert_report", report, writes=True)

    def ask(
        self, statement: str, parameters: Mapping[str, object], *, writes: bool = False
    ) -> list[dict[str, object]]:
        """Return the rows of a statement of `sql/`; raise `WarehouseAway`."""
        if not _TURNS.acquire(timeout=MAX_TURN_SECONDS):
            msg = (
                f"All {MAX_CONNECTIONS} of this app's connections to the warehouse are in use; "
                "try again in a minute."
            )
            raise WarehouseAway(msg)
        try:
            return self._ask_in_turn(statement, parameters, writes=writes)
        finally:
            _TURNS.release()

    def _ask_in_turn(
        self, statement: str, parameters: Mapping[str, object], *, writes: bool
    ) -> list[dict[str, object]]:
        try:
            with self._connect(may_write=writes) as connection:
                # Binary, so that a model crosses the wire as bytes rather than twice as long hex.
                cursor = connection.execute(_read_sql(statement), parameters, binary=True)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise WarehouseAway(self._explain(error)) from error

    def _connect(self, *, may_write: bool) -> psycopg.Connection[dict[str, object]]:
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.user,
            password=self.password,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            application_name="sightscan-detector-app",
            options=(
                f"-c default_transaction_read_only={'off' if may_write else 'on'}"
                f" -c statement_timeout={STATEMENT_TIMEOUT_MILLISECONDS}"
            ),
            row_factory=dict_row,
        )

    def _explain(self, error: psycopg.Error) -> str:
        place = f"{self.user}@{self.host}:{self.port}/{self.database}"
        # The lines after the first are advice, of libpq's to its own users.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return (
            f"The warehouse at {place} did not answer ({reason}); "
            "check PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD, and that it is running."
        )


def _read_sql(name: str) -> bytes:
    # Bytes, since psycopg takes text only from literals: this is a file, never a visitor's words.
    return files("detector_app").joinpath("sql", f"{name}.sql").read_bytes()
