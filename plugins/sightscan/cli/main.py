"""All groups of commands under one name, and how an error leaves the program."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sightscan.cli import (
    alerts,
    check_services,
    city,
    dataset,
    doctor,
    labels,
    machines,
    model,
    photos,
    sights,
    spend,
    takeover,
    upkeep,
    warehouse,
)
from sightscan.cli.declare import command, option
from sightscan.cli.environment import DEMO_FOLDER
from sightscan.cli.output import visible
from sightscan.errors import SightScanError
from sightscan.surroundings import write_any_letter

FAILED = 2

app = typer.Typer(
    name="sightscan",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`sightscan GROUP --help` lists the commands of a group, `sightscan GROUP COMMAND --help` "
    "says what one does, what it changes, and how it is called.",
)
for room in (city, sights, photos, labels, dataset, model, spend, warehouse, upkeep, alerts):
    app.add_typer(room.commands)
command(
    app,
    "check-services",
    short_help="Ask each outside service one small question.",
    statuses={check_services.SERVICE_FAILED: "a service answers otherwise than it should"},
)(check_services.check_services)
command(
    app,
    "doctor",
    short_help="Say whether this installation is in order, and what to do.",
    statuses={doctor.UNWELL: "something is not in order"},
)(doctor.examine_installation)
command(app, "machines", short_help="Show who holds which GPU instance, and who waits.")(
    machines.show_machines
)
command(app, "takeover", short_help="Take over a first SightScan.")(takeover.take_over_first_system)


@app.callback()
def sightscan(
    *,
    state: Annotated[
        Path | None,
        option(
            "The state of a running demo, which commands are about where PGHOST is not set "
            "(var/demo).",
            metavar="FOLDER",
        ),
    ] = None,
) -> None:
    """What an operator of SightScan does by hand.

    Settings come from the environment (.env.example has them all). Where PGHOST is not set and a
    demo runs in this checkout, commands are about that demo, and say so.
    """
    DEMO_FOLDER.set(state)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status, 2 after an error in a sentence."""
    write_any_letter(sys.stdout)
    try:
        status = app(args=arguments, prog_name="sightscan", standalone_mode=False)
    except SightScanError as error:
        sys.stderr.write(f"error: {visible(str(error))}\n")
        return FAILED
    except typer.TyperException as error:
        return _explain_usage(error)
    except typer.Abort:
        return 1
    return status if isinstance(status, int) else 0


def _explain_usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.format_message()}\n")
    else:
        hint = f"; see `{context.command_path} --help`" if context else ""
        sys.stderr.write(f"error: {visible(error.format_message()).rstrip('.')}{hint}\n")
    return error.exit_code
