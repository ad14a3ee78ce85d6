"""The health check that restarts what hangs, on processes that stand in for a container's."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import LIMIT_SECONDS, wait_until

SCRIPT = Path(__file__).resolve().parents[3] / "docker" / "healthy-or-restart.sh"
# An init whose program ends at TERM, and one whose program does not listen.
ORDERLY = (
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
)
DEAF = (
    "import subprocess, sys; subprocess.run([sys.executable, '-c', "
    "'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)'])"
)


class Container:
    """An init with its program, as the script sees them."""

    def __init__(self, program: str, folder: Path) -> None:
        """Start both."""
        self.count = folder / "failed-looks"
        self.init = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        wait_until(lambda: self.children() != [])
        if program == DEAF:
            assert self.init.stdout is not None
            self.init.stdout.readline()

    def children(self) -> list[int]:
        """Return the processes of the program."""
        path = Path(f"/proc/{self.init.pid}/task/{self.init.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def look(self, probe: str, looks: int = 3, grace_seconds: int = 0) -> int:
        """Run the health check once; return its status."""
        environment = {
            "PATH": os.environ["PATH"],
            "HEALTH_INIT_PID": str(self.init.pid),
            "HEALTH_COUNT_FILE": str(self.count),
            "HEALTH_GRACE_SECONDS": str(grace_seconds),
        }
        return subprocess.run(
            [SCRIPT, str(looks), probe], env=environment, check=False, capture_output=True
        ).returncode

    def ended(self) -> bool:
        """Return whether the program, and so its container, has come to its end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.init.wait(LIMIT_SECONDS)
        return self.init.poll() is not None

    def close(self) -> None:
        """End what is left."""
        for pid in self.children() if self.init.poll() is None else []:
            os.kill(pid, 9)
        self.init.wait()
        assert self.init.stdout is not None
        self.init.stdout.close()


@pytest.fixture
def orderly(tmp_path: Path) -> Iterator[Container]:
    container = Container(ORDERLY, tmp_path)
    yield container
    container.close()


@pytest.fixture
def deaf(tmp_path: Path) -> Iterator[Container]:
    container = Container(DEAF, tmp_path)
    yield container
    container.close()


def test_healthy_is_healthy(orderly: Container) -> None:
    assert orderly.look("true") == 0
    assert orderly.init.poll() is None
    assert not orderly.count.exists()


def test_as_many_failed_looks_as_are_allowed_end_the_program(orderly: Container) -> None:
    assert [orderly.look("false") for _ in range(2)] == [1, 1]
    assert orderly.init.poll() is None
    assert orderly.look("false") == 1
    assert orderly.ended()


def test_a_good_look_forgives_the_bad_ones(orderly: Container) -> None:
    for _ in range(4):
        assert orderly.look("false") == 1
        assert orderly.look("false") == 1
        assert orderly.look("true") == 0
    assert orderly.init.poll() is None


def test_who_does_not_listen_is_killed(deaf: Container) -> None:
    for _ in range(3):
        deaf.look("false")
    assert deaf.init.poll() is None
    deaf.look("false")
    assert deaf.ended()


def test_a_look_that_is_cut_off_counts(orderly: Container, tmp_path: Path) -> None:
    # Docker kills a look that takes too long, and the script with it.
    hang = tmp_path / "hang"
    hang.write_text("#!/bin/bash\nkill -9 $PPID\n")
    hang.chmod(0o755)
    assert orderly.look(str(hang)) == -9
    assert orderly.look(str(hang)) == -9
    assert orderly.count.read_text().strip() == "2"
    assert orderly.look("false") == 1
    assert orderly.ended()


def test_what_starts_is_given_time_and_what_was_counted_before_is_forgotten(
    orderly: Container,
) -> None:
    orderly.count.write_text("9\n")
    for _ in range(5):
        assert orderly.look("false", grace_seconds=600) == 1
    assert orderly.init.poll() is None
    assert not orderly.count.exists()


def test_a_look_that_could_not_look_counts_neither_way(orderly: Container, tmp_path: Path) -> None:
    unsure = tmp_path / "unsure"
    unsure.write_text("#!/bin/bash\nexit 75\n")
    unsure.chmod(0o755)
    assert [orderly.look("false") for _ in range(2)] == [1, 1]
    assert [orderly.look(str(unsure)) for _ in range(5)] == [1] * 5
    assert orderly.init.poll() is None
    assert orderly.look("false") == 1
    assert orderly.ended()


def test_nobody_can_say_how_a_worker_is_while_its_broker_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOSTNAME": "worker",
        "AIRFLOW__CELERY__BROKER_URL": f"redis://:secret@127.0.0.1:{port}/0",
    }
    done = subprocess.run(
        [SCRIPT.parent / "worker-answers.sh"], env=environment, check=False, capture_output=True
    )
    assert done.returncode == 75
    assert b"the broker is away" in done.stderr
    assert b"secret" not in done.stderr
