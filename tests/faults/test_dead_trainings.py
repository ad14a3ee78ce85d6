"""Trainings that die, hang or are forgotten: somebody notices, and the machine goes off by itself."""

import asyncio
import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from airflow.providers.ssh.utils.remote_job import RemoteJobPaths, build_posix_wrapper_command

from sandbox.counts import Counts
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.gpu.gpu_host import GpuHost, ed25519_key
from sandbox.ports import PortBook
from sightscan.errors import InstanceError
from sightscan.operators.triggers import TrainingTrigger
from sightscan.train import power_offs
from sightscan.train.command import training_command
from sightscan.train.deadline import leave_deadline
from sightscan.train.host import HostAddress, await_host, connect_host, open_host
from sightscan.training import Training, TrainingRequest
from tests.processes import is_alive
from tests.waiting import wait_until
from trainer.host.machine import is_in_use, read_processes

REQUEST = TrainingRequest(
    epochs=3, image_size=64, batch_size=1, seed=1, time_limit_seconds=600, architecture="yolov5n"
)
TRAINING = Training(1, "Q1", "one", 1, b"x" * 32, REQUEST)
# Goes on after the epochs in its progress.jsonl; the first try hangs after the second of three.
TRAINER = """
import pathlib, sys, time
path = pathlib.Path(sys.argv[2]) / "progress.jsonl"
path.parent.mkdir(parents=True, exist_ok=True)
done = path.read_text().count("\\n") if path.exists() else 0
for epoch in range(done + 1, 4):
    with path.open("a") as file:
        file.write('{"epoch": %d, "epochs": 3, "seconds": 0.01}\\n' % epoch)
    if epoch == 2:
        time.sleep(600)
print("went on after epoch", done)
"""
TRAINER_COMMAND = f"python -c {shlex.quote(TRAINER)}"


class Machine:
    """An instance of the stand-in's EC2, with its host."""

    def __init__(self, folder: Path, *watch_options: str) -> None:
        self.fleet = Ec2Fleet(folder / "ec2", Counts(), transition_seconds=0.05)
        (self.instance_id,) = self.fleet.instance_ids
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "python").symlink_to(sys.executable)
        self.host = GpuHost(
            self.instance_id,
            folder / "host",
            Counts(),
            PortBook(folder),
            client_key=ed25519_key(folder / "client_key", "client"),
            trainer_bin=bin_folder,
            boot_seconds=0.0,
            watch_options=("--look-seconds", "0.05", *watch_options),
            on_shutdown=lambda: self.fleet.shut_down(self.instance_id),
        )
        self.fleet.on_state = lambda _instance, state: self.host.on_state(state)
        known = self.host.address
        self.address = HostAddress(
            known.host, known.port, known.user, known.key_file, known.host_key
        )
        self.fleet.start([self.instance_id])

    @property
    def progress(self) -> Path:
        return self.host.home / TRAINING.model_folder / "progress.jsonl"

    def submit(self, job: str, trainer_command: str = TRAINER_COMMAND) -> "Watching":
        """Start a training as the operator does; return what watches it."""
        paths = RemoteJobPaths(job, "posix", base_dir=".sightscan-jobs")
        command = training_command(TRAINING, trainer_command)

        async def ask() -> None:
            async with open_host(self.address) as host:
                await host.run(build_posix_wrapper_command(command, paths), check=True)

        asyncio.run(ask())
        return Watching(self.address, paths)

    def pid_of(self, job: str) -> int:
        file = self.host.home / ".sightscan-jobs" / job / "pid"
        wait_until(lambda: file.exists() and file.read_text() != "")
        return int(file.read_text())

    def await_epoch(self, number: int) -> None:
        wait_until(
            lambda: self.progress.exists() and self.progress.read_text().count("\n") >= number
        )

    def await_off(self) -> list[tuple[str, str]]:
        """Return the states that it went through since it ran, with EC2's reasons."""
        wait_until(lambda: self.fleet.state_of(self.instance_id) == "stopped")
        return [(line.state, line.reason) for line in self.fleet.history()[-2:]]

    def close(self) -> None:
        self.host.close()
        self.fleet.close()


@contextmanager
def machine(folder: Path, *watch_options: str) -> Iterator[Machine]:
    made = Machine(folder, *watch_options)
    try:
        if "--idle-seconds" not in watch_options:
            await_host(made.address, timeout_seconds=60)
        yield made
    finally:
        made.close()


class Watching(TrainingTrigger):
    """The watcher of a training, without a warehouse."""

    def __init__(self, address: HostAddress, paths: RemoteJobPaths) -> None:
        super().__init__(
            training_id=1,
            progress_file=f"{TRAINING.model_folder}/progress.jsonl",
            ssh_conn_id="ssh",
            remote_host=None,
            job_id=paths.job_id,
            job_dir=paths.job_dir,
            log_file=paths.log_file,
            exit_code_file=paths.exit_code_file,
            remote_os="posix",
            poll_interval=0,
            max_reconnect_attempts=25,
        )
        self.address = address
        self.attempts: list[int] = []

    async def _connect(self) -> asyncssh.SSHClientConnection:
        return await connect_host(self.address)

    def _reconnect_delay(self, attempt: int) -> float:
        self.attempts.append(attempt)
        return min(super()._reconnect_delay(attempt), 0.05)

    async def _keep(self, epochs: Sequence[Any]) -> None:
        self._epochs_saved = len(epochs)

    def outcome(self) -> dict[str, Any]:
        """Return the only event of its life."""

        async def last() -> dict[str, Any]:
            events = [event.payload async for event in self.run()]
            assert len(events) == 1
            return dict(events[0])

        async def limited() -> dict[str, Any]:
            return await asyncio.wait_for(last(), 60)

        return asyncio.run(limited())


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine whose watch has the patience that real ones have."""
    with machine(tmp_path_factory.mktemp("machine")) as made:
        yield made


@pytest.fixture
def patient(started: Machine) -> Machine:
    started.progress.unlink(missing_ok=True)
    return started


def goes_on(on: Machine) -> None:
    """Try again, as the task does: what was trained is not trained again."""
    again = on.submit(f"again-{time.monotonic_ns()}").outcome()
    assert (again["exit_code"], again["log_chunk"]) == (0, "went on after epoch 2\n")
    assert on.progress.read_text().count("\n") == 3


def test_killed_group_is_noticed_and_the_next_try_goes_on(patient: Machine) -> None:
    watching = patient.submit("killed")
    patient.await_epoch(2)
    os.killpg(patient.pid_of("killed"), signal.SIGKILL)
    event = watching.outcome()
    assert (event["done"], event["exit_code"]) == (True, None)
    assert event["message"] == (
        "the training ended after epoch 2: its processes are gone and left no exit code: they were "
        "killed, or the host was restarted; another try goes on at the checkpoint"
    )
    goes_on(patient)


def test_killed_shell_takes_the_training_along(patient: Machine) -> None:
    """It alone would write the exit code; what it leaves would keep the next try waiting."""
    watching = patient.submit("shell")
    patient.await_epoch(2)
    shell = patient.pid_of("shell")
    (member,) = map(int, Path(f"/proc/{shell}/task/{shell}/children").read_text().split())
    os.kill(shell, signal.SIGKILL)
    assert watching.outcome()["exit_code"] is None
    assert not is_alive(member)


def test_restarted_host_is_noticed_and_the_next_try_goes_on(patient: Machine) -> None:
    watching = patient.submit("restarted")
    patient.await_epoch(2)
    patient.host.power_off()
    patient.host.power_on()
    assert "the host was restarted" in watching.outcome()["message"]
    goes_on(patient)


def test_connection_lost_for_a_minute_is_survived(
    patient: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many attempts as fit into two minutes find nobody; the training goes on meanwhile."""
    refused = []
    real = Watching._connect

    async def connect(self: Watching) -> asyncssh.SSHClientConnection:
        if len(refused) < 15:
            refused.append(self)
            raise ConnectionRefusedError
        return await real(self)

    monkeypatch.setattr(Watching, "_connect", connect)
    watching = patient.submit("lonely", "python -c 'print(7)'")
    waited = [TrainingTrigger._reconnect_delay(watching, attempt) for attempt in range(1, 16)]
    assert 60 < sum(waited) <= 120
    event = watching.outcome()
    assert (event["exit_code"], event["log_chunk"]) == (0, "7\n")
    assert watching.attempts == list(range(1, 16))


def test_host_that_is_gone_is_given_up_with_a_sentence(
    patient: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_self: Watching) -> asyncssh.SSHClientConnection:
        msg = "nobody listens"
        raise ConnectionRefusedError(msg)

    monkeypatch.setattr(Watching, "_connect", refuse)
    paths = RemoteJobPaths("none", "posix", base_dir=".sightscan-jobs")
    message = Watching(patient.address, paths).outcome()["message"]
    assert "cannot be watched any more (nobody listens)" in message


def test_job_that_was_never_born_is_dead(patient: Machine) -> None:
    paths = RemoteJobPaths("never", "posix", base_dir=".sightscan-jobs")
    message = Watching(patient.address, paths).outcome()["message"]
    assert "ended before its first epoch" in message


def test_last_words_are_told_though_they_were_read_before_the_end(patient: Machine) -> None:
    watching = patient.submit("told", "bash -c 'echo BadRequest: epochs >&2; sleep 0.5; exit 2'")
    assert watching.outcome()["log_chunk"] == "BadRequest: epochs\n"


def test_failed_training_leaves_nothing_that_runs_on(patient: Machine) -> None:
    watching = patient.submit("left", "bash -c 'setsid sleep 600 & echo $!; exit 1'")
    pid = int(watching.outcome()["log_chunk"])
    assert not is_alive(pid)


def test_end_of_a_long_log_is_read_though_nothing_was_read_before(patient: Machine) -> None:
    program = (
        "print(('x' * 99 + chr(10)) * 9_000); print('BadRequest: epochs'); raise SystemExit(2)"
    )
    event = patient.submit("long", f"python -c {shlex.quote(program)}").outcome()
    assert event["exit_code"] == 2
    assert event["log_chunk"].endswith("\nBadRequest: epochs\n")


def test_stopped_training_is_ended_by_its_host_and_the_next_try_goes_on(tmp_path: Path) -> None:
    with machine(tmp_path, "--stall-seconds", "1", "--quiet-seconds", "300") as hasty:
        # The host has to see it before its first epoch, as it sees any that takes longer than this.
        # It stops itself, with all of its group: its host may end it before anybody else comes to it.
        assert "time.sleep(600)" in TRAINER
        program = f"import os, signal, time; time.sleep(6){TRAINER}".replace(
            "time.sleep(600)", "os.killpg(0, signal.SIGSTOP)"
        )
        watching = hasty.submit("stopped", f"python -c {shlex.quote(program)}")
        message = watching.outcome()["message"]
        assert re.match(
            r"the training ended after epoch 2: it finished no epoch for \d+ s, with a limit of 1 s,"
            " so its host ended it; another try",
            message,
        )
        goes_on(hasty)


def test_machine_goes_off_at_its_deadline_though_all_the_rest_is_gone(tmp_path: Path) -> None:
    """Nobody is connected, nobody asks; the training would go on for ten minutes."""
    with machine(tmp_path) as alone:
        alone.submit("orphan")
        alone.await_epoch(2)
        pid = alone.pid_of("orphan")
        deadline_at = datetime.fromtimestamp(time.time() + 2, UTC)
        # Who is slow is still connected, and cut off.
        with suppress(InstanceError):
            leave_deadline(alone.address, deadline_at)
        assert alone.await_off() == [
            ("stopping", "shut down from inside"),
            ("stopped", "stopped"),
        ]
        assert not is_alive(pid)
        written = f"{deadline_at.timestamp():.0f}"
        off_at = datetime.fromisoformat(alone.fleet.history()[-2].at).timestamp()
        # EC2 does not say when; the disk does, to whole seconds.
        (noted,) = (alone.host.home / ".sightscan-power-offs").read_text().split()
        assert int(written) <= int(noted) <= off_at + 1
        # Not at once again: that deadline was of the boot before.
        alone.fleet.start([alone.instance_id])
        await_host(alone.address, timeout_seconds=60)
        leave_deadline(alone.address, datetime.fromtimestamp(time.time() + 3_600, UTC))
        assert alone.fleet.state_of(alone.instance_id) == "running"


def test_idle_machine_goes_off(tmp_path: Path) -> None:
    with machine(tmp_path, "--idle-seconds", "0.3") as idle:
        assert idle.await_off()[0] == ("stopping", "shut down from inside")


def test_machine_goes_off_after_its_life_though_somebody_is_in(tmp_path: Path) -> None:
    with machine(tmp_path) as old:

        async def stay() -> None:
            async with open_host(old.address) as host:
                # Its life is over now that somebody is in, however long that took.
                await asyncio.to_thread(old.host.watch_anew, "--max-life-seconds", "0")
                await host.wait_closed()

        asyncio.run(asyncio.wait_for(stay(), 60))
        assert old.await_off()[0] == ("stopping", "shut down from inside")


def test_ssh_session_is_use_as_long_as_it_lasts(patient: Machine) -> None:
    process = patient.host._process
    assert process is not None
    root = process.subreaper.pid

    async def look() -> None:
        async with open_host(patient.address):
            # A session gets its title a moment after it is open.
            await asyncio.to_thread(wait_until, lambda: is_in_use(read_processes(root)))

    asyncio.run(look())
    wait_until(lambda: not is_in_use(read_processes(root)))


@pytest.mark.parametrize(("watched", "warned"), [(True, False), (False, True)])
def test_host_without_a_watch_is_told_of(
    patient: Machine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    watched: bool,
    warned: bool,
) -> None:
    if not watched:
        monkeypatch.setattr("sightscan.train.deadline.FIND_WATCH", "pgrep -f 'no such watc[h]'")
    leave_deadline(patient.address, datetime.fromtimestamp(time.time() + 3_600, UTC))
    assert ("does not power itself off" in caplog.text) is warned


@pytest.mark.parametrize(
    ("note", "heard"),
    [
        ("1700000000\n1700000009\n", ([1_700_000_000, 1_700_000_009], 0)),
        ("1700000000", ([1_700_000_000], 0)),
        ("", ([], 0)),
        ("soon\n-1\n1e9\n99999999999\n1700000000\n\x00\n", ([1_700_000_000], 5)),
        ("7" * 5_000, ([], 1)),
        (Path.mkdir, ([], 0)),
        (os.mkfifo, ([], 0)),
    ],
)
def test_senseless_notes_of_power_offs_are_ignored(
    patient: Machine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    note: str | Callable[[Path], None],
    heard: tuple[list[int], int],
) -> None:
    """`heard` are the seconds that count, and how many warnings."""
    asked: list[Any] = []
    monkeypatch.setattr(power_offs, "correct_seen_ends", lambda *given: asked.append(given) or ())
    path = patient.host.home / ".sightscan-power-offs"
    if isinstance(note, str):
        path.write_text(note)
    else:
        note(path)
    power_offs.correct_bills("the warehouse", patient.address, "i-1")  # type: ignore[arg-type]
    ((*_, times),) = asked
    warnings = caplog.text.count("expected seconds since 1970")
    assert ([each.timestamp() for each in times], warnings) == heard
    (path.rmdir if path.is_dir() else path.unlink)()
