"""The commands of `sightscan` as they are, for tests of its help and of the pages that name them."""

import shlex
from collections.abc import Iterator
from typing import Any

import typer

from sightscan.cli.main import app

# A command as typer makes it; its own type is private.
Command = Any

ROOT: Command = typer.main.get_command(app)
# What stands after a command in a line of a shell, and in a page where somebody is to think.
_ENDS = {"|", "||", "&&", ";", "\\", "..."}
# Parsing these is doing them: they would change the files of whoever runs the tests.
_DONE_AT_ONCE = {"--install-completion", "--show-completion"}


def walk(command: Command = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Command]]:
    """Yield each command that does something, by the words that call it."""
    children = getattr(command, "commands", None)
    if children is None:
        yield " ".join(path), command
        return
    for name, child in children.items():
        yield from walk(child, (*path, name))


def complaint_about(line: str, *, is_whole: bool = True) -> str:
    """Return why `sightscan ...` cannot be typed so, or nothing; a part may lack arguments."""
    words = [word for word in shlex.split(line, comments=True) if word not in _DONE_AT_ONCE]
    words = words[: next((n for n, word in enumerate(words) if word in _ENDS), len(words))]
    command, context = ROOT, None
    rest = words[1:]
    try:
        while True:
            context = command.make_context(command.name, list(rest), parent=context)
            if not hasattr(command, "commands"):
                return ""
            rest = [*context._protected_args, *context.args]
            _, command, rest = command.resolve_command(context, rest)
    except typer.TyperException as error:
        message = error.format_message()
        lacks = ("Missing ", "requires an argument", "Usage: ")
        return "" if not is_whole and any(part in message for part in lacks) else message
    except typer.Exit:
        return ""  # --help
