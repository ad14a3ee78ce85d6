"""What compose runs each night: at its time, again after a failure, and never at a wrong time."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "docker" / "every-night.sh"
PROGRAMS = {
    # A clock that stands still.
    "date": """
if [[ $2 == --date ]]; then exec /bin/date --utc --date "2026-11-29 $3" +%s; fi
exec /bin/date --utc --date "2026-11-29 $NOW" +%s""",
    # The third is cut short, as when the container is stopped.
    "sleep": 'echo "sleep $1"; echo >> slept; (( $(wc -l < slept) < 3 ))',
    "work": 'echo "work $*"; exit 7',
}


def run(folder: Path, at: str, now: str) -> subprocess.CompletedProcess[str]:
    programs = folder / "programs"
    programs.mkdir()
    for name, text in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    return subprocess.run(
        [SCRIPT, "work", "hard"],
        cwd=folder,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "UPKEEP_AT": at, "NOW": now},
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
    assert (
        done.stderr.count("work hard: ended with 7; it is run again the next night at 02:30") == 2
    )


@pytest.mark.parametrize("at", ["2:30", "24:00", "night", "02:60", "02:30; rm x"])
def test_what_is_no_time_of_day_is_a_sentence(tmp_path: Path, at: str) -> None:
    done = run(tmp_path, at, "00:00:00")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"UPKEEP_AT={at} is no time of day: expected such as 02:30 (UTC)" in done.stderr
