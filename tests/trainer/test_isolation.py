"""The trainer never leaves its host, whatever the packages under it try."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from drawn_dataset import REPOSITORY, write_dataset

ISOLATED = "from pathlib import Path; from trainer.isolation import isolate_process; isolate_process(Path({!r}))\n"


def run_isolated(scratch: Path, program: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YOLO")}
    return subprocess.run(
        [sys.executable, "-c", ISOLATED.format(str(scratch)) + program],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    "program",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.getaddrinfo('example.org', 443)",
        "import socket; socket.socket().connect(('10.0.0.1', 80))",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/weights.pt')",
    ],
)
def test_connection_is_refused(tmp_path: Path, program: str) -> None:
    done = run_isolated(tmp_path, program)
    assert done.returncode != 0
    assert "the trainer has no network" in done.stderr


def test_processes_on_the_host_may_still_talk(tmp_path: Path) -> None:
    program = (
        "import socket; server = socket.socket(socket.AF_UNIX); server.bind('talk'); server.listen()\n"
        "socket.socket(socket.AF_UNIX).connect('talk')"
    )
    done = run_isolated(tmp_path, f"import os; os.chdir({str(tmp_path)!r})\n{program}")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_whole_training_attempts_no_connection(tmp_path: Path) -> None:
    # This hook is added after the trainer's own would be too late: it notes attempts, even
    # swallowed ones.
    dataset = write_dataset(tmp_path / "dataset", {"train": 8, "val": 4, "test": 4})
    program = (
        "import sys\n"
        "def note(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto'): print('ATTEMPT', event, arguments)\n"
        "sys.addaudithook(note)\n"
        "from trainer.__main__ import main\n"
        f"sys.exit(main([{str(dataset)!r}, {str(tmp_path / 'model')!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "ATTEMPT" not in done.stdout
