"""When the watch on the GPU host powers it off, and which training it ends: clocks are told, not read."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from drawn_dataset import REPOSITORY

from trainer.host.__main__ import _note_power_off
from trainer.host.machine import Job, Process, find_jobs, is_in_use, read_small_file
from trainer.host.power import Moment, PowerLimits, PowerRule
from trainer.host.stalls import StallLimits, StallRule
from trainer.host.user_data import (
    TEMPLATE_LINE,
    cloud_config,
    filled_template,
    installed_files,
    shell_script,
)

BOOTED_AT = 1_764_000_000.0
HOUR = 3600
LIMITS = PowerLimits(idle_seconds=900, max_life_seconds=24 * HOUR)


def at(uptime: float, clock_error: float = 0.0, slept: float = 0.0) -> Moment:
    """Return a moment of a machine whose watch was awake since its boot."""
    return Moment(uptime, BOOTED_AT + uptime + clock_error, uptime - slept)


def deadline(uptime: float, written_at: int = 1) -> tuple[str, int]:
    return f"{BOOTED_AT + uptime:.0f}\n", written_at


def off_at(rule: PowerRule, moments: Sequence[Moment], file: Any, *, in_use: bool) -> float | None:
    """Return the uptime at which it goes off, None if it does not."""
    for now in moments:
        if rule.reason_to_end(now, file, in_use=in_use) is not None:
            return now.up_seconds
    return None


def test_machine_goes_off_after_15_idle_minutes() -> None:
    rule = PowerRule(LIMITS)
    looks = [at(seconds) for seconds in range(60, 3 * HOUR, 15)]
    assert off_at(rule, looks, None, in_use=False) == 975
    assert rule.reason_to_end(at(2000), None, in_use=False) is not None


def test_use_starts_the_idle_minutes_anew() -> None:
    rule = PowerRule(LIMITS)
    assert rule.reason_to_end(at(60), None, in_use=False) is None
    assert rule.reason_to_end(at(5000), None, in_use=True) is None
    assert rule.reason_to_end(at(5900), None, in_use=False) is None
    assert rule.reason_to_end(at(5901), None, in_use=False) == (
        "no training and no SSH session for 901 s"
    )


def test_time_that_the_watch_slept_is_not_idle_time() -> None:
    rule = PowerRule(LIMITS)
    assert rule.reason_to_end(at(60), None, in_use=False) is None
    assert rule.reason_to_end(at(9000, slept=8800), None, in_use=False) is None


def test_machine_in_use_goes_off_past_its_deadline() -> None:
    rule = PowerRule(LIMITS)
    looks = [at(seconds) for seconds in range(60, 5 * HOUR, 15)]
    assert off_at(rule, looks, deadline(2 * HOUR), in_use=True) == 2 * HOUR + 15


def test_forgotten_ssh_session_does_not_keep_it_for_ever() -> None:
    rule = PowerRule(LIMITS)
    looks = [at(seconds) for seconds in range(60, 40 * HOUR, 15)]
    assert off_at(rule, looks, None, in_use=True) == 24 * HOUR + 15


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", "1e99", "9" * 13, "2026-11-28T10:00:00Z", "\0\0\0", "17 64", "٣٣٣x"]
)
def test_rubbish_is_no_deadline_and_takes_none_back(text: str) -> None:
    rule = PowerRule(LIMITS)
    assert off_at(rule, [at(60), at(23 * HOUR)], (text, 1), in_use=True) is None
    assert off_at(rule, [at(23 * HOUR)], deadline(23.5 * HOUR, 2), in_use=True) is None
    assert off_at(rule, [at(23.6 * HOUR)], (text, 3), in_use=True) == 23.6 * HOUR


def test_deadline_that_vanishes_still_stands() -> None:
    rule = PowerRule(LIMITS)
    assert rule.reason_to_end(at(60), deadline(HOUR), in_use=True) is None
    assert rule.reason_to_end(at(HOUR + 1), None, in_use=True) == "its deadline passed 1 s ago"


def test_next_lease_moves_the_deadline() -> None:
    rule = PowerRule(LIMITS)
    assert rule.reason_to_end(at(60), deadline(HOUR), in_use=True) is None
    later = [at(seconds) for seconds in range(120, 5 * HOUR, 15)]
    assert off_at(rule, later, deadline(3 * HOUR, 2), in_use=True) == 3 * HOUR + 15


def test_deadline_of_an_earlier_boot_says_nothing() -> None:
    rule = PowerRule(LIMITS)
    assert off_at(rule, [at(5), at(HOUR)], deadline(-1), in_use=True) is None


def test_deadline_of_an_earlier_boot_leaves_time_for_the_next_lease() -> None:
    """It may be hours ahead of a run that ended early, and a minute after the next one's start."""
    looks = [at(seconds) for seconds in range(15, 2 * HOUR, 15)]
    before, after = int((BOOTED_AT - HOUR) * 1e9), int((BOOTED_AT + 100) * 1e9)
    assert off_at(PowerRule(LIMITS), looks, deadline(60, before), in_use=True) == 915
    assert off_at(PowerRule(LIMITS), looks, deadline(HOUR, before), in_use=True) == HOUR + 15
    rule = PowerRule(LIMITS)
    assert off_at(rule, looks[:10], deadline(60, before), in_use=True) is None
    assert off_at(rule, looks[10:], deadline(5 * HOUR, after), in_use=True) is None


def test_deadline_that_passed_since_the_boot_holds_for_a_watch_that_was_started_anew() -> None:
    assert PowerRule(LIMITS).reason_to_end(at(HOUR), deadline(HOUR - 100), in_use=True) == (
        "its deadline passed 100 s ago"
    )


@pytest.mark.parametrize("clock_error", [-10 * HOUR, 10 * HOUR, -40 * 365 * 24 * HOUR])
def test_clock_that_jumps_moves_no_deadline(clock_error: float) -> None:
    rule = PowerRule(LIMITS)
    assert rule.reason_to_end(at(60), deadline(2 * HOUR), in_use=True) is None
    looks = [at(seconds, clock_error) for seconds in range(75, 5 * HOUR, 15)]
    assert off_at(rule, looks, deadline(2 * HOUR), in_use=True) == 2 * HOUR + 15


@pytest.mark.parametrize("kind", ["pipe", "folder", "missing", "link", "huge"])
def test_what_lies_in_place_of_the_deadline_keeps_nobody_waiting(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "deadline"
    {
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "missing": lambda: None,
        "link": lambda: path.symlink_to(path),
        "huge": lambda: path.write_text("1" * 10_000_000),
    }[kind]()
    found = read_small_file(path, 100)
    assert found is None if kind != "huge" else found is not None and found[0] == "1" * 100


# A job, as the provider starts it.
SHELL = Process(
    10,
    1,
    [
        "bash",
        "-c",
        '\necho -n "$$" > ".sightscan-jobs/af_1/pid"\nmv .sightscan-jobs/af_1/exit_code.tmp',
    ],
    {"HOME": "/somewhere"},
)
MEMBER = Process(
    11,
    10,
    ["docker", "run", "sightscan-trainer"],
    {
        "HOME": "/somewhere",
        "LOG_FILE": ".sightscan-jobs/af_1/stdout.log",
        "SIGHTSCAN_PROGRESS": "sightscan/runs/m/1/model/progress.jsonl",
    },
)


def test_job_is_its_shell_and_all_that_carry_its_log() -> None:
    orphan = replace(MEMBER, pid=12, parent=1)
    other = Process(13, 1, ["python", "train.py"], {"LOG_FILE": "/var/log/other"})
    progress = Path("/somewhere/sightscan/runs/m/1/model/progress.jsonl")
    assert find_jobs([SHELL, MEMBER, orphan, other]) == (
        Job("af_1", (10, 11, 12), Path("/somewhere"), progress),
    )
    assert find_jobs([SHELL]) == (Job("af_1", (10,), Path("/somewhere"), None),)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sshd: ubuntu@pts/0"], True),
        (["sshd: ubuntu@notty", "", ""], True),
        (["sshd: ubuntu@internal-sftp"], True),
        (["sshd-session: ubuntu@pts/12   "], True),
        (["sshd: ubuntu"], True),
        (["sshd: ubuntu [priv]"], False),
        (["sshd: unknown [net]"], False),
        (["sshd-session: root [net]"], False),
        (["sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"], False),
        (["/usr/sbin/sshd", "-D"], False),
        (["python3", "-m", "trainer.host"], False),
        (["python", "-m", "trainer", "runs/1", "runs/1/model"], True),
        (["vim", "sshd: notes"], False),
        ([""], False),
    ],
)
def test_use_is_a_person_who_is_in_or_a_training(words: list[str], expected: bool) -> None:  # noqa: FBT001
    assert is_in_use([Process(1, 0, words, {})]) is expected


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "model").mkdir()
    return Job("af_1", (10,), tmp_path, tmp_path / "model" / "progress.jsonl")


def tell_epochs(job: Job, *seconds: float, epochs: int = 100) -> None:
    lines = [
        json.dumps({"epoch": number, "epochs": epochs, "seconds": each})
        for number, each in enumerate(seconds, start=1)
    ]
    assert job.progress is not None
    job.progress.write_text("".join(f"{line}\n" for line in lines))


def stalled_at(job: Job, *told: Sequence[float]) -> int | None:
    """Return the second, after all epochs were told, at which a job is found to hang.

    `told` are the seconds of the epochs in its progress, one list for each look, the first when it begins.
    """
    rule = StallRule(StallLimits(least_seconds=600, quiet_seconds=1800))
    for look, seconds in enumerate(told):
        tell_epochs(job, *seconds)
        assert rule.find_stalled([job], look) == []
    begun = max(len(told) - 1, 0)
    for now in range(begun, begun + 20_000, 10):
        if rule.find_stalled([job], now):
            return now - begun
    return None


def test_training_without_an_epoch_for_ten_minutes_hangs(job: Job) -> None:
    assert stalled_at(job, [], [8, 8]) == 610


def test_slow_epochs_are_given_the_time_of_five(job: Job) -> None:
    assert stalled_at(job, [], [400, 100]) == 2010


@pytest.mark.parametrize(
    "told",
    [
        pytest.param([[8.0, 8.0]], id="as it was left"),
        pytest.param([[8.0, 8.0, 8.0], [8.0]], id="its checkpoint is older"),
        pytest.param([[8.0], [8.0], [8.0]], id="told again"),
    ],
)
def test_training_that_goes_on_loads_as_long_as_one_that_begins(
    job: Job, told: list[list[float]]
) -> None:
    assert stalled_at(job, *told) == 1810


def test_training_that_goes_on_is_watched_as_before_from_its_next_epoch_on(job: Job) -> None:
    assert stalled_at(job, [8, 8, 8], [8], [8, 8]) == 610


def test_first_epoch_has_half_an_hour(job: Job) -> None:
    assert stalled_at(job) == 1810


def test_last_measure_and_export_have_half_an_hour(job: Job) -> None:
    rule = StallRule(StallLimits(least_seconds=600, quiet_seconds=1800))
    assert rule.find_stalled([job], 0) == []
    tell_epochs(job, 8, 8, epochs=2)
    assert rule.find_stalled([job], 10) == []
    assert rule.find_stalled([job], 1810) == []
    assert len(rule.find_stalled([job], 1811)) == 1


def test_training_that_its_time_limit_ended_may_still_be_measured(job: Job) -> None:
    """The trainer leaves a file: no epoch follows, though not all were done."""
    rule = StallRule(StallLimits(least_seconds=600, quiet_seconds=1800))
    assert rule.find_stalled([job], 0) == []
    tell_epochs(job, 8, 8)
    (job.home or Path()).joinpath("model", "trained").touch()
    assert rule.find_stalled([job], 10) == []
    assert rule.find_stalled([job], 1810) == []
    assert len(rule.find_stalled([job], 1811)) == 1


def test_each_epoch_is_a_sign_of_life(job: Job) -> None:
    rule = StallRule(StallLimits(least_seconds=600, quiet_seconds=1800))
    assert rule.find_stalled([job], 0) == []
    for count in range(1, 20):
        tell_epochs(job, *[8.0] * count)
        assert rule.find_stalled([job], count * 590) == []
    assert rule.find_stalled([job], 19 * 590 + 601) == [
        (
            job,
            "it finished no epoch for 601 s, with a limit of 600 s, so its host ended it",
        )
    ]


def test_job_that_tells_no_progress_never_hangs(job: Job) -> None:
    assert stalled_at(replace(job, progress=None)) is None


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", "null", "7", '{"epoch": 1}', '{"epoch": 1, "epochs": 9, "seconds": "long"}'],
)
def test_rubbish_in_the_progress_is_no_epoch(job: Job, line: str) -> None:
    assert job.progress is not None
    job.progress.write_text(f"{line}\n")
    assert stalled_at(job) == 1810


@pytest.mark.parametrize("seconds", ["NaN", "Infinity", "1e999", "-1e9"])
def test_no_epoch_makes_the_limit_endless(job: Job, seconds: str) -> None:
    rule = StallRule(StallLimits(least_seconds=600, quiet_seconds=1800))
    assert rule.find_stalled([job], 0) == []
    tell_epochs(job, 8)
    assert job.progress is not None
    with job.progress.open("a") as file:
        file.write(f'{{"epoch": 2, "epochs": 9, "seconds": {seconds}}}\n')
    assert rule.find_stalled([job], 10) == []
    assert len(rule.find_stalled([job], 620)) == 1


def test_full_disk_keeps_no_machine_on(tmp_path: Path) -> None:
    """Nor does a home that is none; systemd hears of each look."""
    (tmp_path / "home").write_text("no folder")
    command = [sys.executable, "-m", "trainer.host", "--home", str(tmp_path / "home")]
    command += ["--idle-seconds", "0", "--look-seconds", "0.01", "--root-pid", str(os.getpid())]
    command += ["--power-off", "sh -c 'exit 1'", "--power-off", "sh -c 'kill $PPID'"]
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard,
        Path("/dev/full").open("w", encoding="utf-8") as full,
    ):
        heard.bind("\0sightscan-test-" + str(os.getpid()))
        environment = {**os.environ, "NOTIFY_SOCKET": f"@sightscan-test-{os.getpid()}"}
        status = subprocess.run(
            command, cwd=REPOSITORY, env=environment, stdout=full, timeout=60, check=False
        ).returncode
        assert status == -signal.SIGTERM
        # The first command failed eight times; only then comes the second.
        assert [heard.recv(100) for _ in range(8)] == [b"WATCHDOG=1"] * 8


@pytest.mark.parametrize(
    ("known", "kept"),
    [
        (None, []),
        ("1700000000\n1700000001\n", ["1700000000", "1700000001"]),
        ("root:x:0:0\n1700000000\n\n-5\n\u0663\n", ["1700000000"]),
        (
            "".join(f"{1_700_000_000 + n}\n" for n in range(20)),
            [f"{1_700_000_000 + n}" for n in range(1, 20)],
        ),
    ],
)
def test_power_off_is_noted_after_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: str | None, kept: list[str]
) -> None:
    """Twenty are kept; what else the folder's owner left there is neither passed on nor followed."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (tmp_path / ".sightscan-power-offs.part").symlink_to(secret)
    noted = tmp_path / ".sightscan-power-offs"
    if known is not None:
        noted.write_text(known)
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.4)
    _note_power_off(tmp_path)
    assert noted.read_text().split() == [*kept, "1800000000"]
    assert secret.read_text() == "secret"
    assert not noted.is_symlink()


def test_user_data_installs_the_watch_whole(tmp_path: Path) -> None:
    """As cloud-init takes it, in the 16 KB that EC2 takes; the script for a host that runs does the same."""
    files = installed_files("--home /home/trainer")
    text = cloud_config(files)
    assert len(text.encode()) < 16_000
    told = yaml.safe_load(text)
    assert {each["path"] for each in told["write_files"]} == set(files)
    assert "systemctl enable --now sightscan-host.service" in told["runcmd"]
    script = shell_script({f"{tmp_path}{path}": content for path, content in files.items()})
    subprocess.run(["bash", "-euc", script.partition("systemctl")[0]], check=True)
    for path, content in files.items():
        assert Path(f"{tmp_path}{path}").read_text() == content
    library = tmp_path / "usr/local/lib/sightscan"
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.append({str(library)!r})\n"]
    command[-1] += "import runpy; sys.argv = ['host', '--help']; runpy.run_module('trainer.host')"
    assert subprocess.run(command, check=False, cwd=tmp_path).returncode == 0
    options = (tmp_path / "etc/default/sightscan-host").read_text()
    assert options == "SIGHTSCAN_HOST_OPTIONS='--home /home/trainer'\n"


def test_watch_needs_the_standard_library_alone() -> None:
    program = "import sys, trainer.host.__main__; print({m.partition('.')[0] for m in sys.modules})"
    command = [sys.executable, "-S", "-E", "-c", program]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert not set(eval(done.stdout)) - sys.stdlib_module_names - {"trainer", "__main__"}  # noqa: S307 - our own


def test_the_template_of_cloudformation_gets_the_watch_and_stays_under_awss_limits() -> None:
    template = (REPOSITORY / "docker" / "cloudformation.yaml").read_text()
    told = cloud_config(installed_files(""))
    filled = filled_template(template, told)
    # EC2 takes 16 KB of user data, CloudFormation 51,200 bytes of a template.
    assert len(told.encode()) <= 16_384
    assert len(filled.encode()) <= 51_200
    before, after = filled.split("Fn::Base64: |\n")
    assert template.startswith(before)
    margin = " " * 12
    block = [line for line in after.splitlines() if line.startswith(margin)]
    assert (
        "\n".join(line.removeprefix(margin) for line in block[: len(told.splitlines())]) + "\n"
        == told
    )


@pytest.mark.parametrize("count", [0, 2])
def test_a_template_without_one_place_for_the_watch_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"found {count}"):
        filled_template(f"a: {TEMPLATE_LINE}\n" * count, "watch")
