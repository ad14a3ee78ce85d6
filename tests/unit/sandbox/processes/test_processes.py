"""A kept process ends with all it started, however it tried to get away."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.processes.processes import SUBREAPER, KeptProcess, start_kept
from tests.processes import is_alive
from tests.waiting import LIMIT_SECONDS, wait_until

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
# Each writes its process id into the file "escaped" and sleeps.
ESCAPES = {
    "plain child": "sleep 600 & echo $! > escaped; wait",
    "own session": "setsid bash -c 'echo $$ > escaped; exec sleep 600' & wait",
    "orphan": "(setsid bash -c 'echo $$ > escaped; exec sleep 600' &); sleep 600",
    "deaf": "trap '' TERM INT HUP; echo $$ > escaped; while true; do sleep 1; done",
    "parent gone": "(setsid bash -c 'echo $$ > escaped; exec sleep 600' &); until [ -s escaped ]; do sleep 0.02; done",
}


@pytest.mark.parametrize("script", ESCAPES.values(), ids=list(ESCAPES))
def test_stop_ends_every_descendant(tmp_path: Path, script: str) -> None:
    """Detached, orphaned or deaf to signals: none is left."""
    kept = _start(tmp_path, script)
    escaped = _process_id(tmp_path / "escaped")
    kept.stop()
    assert not is_alive(escaped)


def test_detached_processes_end_with_the_command(tmp_path: Path) -> None:
    """A command that ends by itself leaves nothing behind either."""
    kept = _start(tmp_path, ESCAPES["parent gone"])
    escaped = _process_id(tmp_path / "escaped")
    kept.subreaper.wait(LIMIT_SECONDS)
    assert not is_alive(escaped)


def test_descendants_end_when_the_holder_is_killed_with_its_group(tmp_path: Path) -> None:
    """Not even kill -9 of the holder's whole process group leaves one."""
    holder = (
        "import subprocess, sys, time\n"
        "subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)\n"
        "time.sleep(600)"
    )
    command = [sys.executable, "-I", "-S", str(SUBREAPER), "0", "SIGKILL", "-", "--"]
    process = subprocess.Popen(
        [sys.executable, "-c", holder, *command, "bash", "-c", ESCAPES["own session"]],
        cwd=tmp_path,
        start_new_session=True,
    )
    escaped = _process_id(tmp_path / "escaped")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_until(lambda: not is_alive(escaped))


def test_command_may_end_in_its_own_way(tmp_path: Path) -> None:
    """The stop signal comes first, the kill after the grace time only."""
    script = "trap 'echo bye > farewell; exit' INT; echo $$ > escaped; while :; do sleep 0.05; done"
    kept = start_kept(
        "polite",
        ["bash", "-c", script],
        environment=ENVIRONMENT,
        folder=tmp_path,
        log_path=tmp_path / "log",
        stop_signal=signal.SIGINT,
        grace_seconds=LIMIT_SECONDS,
    )
    _process_id(tmp_path / "escaped")
    kept.stop()
    assert (tmp_path / "farewell").read_text(encoding="utf-8") == "bye\n"


def test_exit_status_is_the_commands(tmp_path: Path) -> None:
    """Whoever starts a command can see how it ended."""
    assert _start(tmp_path, "exit 7").subreaper.wait(LIMIT_SECONDS) == 7


def test_command_hears_the_signals_that_its_subreaper_ignores(tmp_path: Path) -> None:
    """A terminal's Ctrl-C inside an instance works."""
    assert _start(tmp_path, "kill -INT $$; exit 3").subreaper.wait(LIMIT_SECONDS) == signal.SIGINT


def test_missing_program_is_named_in_the_log(tmp_path: Path) -> None:
    """Not a traceback."""
    kept = start_kept(
        "missing",
        ["/no/such/program"],
        environment=ENVIRONMENT,
        folder=tmp_path,
        log_path=tmp_path / "log",
    )
    kept.subreaper.wait(LIMIT_SECONDS)
    assert kept.last_lines().startswith("cannot start /no/such/program")


def test_environment_is_not_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of the caller reaches the command."""
    monkeypatch.setenv("AWS_ACCESS_KEY", "secret")
    _start(tmp_path, "env > environment").subreaper.wait(LIMIT_SECONDS)
    assert "secret" not in (tmp_path / "environment").read_text(encoding="utf-8")


def _start(folder: Path, script: str) -> KeptProcess:
    return start_kept(
        "test",
        ["bash", "-c", script],
        environment=ENVIRONMENT,
        folder=folder,
        log_path=folder / "log",
    )


def _process_id(path: Path) -> int:
    wait_until(lambda: path.exists() and path.read_text(encoding="utf-8").endswith("\n"))
    return int(path.read_text(encoding="utf-8"))
