"""`sightscan doctor`: is this installation in order, asked outside Airflow."""

from __future__ import annotations

import logging
import os
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightscan.cli.declare import AsJson, flag, option
from sightscan.cli.environment import open_settings
from sightscan.cli.output import print_json, print_lines, print_table
from sightscan.errors import SettingsError

if TYPE_CHECKING:
    from sightscan.services.doctor.installation import Installation

UNWELL = 1
ADVICE_COLUMNS = 79

RequiresAirflow = Annotated[
    bool, flag("--require-airflow", "An Airflow that is not found here is wrong, and not skipped.")
]
Tells = Annotated[
    bool, flag("--tell", "Tell by mail and webhook, too, once until the check passes again.")
]
MemoryFile = Annotated[
    Path | None,
    option("Where to remember what was told (var/doctor-told.json).", metavar="FILE"),
]
Quiet = Annotated[bool, flag("--quiet", "Print only what is not in order: nothing if all is well.")]


def examine_installation(
    *,
    quiet: Quiet = False,
    requires_airflow: RequiresAirflow = False,
    tells: Tells = False,
    memory: MemoryFile = None,
    as_json: AsJson = False,
) -> None:
    """Say whether this installation is in order, and what to do about what is not.

    Looks at settings, warehouse, schema, rights, clocks, backups, keys, host keys, GPU instances,
    disks, the registry's snapshot, and from outside at Airflow: its scheduler, triggerer and DAG
    processor, its DAGs, active cities whose runs do not come over a pause, and the rounds of those that
    look after the rest. It needs no Airflow that runs, asks nothing that costs money, and ends within
    half a minute, whatever hangs. Give it the environment of Airflow's parts; what is not set up is
    skipped.

    A line in the machine's cron, `*/5 * * * * ... sightscan doctor --quiet --require-airflow`, has cron
    send a mail when something is wrong, also if Airflow is dead. With --tell it tells by itself what
    fails, each once, by ALERT_MAIL_TO and ALERT_WEBHOOK_URL of its environment.

    Changes: with --tell, the file that remembers what was told; else nothing.

    Examples:
        sightscan doctor --quiet --require-airflow --tell --memory /var/lib/sightscan/told.json
        sightscan doctor
        sightscan doctor --quiet
        sightscan doctor --json
    """
    from sightscan.services.doctor.round import examine
    from sightscan.services.doctor.telling import MEMORY_FILE, tell_findings

    # What clients log about what they try is in the findings.
    logging.disable(logging.CRITICAL)
    problems = []
    try:
        installation = _open_installation(requires_airflow=requires_airflow)
        findings = list(examine(installation))
        if tells:
            problems = tell_findings(installation.config, findings, memory or MEMORY_FILE)
    finally:
        logging.disable(logging.NOTSET)
    failed = [finding for finding in findings if finding.state == "failed"]
    if as_json:
        print_json([asdict(finding) for finding in (failed if quiet else findings)])
    else:
        if not quiet:
            print_table(
                ("check", "state", "came"),
                [(each.name, each.state, each.came) for each in findings],
            )
        for each in failed:
            came = f"{each.name}: {each.came}" if quiet else each.name
            print_lines(*_wrapped(f"{came}. What to do: {each.advice}"))
    for problem in problems:
        typer.echo(f"not told: {problem}", err=True)
    if failed or problems:
        raise typer.Exit(UNWELL)


def _open_installation(*, requires_airflow: bool) -> Installation:
    """Return what is to be examined; a senseless setting is a finding, and has its default."""
    from sightscan.services.doctor.installation import Installation
    from sightscan.settings import senseless_settings, settings

    problem = ""
    try:
        config = open_settings()
    except SettingsError as error:
        problem = str(error)
        for name in senseless_settings():
            # This process is the doctor's own.
            os.environ.pop(name.upper(), None)
        settings.cache_clear()
        config = open_settings()
    return Installation(
        config=config,
        environment=dict(os.environ),
        settings_problem=problem,
        requires_airflow=requires_airflow,
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        ADVICE_COLUMNS,
        subsequent_indent=" " * 4,
        break_on_hyphens=False,
        break_long_words=False,
    )
