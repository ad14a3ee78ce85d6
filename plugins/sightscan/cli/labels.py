"""`sightscan labels`: read answers anew, and let calls of unknown fate be sent again."""

from dataclasses import asdict
from typing import Annotated

import typer

from sightscan.cli.declare import AsJson, CityArgument, command, flag, group
from sightscan.cli.environment import open_city
from sightscan.cli.output import counts_of, print_answer, print_lines
from sightscan.surroundings import login_name

commands = group("labels", "Labels: read answers anew, send unknown calls again.")


@command(commands, "relabel")
def relabel(city: CityArgument, *, as_json: AsJson = False) -> None:
    """Read all stored answers of Google Vision anew, with today's sights and thresholds.

    Each run of the city does so, too. Doing it again changes nothing.

    Changes: labels of the city that read differently today; nothing is sent, nothing is paid.

    Examples:
        sightscan labels relabel lisbon
    """
    from sightscan.label.relabel import relabel_answers

    with open_city(city) as (config, connection, known):
        report = asdict(relabel_answers(connection, config, known))
    print_answer(report, f"{known.slug}: {counts_of(report)}", as_json=as_json)


@command(commands, "resend-unknown")
def resend_unknown(
    city: CityArgument,
    *,
    dry_run: Annotated[bool, flag("--dry-run", "Say what it would do, as without --yes.")] = False,
    yes: Annotated[bool, flag("--yes", "Do it.")] = False,
) -> None:
    """Let photos be sent again whose calls were perhaps billed and never answered.

    They stay spent, and what is sent again is spent in addition, so it needs your word. Only calls
    are taken that nobody can still answer (docs/runbooks/vision-quota-or-credentials.md).

    Changes: with --yes, calls of unknown fate in core.paid_call may be tried once more, by the next
    run and within its caps; your login is kept with them.

    Examples:
        sightscan labels resend-unknown lisbon --dry-run
        sightscan labels resend-unknown lisbon --yes
    """
    from sightscan.label.resend import UNANSWERABLE_SECONDS, allow_unknown_calls

    if dry_run and yes:
        msg = "--dry-run and --yes exclude each other; give one of them"
        raise typer.BadParameter(msg)
    with open_city(city) as (config, connection, known):
        resend = allow_unknown_calls(
            connection, config, known, allowed_by=login_name(), is_rehearsal=not yes
        )
    cost = (
        f"{resend.image_count} images of unknown fate, for up to {resend.usd:.4f} USD in addition"
    )
    if not resend.image_count:
        said = (
            "no image of unknown fate may be sent again (one must have been unknown "
            f"for {UNANSWERABLE_SECONDS / 60:.0f} minutes); nothing was changed"
        )
    elif yes:
        said = f"the next run sends {cost}, as far as its caps allow"
    else:
        said = f"would send again {cost}; nothing was changed, add --yes to do it"
    print_lines(f"{known.name}: {said}")
