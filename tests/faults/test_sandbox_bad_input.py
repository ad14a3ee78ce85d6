"""Bad input to `python -m sandbox` is one sentence that says what to do, and starts nothing."""

import fcntl
import socket
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from sandbox.__main__ import run
from sandbox.addresses import PostgresAddress

Capture = pytest.CaptureFixture[str]
HEADER = "file,sight,city,x1,y1,x2,y2,width,height\n"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder that is not there yet."""
    return tmp_path / "state"


@pytest.fixture
def trainer_bin(tmp_path: Path) -> Path:
    """Stand in for the trainer's environment."""
    folder = tmp_path / "trainer"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    return folder


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """The smallest world there is."""
    folder = tmp_path / "world"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.jpg"), np.zeros((60, 80, 3), np.uint8))
    rows = HEADER + "a.jpg,Old Tower,Testopolis,1,1,50,50,80,60\n"
    (folder / "manifest.csv").write_text(rows, encoding="utf-8")
    return folder


def test_empty_world_folder(
    state: Path, trainer_bin: Path, tmp_path: Path, capsys: Capture
) -> None:
    """The missing file is named."""
    empty = tmp_path / "empty"
    empty.mkdir()
    _assert_refused(capsys, state, trainer_bin, "manifest.csv", "--world", str(empty))


def test_box_outside_of_its_picture(
    state: Path, trainer_bin: Path, world: Path, capsys: Capture
) -> None:
    """The box is named."""
    rows = HEADER + "a.jpg,Old Tower,Testopolis,1,1,500,50,80,60\n"
    (world / "manifest.csv").write_text(rows, encoding="utf-8")
    _assert_refused(capsys, state, trainer_bin, "lies outside the picture", "--world", str(world))


def test_missing_trainer_environment(state: Path, tmp_path: Path, capsys: Capture) -> None:
    """The folder is named, and the command that creates it."""
    _assert_refused(capsys, state, tmp_path / "nowhere", "run `make setup`")


def test_state_folder_in_use(state: Path, trainer_bin: Path, world: Path, capsys: Capture) -> None:
    """The other sandbox is named by its process."""
    state.mkdir()
    with (state / "lock").open("w") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        _assert_refused(
            capsys, state, trainer_bin, "another sandbox (process 4711)", "--world", str(world)
        )


def test_taken_control_port(state: Path, trainer_bin: Path, world: Path, capsys: Capture) -> None:
    """The port is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        _assert_refused(
            capsys,
            state,
            trainer_bin,
            f"port {port}",
            "--world",
            str(world),
            "--control-port",
            port,
        )


def test_wrong_password_of_a_given_server(
    *,
    state: Path,
    trainer_bin: Path,
    world: Path,
    capsys: Capture,
    postgres: PostgresAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The variables to correct are named, the password is not."""
    for name, value in replace(postgres, password="wrong-password").environment.items():
        monkeypatch.setenv(name, value)
    message = _assert_refused(capsys, state, trainer_bin, "correct PGHOST", "--world", str(world))
    assert "wrong-password" not in message


def test_given_server_that_is_not_there(
    state: Path, trainer_bin: Path, world: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is named."""
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    _assert_refused(capsys, state, trainer_bin, "127.0.0.1:1", "--world", str(world))


@pytest.mark.parametrize(
    ("option", "value"), [("--instances", "0"), ("--instances", "x"), ("--boot-seconds", "-1")]
)
def test_senseless_number(state: Path, option: str, value: str, capsys: Capture) -> None:
    """The option is named."""
    with pytest.raises(SystemExit, match="2"):
        run(["--state", str(state), option, value])
    assert f"argument {option}" in capsys.readouterr().err


def test_error_that_vision_does_not_make(state: Path, capsys: Capture) -> None:
    """The errors that there are are named."""
    with pytest.raises(SystemExit, match="2"):
        run(["--state", str(state), "--vision-error", "mood=0.5"])
    assert "no error 'mood'; choose one of nothing_found," in capsys.readouterr().err


def _assert_refused(
    capsys: Capture, state: Path, trainer_bin: Path, expected: str, *arguments: str
) -> str:
    status = run(["--state", str(state), "--trainer-bin", str(trainer_bin), *arguments])
    message = capsys.readouterr().err
    assert status == 2
    assert expected in message
    assert message.count("\n") == 1
    assert not (state / "sandbox.json").exists()
    return message
