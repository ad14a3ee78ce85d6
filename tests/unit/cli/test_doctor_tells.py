"""`sightscan doctor --tell`: each finding once, by mail and webhook, with no Airflow and no warehouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sightscan.cli.main import main
from sightscan.services.doctor.telling import tell_findings
from sightscan.services.question import Finding, State
from sightscan.settings import Settings, read_settings, settings
from tests.message_servers import MessageServers, message_servers


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessageServers]:
    with message_servers() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        yield running


@pytest.fixture
def config(servers: MessageServers) -> Settings:
    return read_settings()


def found(name: str, state: State, *things: str) -> Finding:
    return Finding(
        name=name,
        service="s",
        state=state,
        expected="e",
        came=f"{name} came",
        advice="mend it",
        things=things,
    )


def test_a_finding_is_told_once_and_again_after_it_was_well(
    config: Settings, servers: MessageServers, tmp_path: Path
) -> None:
    memory = tmp_path / "new folder" / "told.json"

    def tell(**states: State) -> list[str]:
        return tell_findings(config, [found(*each) for each in states.items()], memory)

    for _ in range(2):
        assert tell(scheduler="failed", disk="passed") == []
    tell(scheduler="skipped", disk="failed")
    tell(scheduler="failed", disk="failed")
    subject = "[SightScan] The doctor finds something wrong: "
    assert servers.mail.subjects == [f"{subject}scheduler", f"{subject}disk"]
    assert len(servers.hook.posts) == 2
    tell(scheduler="passed", disk="failed")
    tell(scheduler="failed", disk="failed")
    assert servers.mail.subjects[2:] == [f"{subject}scheduler"]
    body = servers.mail.mails[0].get_content()
    assert "scheduler: scheduler came. What to do: mend it" in body
    assert "docs/runbooks/alerts.md#doctor" in body
    assert "Incident" not in body


def test_another_thing_that_a_check_is_wrong_about_is_told(
    config: Settings, servers: MessageServers, tmp_path: Path
) -> None:
    def tell(state: State, *cities: str) -> int:
        tell_findings(config, [found("pauses", state, *cities)], tmp_path / "told.json")
        return len(servers.mail.mails)

    assert [tell("failed", "lisbon") for _ in range(2)] == [1, 1]
    # A second city joins it; then the first goes, and comes back.
    assert [tell("failed", "lisbon", "porto") for _ in range(2)] == [2, 2]
    assert tell("failed", "porto") == 2
    assert tell("skipped") == 2
    assert tell("failed", "lisbon", "porto") == 3
    assert tell("passed") == 3
    assert tell("failed", "porto") == 4


def test_a_channel_that_is_down_is_tried_again_and_silences_no_other(
    config: Settings, servers: MessageServers, tmp_path: Path
) -> None:
    servers.hook.status = 500
    (problem,) = tell_findings(config, [found("disk", "failed")], tmp_path / "told.json")
    assert problem.startswith("webhook: ")
    servers.hook.status = 200
    assert tell_findings(config, [found("disk", "failed")], tmp_path / "told.json") == []
    assert len(servers.mail.mails) == 1
    assert len(servers.hook.posts) == 1


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"doctor disk": 3}'])
def test_a_damaged_memory_has_it_told_rather_than_not(
    config: Settings, servers: MessageServers, tmp_path: Path, text: str
) -> None:
    memory = tmp_path / "told.json"
    memory.write_text(text)
    for _ in range(2):
        assert tell_findings(config, [found("disk", "failed")], memory) == []
    assert len(servers.mail.mails) == 1


def test_a_memory_that_cannot_be_written_is_a_problem_and_it_is_told(
    config: Settings, servers: MessageServers, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    memory = tmp_path / "file" / "told.json"
    problems = tell_findings(config, [found("disk", "failed")], memory)
    assert problems
    assert all(f"{memory} cannot be used" in problem for problem in problems)
    assert len(servers.mail.mails) == 1


def test_the_command_tells_of_a_warehouse_that_is_away(
    servers: MessageServers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "9")
    settings.cache_clear()
    command = ["doctor", "--quiet", "--require-airflow", "--tell", "--memory", str(tmp_path / "t")]
    assert main(command) == 1
    told = servers.mail.subjects
    assert "[SightScan] The doctor finds something wrong: warehouse" in told
    assert main(command) == 1
    assert servers.mail.subjects == told
    monkeypatch.delenv("ALERT_WEBHOOK_URL")
    monkeypatch.delenv("ALERT_MAIL_TO")
    settings.cache_clear()
    capsys.readouterr()
    assert main(command) == 1
    assert "not told: nobody can be told" in capsys.readouterr().err
