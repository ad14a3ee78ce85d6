"""What the pages ask of PostgreSQL's catalogue: each question is a file of `docs/sql`."""

from pathlib import Path


def query(name: str) -> bytes:
    """Return the statement `docs/sql/<name>.sql`."""
    return (Path(__file__).with_name("sql") / f"{name}.sql").read_bytes()
