"""Telling people what the doctor finds, without Airflow and without the warehouse: each finding once.

What was told is remembered in a file, until the check passes again; one that is skipped says nothing of
it. A check that is wrong about several things, such as paused cities, is told again when another one is
among them. The log is no channel here: the command prints.
"""

from collections.abc import Sequence
from pathlib import Path

from sightscan.alerts import kinds
from sightscan.alerts.channels import Channel
from sightscan.alerts.rounds import channels_of
from sightscan.alerts.unkept import name_of, read_memory, tell_unkept, write_memory
from sightscan.services.question import Finding
from sightscan.settings import REPOSITORY, Settings
from sightscan.warehouse.incidents.incidents import Trouble

MEMORY_FILE = REPOSITORY / "var" / "doctor-told.json"
# Between a check and a thing that it is wrong about, in the memory.
THING = ": "


def tell_findings(config: Settings, findings: Sequence[Finding], memory_file: Path) -> list[str]:
    """Tell by the settings' channels what fails and was not told yet; return what was wrong with that.

    A memory that cannot be read or written has things told again, rather than not at all.
    """
    channels = _channels_outside(config)
    if not channels:
        return ["nobody can be told: set ALERT_MAIL_TO and SMTP_HOST, or ALERT_WEBHOOK_URL"]
    problems = []
    try:
        memory = read_memory(memory_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        memory = {}
    except (OSError, UnicodeDecodeError) as error:
        memory = {}
        problems.append(_forgetful(memory_file, error))
    ill = {
        name: _trouble_of(each)
        for each in findings
        if each.state == "failed"
        for name in _names_of(each)
    }
    asked = {name_of(_trouble_of(each)) for each in findings if each.state != "skipped"}
    not_over = {
        name: by
        for name, by in memory.items()
        if name in ill or name.partition(THING)[0] not in asked
    }
    told = tell_unkept(channels, ill, not_over)
    problems += told.problems
    try:
        if told.memory != memory:
            _write(memory_file, write_memory(told.memory))
    except OSError as error:
        problems.append(_forgetful(memory_file, error))
    return problems


def _channels_outside(config: Settings) -> tuple[Channel, ...]:
    return tuple(channel for channel in channels_of(config) if channel.name != "log")


def _trouble_of(finding: Finding) -> Trouble:
    sentence = f"{finding.name}: {finding.came}. What to do: {finding.advice}"
    return Trouble(kinds.DOCTOR.name, finding.name, sentence)


def _names_of(finding: Finding) -> list[str]:
    """Return what is remembered of a finding: the check, or each thing that it is wrong about."""
    name = name_of(_trouble_of(finding))
    return [f"{name}{THING}{thing}" for thing in finding.things] or [name]


def _write(file: Path, text: str) -> None:
    """Write a file as a whole, or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def _forgetful(file: Path, error: Exception) -> str:
    said = getattr(error, "strerror", None) or type(error).__name__
    return f"{file} cannot be used ({said}): what is wrong is told again each time"
