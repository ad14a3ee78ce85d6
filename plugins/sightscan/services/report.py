"""The findings of a round as Markdown, for an issue: no secret, no path of this machine."""

import platform
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sightscan.services.question import Finding


def as_markdown(findings: Sequence[Finding], at: datetime, *, planned: int) -> str:
    """Return the report of a round that began `at`, and of which `planned` checks were to be made."""
    counted = Counter(finding.state for finding in findings)
    counts = ", ".join(f"{counted[state]} {state}" for state in ("passed", "failed", "skipped"))
    lines = [
        "# SightScan: check of the services",
        "",
        f"{at:%Y-%m-%d %H:%M} UTC, Python {platform.python_version()} on {platform.system()}. {counts}"
        + ("." if len(findings) == planned else f"; interrupted, {planned} were planned."),
        "",
        "| check | service | state | expected | came |",
        "|---|---|---|---|---|",
        *(
            f"| {finding.name} | {_cell(finding.service)} | **{finding.state}** | "
            f"{_cell(finding.expected)} | {_quoted(finding.came)} |"
            for finding in findings
        ),
        "",
    ]
    failed = [finding for finding in findings if finding.state == "failed"]
    if failed:
        lines += ["What to do:", ""]
        lines += [f"- {finding.name}: {_cell(finding.advice)}" for finding in failed]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _quoted(text: str) -> str:
    """Return a stranger's words as they are: nothing in them is Markdown."""
    return f"`{_cell(text.replace('`', chr(39)))}`" if text else ""
