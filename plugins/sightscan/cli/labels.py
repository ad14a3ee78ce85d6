"""`sightscan labels`: read answers anew, and let calls of unknown fate be sent again."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from typing import Annotated

import typer

from sightscan.cli.environment import open_warehouse
from sightscan.cli.manual import AsJson, CityArgument, group, manual
from sightscan.cli.output import print_json, print_lines

commands = group("Labels: read answers anew, send unknown calls again.")


@commands.command(
    "relabel",
    epilog=manual(
        changes="labels of the city that read differently today; nothing is sent, nothing is paid.",
        examples=("sightscan labels relabel lisbon",),
    ),
)
def relabel(context: typer.Context, city: CityArgument, *, as_json: AsJson = False) -> None:
    """Read all stored answers of Google Vision anew, with today's sights and thresholds.

    Each run of the city does so, too. Doing it again changes nothing.
    """
    from sightscan.label.relabel import relabel_answers
    from sightscan.warehouse.registry.cities import find_city

    with open_warehouse(context) as (config, connection):
        known = find_city(connection, city)
        report = relabel_answers(connection, config.with_overrides(known.overrides), known)
    if as_json:
        print_json(asdict(report))
        return
    counts = " ".join(f"{name}={count}" for name, count in asdict(report).items())
    print_lines(f"{known.slug}: {counts}")


@commands.command(
    "resend-unknown",
    epilog=manual(
        changes="with --yes, calls of unknown fate in core.paid_call may be tried once more, by the "
        "next run and within its caps; your login is kept with them.",
        examples=(
            "sightscan labels resend-unknown lisbon --dry-run",
            "sightscan labels resend-unknown lisbon --yes",
        ),
    ),
)
def resend_unknown(
    context: typer.Context,
    city: CityArgument,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would do, as without --yes.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
) -> None:
    """Let photos be sent again whose calls were perhaps billed and never answered.

    They stay spent, and what is sent again is spent in addition, so it needs your word. Only calls
    are taken that nobody can still answer (docs/runbooks/vision-quota-or-credentials.md).
    """
    from sightscan.label.resend import UNANSWERABLE_SECONDS, allow_unknown_calls
    from sightscan.warehouse.registry.cities import find_city

    if dry_run and yes:
        msg = "--dry-run and --yes exclude each other; give one of them"
        raise typer.BadParameter(msg)
    with open_warehouse(context) as (config, connection):
        known = find_city(connection, city)
        resend = allow_unknown_calls(
            connection,
            config.with_overrides(known.overrides),
            known,
            allowed_by=getpass.getuser(),
            is_rehearsal=not yes,
        )
    cost = (
        f"{resend.image_count} images of unknown fate, for up to {resend.usd:.4f} USD in addition"
    )
    if not resend.image_count:
        print_lines(
            f"{known.name}: no image of unknown fate may be sent again (one must have been unknown "
            f"for {UNANSWERABLE_SECONDS / 60:.0f} minutes); nothing was changed"
        )
    elif yes:
        print_lines(f"{known.name}: the next run sends {cost}, as far as its caps allow")
    else:
        print_lines(
            f"{known.name}: would send again {cost}; nothing was changed, add --yes to do it"
        )
