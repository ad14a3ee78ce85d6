"""`make browser`: Chromium has to be there; Firefox, which not every apt has, is left out with a sentence."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "install_browser.sh"
ROOT, PERSON = "0", "1000"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return the only folder of programs; its apt-get knows no Firefox and writes down what it is asked for."""
    write_program(tmp_path, "apt-get", f'echo "$@" >> {tmp_path}/asked; [[ "$*" != *firefox* ]]')
    return tmp_path


def write_program(folder: Path, name: str, line: str = "") -> None:
    program = folder / name
    program.write_text(f"#!/bin/bash\n{line}\n")
    program.chmod(0o755)


def run_script(programs: Path, user: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a user who has these programs alone."""
    write_program(programs, "id", f"echo {user}")
    return subprocess.run(
        ["/bin/bash", str(SCRIPT)],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("user", [ROOT, PERSON])
def test_missing_firefox_is_no_error_and_is_said(programs: Path, user: str) -> None:
    write_program(programs, "chromium")
    ended = run_script(programs, user)
    assert ended.returncode == 0
    assert "the test of the film in Firefox is left out" in ended.stdout


def test_root_gets_chromium_though_firefox_is_missing(programs: Path) -> None:
    assert run_script(programs, ROOT).returncode == 0
    assert "--no-install-recommends chromium" in (programs / "asked").read_text()


def test_chromium_that_apt_does_not_have_is_an_error(programs: Path) -> None:
    write_program(programs, "apt-get", "exit 100")
    assert run_script(programs, ROOT).returncode == 100


def test_person_without_chromium_learns_how_to_install_it(programs: Path) -> None:
    ended = run_script(programs, PERSON)
    assert ended.returncode == 2
    assert "apt-get install chromium" in ended.stderr


def test_nothing_is_asked_of_apt_where_both_are(programs: Path) -> None:
    for name in ("chromium", "firefox-esr"):
        write_program(programs, name)
    ended = run_script(programs, ROOT)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert not (programs / "asked").exists()
