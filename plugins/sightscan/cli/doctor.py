"""`sightscan doctor`: is this installation in order, asked outside Airflow."""

from __future__ import annotations

import logging
import os
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from sightscan.cli.declare import AsJson, flag
from sightscan.cli.environment import open_settings
from sightscan.cli.output import print_json, print_lines, print_table
from sightscan.errors import SettingsError

if TYPE_CHECKING:
    from sightscan.services.doctor.installation import Installation

UNWELL = 1
ADVICE_COLUMNS = 79

Quiet = Annotated[bool, flag("--quiet", "Print only what is not in order: nothing if all is well.")]


def examine_installation(*, quiet: Quiet = False, as_json: AsJson = False) -> None:
    """Say whether this installation is in order, and what to do about what is not.

    Looks at settings, warehouse, schema, rights, clocks, backups, keys, host keys, GPU instances,
    disks, the registry's snapshot, and from outside at Airflow: its scheduler, triggerer and DAG
    processor, its DAGs, and the rounds of those that look after the rest. It needs no Airflow that
    runs, asks nothing that costs money, and ends within half a minute, whatever hangs. Give it the
    environment of Airflow's parts; what is not set up is skipped.

    A line in the machine's cron, `*/5 * * * * ... sightscan doctor --quiet`, has cron send a mail
    when something is wrong, also if Airflow is dead.

    Changes: nothing.

    Examples:
        sightscan doctor
        sightscan doctor --quiet
        sightscan doctor --json
    """
    from sightscan.services.doctor.round import examine

    # What clients log about what they try is in the findings.
    logging.disable(logging.CRITICAL)
    try:
        findings = list(examine(_open_installation()))
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
    if failed:
        raise typer.Exit(UNWELL)


def _open_installation() -> Installation:
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
    return Installation(config=config, environment=dict(os.environ), settings_problem=problem)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        ADVICE_COLUMNS,
        subsequent_indent=" " * 4,
        break_on_hyphens=False,
        break_long_words=False,
    )
