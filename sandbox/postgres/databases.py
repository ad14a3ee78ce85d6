"""Create what the programs connect to: two databases, and a login for each program.

The tables are not made here: migrations are the warehouse's own.
"""

import json
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql

from sandbox.addresses import PostgresAddress
from sandbox.files import write_private
from sandbox.postgres.cluster import PostgresError

WAREHOUSE_DATABASE = "sightscan"
AIRFLOW_DATABASE = "airflow"
PIPELINE = "sightscan_pipeline"
APP = "sightscan_app"
ANALYST = "sightscan_analyst"
AIRFLOW = "airflow"
# Of the 200 that the server lets in, so many may be a visitor's: the pipeline is never locked out.
VISITOR_CONNECTIONS = 30
FORBID_SHARED_FUNCTIONS = (
    Path(__file__).resolve().parents[2] / "include/sql/queries/schema/forbid_shared_functions.sql"
)


class KeptSecrets:
    """Passwords and keys made once for a state folder, in a file only its owner can read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, str] = {}
        if path.exists():
            self._values = json.loads(path.read_text(encoding="utf-8"))

    def get(self, name: str, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
        """Return the value of that name, made at its first use."""
        if name not in self._values:
            self._values[name] = make()
            write_private(self._path, json.dumps(self._values, indent=2))
        return self._values[name]


def given_server() -> PostgresAddress:
    """Return the server that PGHOST and its like name, after a first connection to it."""
    environment = os.environ
    address = PostgresAddress(
        host=environment["PGHOST"],
        port=int(environment.get("PGPORT", "5432")),
        database=environment.get("PGDATABASE", "postgres"),
        user=environment.get("PGUSER", "postgres"),
        password=environment.get("PGPASSWORD", ""),
    )
    try:
        address.connect().close()
    except psycopg.OperationalError as error:
        msg = (
            f"cannot connect to PostgreSQL as {address.user} at {address.host}:{address.port}: "
            f"{str(error).strip().splitlines()[-1]}; correct PGHOST, PGPORT, PGDATABASE, PGUSER "
            "and PGPASSWORD, or unset PGHOST to have a server started here"
        )
        raise PostgresError(msg) from error
    return address


def create_databases(server: PostgresAddress, kept: KeptSecrets) -> dict[str, PostgresAddress]:
    """Create both databases and the four logins; return each login's address by its role."""
    logins = {}
    for role in (PIPELINE, APP, ANALYST, AIRFLOW):
        password = kept.get(f"password of {role}")
        is_visitor = role in (APP, ANALYST)
        create_login(server, role, password, VISITOR_CONNECTIONS if is_visitor else -1)
        database = AIRFLOW_DATABASE if role == AIRFLOW else WAREHOUSE_DATABASE
        logins[role] = PostgresAddress(server.host, server.port, database, role, password)
    create_database(server, WAREHOUSE_DATABASE, PIPELINE, visitors=(APP, ANALYST))
    create_database(server, AIRFLOW_DATABASE, AIRFLOW)
    # Here and not by the migrations: the pipeline's login may not. On a managed service, nobody may.
    with replace(server, database=WAREHOUSE_DATABASE).connect() as connection:
        connection.execute(FORBID_SHARED_FUNCTIONS.read_bytes())
    return logins


def close_other_databases(server: PostgresAddress) -> None:
    """Let nobody into the server's own databases who has no business there.

    Only on a server of ours: on a given one, others may count on them. The pipeline restores by way
    of `postgres`.
    """
    with server.connect() as connection:
        connection.execute("revoke connect, temporary on database postgres, template1 from public")
        connection.execute(f"grant connect on database postgres to {PIPELINE}".encode())


def create_login(
    server: PostgresAddress, role: str, password: str, connection_limit: int = -1
) -> None:
    """Create a role that may log in, or give an existing one this password and limit (-1: none)."""
    with server.connect() as connection:
        # Hashed here, so that the password itself never reaches a server log.
        verifier = connection.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        ).decode()
        known = connection.execute("select from pg_roles where rolname = %s", [role]).fetchone()
        statement = sql.SQL(
            "{verb} role {role} login connection limit {limit} password {verifier}"
        ).format(
            verb=sql.SQL("create" if known is None else "alter"),
            role=sql.Identifier(role),
            limit=sql.Literal(connection_limit),
            verifier=sql.Literal(verifier),
        )
        connection.execute(statement)


def create_database(
    server: PostgresAddress, name: str, owner: str, visitors: Sequence[str] = ()
) -> None:
    """Create a database unless it is there; its owner and the visitors may connect, nobody else."""
    with server.connect() as connection:
        query = "select from pg_database where datname = %s"
        if connection.execute(query, [name]).fetchone() is not None:
            return
        # Managed services have superusers that are none: they must be a member of the owner.
        names = {"name": sql.Identifier(name), "owner": sql.Identifier(owner)}
        superuser = "select rolsuper from pg_roles where rolname = current_user"
        if connection.execute(superuser).fetchone() == (False,):
            connection.execute(sql.SQL("grant {owner} to current_user").format(**names))
        connection.execute(sql.SQL("create database {name} owner {owner}").format(**names))
        # By default every login may enter every database: the app has no business in Airflow's.
        revoke = sql.SQL("revoke connect, temporary on database {name} from public")
        connection.execute(revoke.format(**names))
        grant = sql.SQL("grant connect on database {name} to {visitor}")
        for visitor in visitors:
            connection.execute(grant.format(visitor=sql.Identifier(visitor), **names))
