"""How commands are declared: parameters in one form, and help that reads as one manual."""

import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import typer

_STATUSES = {
    0: "done",
    2: "an error, said in one sentence on the error channel",
    130: "interrupted",
}

Function = TypeVar("Function", bound=Callable[..., None])


def group(name: str, summary: str) -> typer.Typer:
    """Return an empty group of commands; called without one, it shows its help."""
    return typer.Typer(name=name, help=summary, no_args_is_help=True, rich_markup_mode=None)


def command(
    of: typer.Typer,
    name: str,
    *,
    short_help: str | None = None,
    statuses: Mapping[int, str] | None = None,
) -> Callable[[Function], Function]:
    """Add a function to a group or program as a command, whose manual is its docstring.

    The docstring ends with what the command changes and with examples, a line each, under the
    headings of these names. The exit statuses follow; `statuses` are those that only it has.
    """

    def add(function: Function) -> Function:
        about, _, rest = (inspect.getdoc(function) or "").partition("\n\nChanges: ")
        changes, _, examples = rest.partition("\n\nExamples:\n")
        told = sorted({**_STATUSES, **(statuses or {})}.items())
        # A paragraph that begins with \b is not wrapped.
        epilog = "\n\n".join(
            (
                f"Changes: {changes}",
                "\b\nExamples:\n" + textwrap.indent(textwrap.dedent(examples), "  "),
                "\b\nExit statuses:\n"
                + "\n".join(f"  {status:<4} {what}" for status, what in told),
            )
        )
        return of.command(name, help=about, short_help=short_help, epilog=epilog)(function)

    return add


def argument(metavar: str, meaning: str) -> Any:
    """Declare an argument."""
    return typer.Argument(metavar=metavar, help=meaning, show_default=False)


def option(meaning: str, *names: str, **more: Any) -> Any:
    """Declare an option with a value, whose meaning says what holds without it."""
    return typer.Option(*names, help=meaning, show_default=False, **more)


def flag(name: str, meaning: str) -> Any:
    """Declare an option that is given or not."""
    return typer.Option(name, help=meaning)


CityArgument = Annotated[
    str,
    argument("CITY", "Its slug, as `sightscan city list` shows it; or its Wikidata id or name."),
]
AsJson = Annotated[bool, flag("--json", "Print the same as JSON, for a program to read.")]
