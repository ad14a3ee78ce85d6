"""Who may do what, by layer, as the catalogue has it: a part of docs/WAREHOUSE.md."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from docs.queries import query

INTRODUCTION = """\
## Who may do what

Three roles; a login is a member of one of them. Nothing is granted to everyone, and none of them
makes or changes tables: that is the right of whoever owns the warehouse and migrates it.
"""


def describe_roles(
    connection: psycopg.Connection[Any], schemas: Sequence[str], roles: Sequence[str]
) -> str:
    """Return a table: a line for each role, a column for each layer."""
    lines = [f"| role | {' | '.join(schemas)} |", f"|---|{'---|' * len(schemas)}"]
    for role in roles:
        cells = ["; ".join(_layer(connection, role, schema)) or "nothing" for schema in schemas]
        lines.append(f"| `{role}` | {' | '.join(cells)} |")
    return "\n".join([INTRODUCTION, *lines, ""])


def _layer(connection: psycopg.Connection[Any], role: str, schema: str) -> Iterator[str]:
    """Yield what the role may do with which tables; what it may do with most of them comes last."""
    rows = connection.execute(query("privileges"), {"role": role, "schema": schema}).fetchall()
    counts = Counter(tuple(verbs) for _, verbs in rows).most_common()
    for verbs, count in reversed(counts):
        if not verbs:
            continue
        if count == len(rows):
            which = "all"
        elif verbs == counts[0][0] and all(own for own, _ in counts):
            which = "the others"
        elif verbs == counts[0][0] and len(counts) == 2:  # noqa: PLR2004 - these, and nothing
            which = f"all but {', '.join(f'`{name}`' for name, own in rows if not own)}"
        else:
            which = ", ".join(f"`{name}`" for name, own in rows if tuple(own) == verbs)
        yield f"{', '.join(verbs)} on {which}"
