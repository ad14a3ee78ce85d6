"""What the help of all commands has in common, so that it reads as one manual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

CityArgument = Annotated[
    str,
    typer.Argument(
        metavar="CITY",
        help="Its slug, as `sightscan city list` shows it; or its Wikidata id or name.",
        show_default=False,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the same as JSON, for a program to read.")
]

_STATUSES = {
    0: "done",
    2: "an error, said in one sentence on the error channel",
    130: "interrupted",
}


def group(summary: str) -> typer.Typer:
    """Return an empty group of commands; called without one, it shows its help."""
    return typer.Typer(help=summary, no_args_is_help=True, rich_markup_mode=None)


def manual(
    *, changes: str, examples: Sequence[str], statuses: Mapping[int, str] | None = None
) -> str:
    """Return how a command's help ends: what it changes, examples, exit statuses."""
    told = sorted({**_STATUSES, **(statuses or {})}.items())
    parts = (
        f"Changes: {changes}",
        # A paragraph that begins so is not wrapped.
        "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples),
        "\b\nExit statuses:\n" + "\n".join(f"  {status:<4} {what}" for status, what in told),
    )
    return "\n\n".join(parts)
