"""`sightscan check-services`: the first hour with the internet."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sightscan.cli.declare import AsJson, flag, option
from sightscan.cli.environment import open_settings
from sightscan.cli.output import print_json, print_lines, print_table
from sightscan.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sightscan.services.check import Paid
    from sightscan.services.question import Finding
    from sightscan.settings import Settings

SERVICE_FAILED = 1
INTERRUPTED = 130
PLAN_COLUMNS = 79

Report = Annotated[
    Path | None,
    option(
        "Write what came into this file, too, as Markdown without secrets, for an issue.",
        "--report",
        metavar="FILE",
    ),
]
PlanOnly = Annotated[bool, flag("--plan", "Only say what would be asked of whom, and why.")]
PayForVision = Annotated[
    bool,
    flag("--pay-for-vision", "Send one photo to Google Vision: up to 0.0015 USD, in the ledger."),
]
PayForPlaces = Annotated[
    bool,
    flag("--pay-for-places", "Buy one page of Google Places: up to 0.032 USD, in the ledger."),
]
Payer = Annotated[
    str | None,
    option("The city on which paid calls are booked, instead of the first one.", metavar="CITY"),
]


def check_services(
    *,
    plan: PlanOnly = False,
    pay_for_vision: PayForVision = False,
    pay_for_places: PayForPlaces = False,
    city: Payer = None,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Ask each service one small question, before the first city: does it answer as it should?

    About twenty requests, each explained beforehand, with the clients of the pipeline: is
    Wikimedia's edge open to us, is the query for Paris quick enough, are Pisa and Lyon found, do
    robots.txt and thumbnails let photos be fetched, may our key start the GPU (nothing is started),
    does its host show the pinned key. What is not set up is skipped, and so is what costs money
    without your word. docs/runbooks/first-hour.md says what to make of it.

    Changes: nothing; with --pay-for-vision or --pay-for-places one row of core.paid_call; with
    PHOTO_STORE one object is written and deleted; the file of --report.

    Examples:
        sightscan check-services
        sightscan check-services --plan
        sightscan check-services --pay-for-vision --city lisbon --report services.md
        sightscan check-services --json
    """
    from sightscan.services.checks import plan_of

    given: dict[Paid, bool] = {"vision": pay_for_vision, "places": pay_for_places}
    agreed = frozenset(paid for paid, is_agreed in given.items() if is_agreed)
    if plan and (agreed or city or report):
        msg = "--plan asks nobody: leave out --report, --city and what is to be paid for"
        raise typer.BadParameter(msg)
    if city and not agreed:
        msg = f"--city {city} pays for nothing: give --pay-for-vision or --pay-for-places, too"
        raise typer.BadParameter(msg)
    config = open_settings()
    begun = datetime.now(UTC)
    planned = plan_of(config)
    if report is not None:
        # Now, and not after all the asking.
        _write(report, "")
    if plan or not as_json:
        _print_plan(planned, as_json=as_json)
    if plan:
        return
    findings: list[Finding] = []
    try:
        _run(config, agreed, city, findings)
    except KeyboardInterrupt:
        sys.stderr.write(
            "interrupted: no instance was started; what was sent and costs money is in the ledger\n"
        )
        raise typer.Exit(INTERRUPTED) from None
    finally:
        _print_findings(findings, as_json=as_json)
        if report is not None:
            from sightscan.services.report import as_markdown

            _write(report, as_markdown(findings, begun, planned=len(planned)))
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(SERVICE_FAILED)


def _run(
    config: Settings, agreed: frozenset[Paid], payer_name: str | None, findings: list[Finding]
) -> None:
    from sightscan.services.check import open_probe, run_check
    from sightscan.services.checks import CHECKS

    with open_probe(config, agreed=agreed, payer_name=payer_name) as probe:
        for number, check in enumerate(CHECKS, 1):
            sys.stderr.write(f"{number}/{len(CHECKS)} {check.name}: {check.service}\n")
            findings.append(run_check(check, probe))


def _print_plan(planned: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(planned)
        return
    for number, check in enumerate(planned, 1):
        cost = f", up to {check['max_usd']:g} USD" if check["max_usd"] else ""
        print_lines(
            *_wrapped(f"{number:>2} {check['name']}, asked of {check['service']}: {check['asks']}"),
            *_wrapped(f"   why: {check['why']}"),
            *_wrapped(f"   expected: {check['expected']}"),
            f"   requests: {check['max_requests']}{cost}",
        )
    print_lines("")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, PLAN_COLUMNS, subsequent_indent=" " * 5, break_on_hyphens=False)


def _print_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(finding) for finding in findings])
        return
    print_table(
        ("check", "state", "expected", "came"),
        [(each.name, each.state, each.expected, each.came) for each in findings],
    )
    for each in findings:
        if each.state == "failed":
            print_lines(*_wrapped(f"{each.name}: {each.advice}"))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"--report {path} cannot be written ({error.strerror}); name a file that can"
        raise SettingsError(msg) from None
