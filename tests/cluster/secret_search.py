"""Search everything that parts wrote, files and tables, for secrets that must not be there."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from psycopg import sql

from sandbox.addresses import PostgresAddress

TABLES = """
select format('%I.%I', nspname, relname)
from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
where relkind = 'r' and nspname not in ('pg_catalog', 'information_schema')
order by 1
"""


def find_in_files(
    folders: Iterable[Path], secrets: Mapping[str, str], *, but: Iterable[Path] = ()
) -> list[str]:
    """Return `secret in file` for each that is found below the folders; not in or below `but`."""
    homes = tuple(but)
    return [
        f"{name} in {path}"
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(path.is_relative_to(home) for home in homes)
        for name in _found(path.read_bytes(), secrets)
    ]


def find_in_tables(address: PostgresAddress, secrets: Mapping[str, str]) -> list[str]:
    """Return `secret in table` for each that is found in any row of a database, bytes included."""
    found = []
    with address.connect() as connection:
        tables = [row[0] for row in connection.execute(TABLES)]
        assert tables, f"{address.database} has no table"
        for table in tables:
            for name, secret in secrets.items():
                query = sql.SQL(
                    "select count(*) from {table} t"
                    " where strpos(t::text, %s) > 0 or strpos(t::text, %s) > 0"
                ).format(table=sql.SQL(table))
                row = connection.execute(query, [secret, secret.encode().hex()]).fetchone()
                if row and row[0]:
                    found.append(f"{name} in {address.database}: {table}")
    return found


def _found(content: bytes, secrets: Mapping[str, str]) -> list[str]:
    return [name for name, secret in secrets.items() if secret.encode() in content]
