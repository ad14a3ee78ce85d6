"""What compose runs again and again: at its time, again after a failure, and never at a wrong time."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.waiting import wait_until

SCRIPT = Path(__file__).resolve().parents[3] / "docker" / "repeat.sh"
PROGRAMS = {
    # A clock that stands still.
    "date": """
if [[ $2 == --date ]]; then exec /bin/date --utc --date "2026-11-29 $3" +%s; fi
exec /bin/date --utc --date "2026-11-29 $NOW" +%s""",
    # The third is cut short, as when the container is stopped.
    "sleep": 'echo "sleep $1"; echo >> slept; (( $(wc -l < slept) < 3 ))',
    "work": 'echo "work $*"; exit 7',
}


def run(folder: Path, when: str, now: str) -> subprocess.CompletedProcess[str]:
    programs = folder / "programs"
    programs.mkdir()
    for name, text in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    return subprocess.run(
        [SCRIPT, when, "work", "hard"],
        cwd=folder,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "NOW": now},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("now", "seconds"),
    [("00:30:00", 7_200), ("02:29:59", 1), ("02:30:00", 86_400), ("23:30:00", 10_800)],
)
def test_it_waits_for_its_time_and_works_again_after_a_failure(
    tmp_path: Path, now: str, seconds: int
) -> None:
    done = run(tmp_path, "02:30", now)
    wait = f"sleep {seconds}"
    assert done.stdout.splitlines() == [wait, "work hard", wait, "work hard", wait]
    assert done.stderr.count("work hard: ended with 7; it is run again, 02:30") == 2


def test_a_while_is_waited_before_each_time(tmp_path: Path) -> None:
    done = run(tmp_path, "300s", "00:30:00")
    assert done.stdout.splitlines() == [*["sleep 300", "work hard"] * 2, "sleep 300"]
    assert done.stderr.count("work hard: ended with 7; it is run again, 300s") == 2


def test_who_ends_it_ends_the_program_and_waits_for_it(tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    work = "trap 'sleep 0.5; touch cleaned; exit' TERM\ntouch begun\nwhile true; do /bin/sleep 0.05; done"
    for name, text in {**PROGRAMS, "sleep": "exec /bin/sleep 0.5", "work": work}.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    script = subprocess.Popen(
        [SCRIPT, "02:30", "work"],
        cwd=tmp_path,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "NOW": "02:29:59"},
    )
    try:
        wait_until((tmp_path / "begun").exists)
        script.terminate()
        assert script.wait(60) == 143
        assert (tmp_path / "cleaned").exists()
    finally:
        script.kill()


def test_who_ends_it_in_the_day_does_not_wait_for_the_night(tmp_path: Path) -> None:
    script = subprocess.Popen(
        ["bash", "-c", f"echo; exec {SCRIPT} 02:30 true"],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
    )
    try:
        assert script.stdout is not None
        script.stdout.readline()
        children = Path(f"/proc/{script.pid}/task/{script.pid}/children")
        wait_until(lambda: children.read_text() != "")
        script.terminate()
        assert script.wait(60) in {143, -15}
    finally:
        script.kill()


@pytest.mark.parametrize(
    "when", ["", "2:30", "24:00", "night", "02:60", "02:30; rm x", "0s", "-1s", "5m", "300"]
)
def test_what_is_no_time_is_a_sentence(tmp_path: Path, when: str) -> None:
    done = run(tmp_path, when, "00:00:00")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        f"{when} is neither a time of day such as 02:30 (UTC) nor a wait such as 300s"
        in done.stderr
    )
