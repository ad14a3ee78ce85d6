"""SQL by name: each statement is a file under include/sql, never a string in Python."""

from collections.abc import Sequence
from functools import cache
from typing import LiteralString

from sightscan.errors import WarehouseError
from sightscan.settings import settings


@cache
def statement(name: str) -> LiteralString:
    """Return the statement `include/sql/queries/<package>/<name>.sql`.

    Raises:
        WarehouseError: there is no such file.

    """
    path = settings().sql_folder / "queries" / f"{name}.sql"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        msg = f"no statement {name!r}: expected it in {path}; add the file or correct the name"
        raise WarehouseError(msg) from None
    # The text is the repository's own, so it is as good as a literal.
    return text


def script(names: Sequence[str]) -> str:
    """Return statements as one text to read, each under the name of its file."""
    return "\n".join(f"-- {name}.sql\n{statement(name)}" for name in names)
