"""The model folder is locked by one run at a time, and is a model only with its own result.json."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from drawn_dataset import REPOSITORY

from trainer.errors import HostBusy, ModelFolderUnusable
from trainer.model_folder import (
    RunIdentity,
    begin_model,
    hash_file,
    locked_host,
    locked_model_folder,
    read_result,
    write_result,
)

IDENTITY = RunIdentity("d" * 64, "r" * 64, "t" * 64)
RESULT = {
    "dataset_sha256": IDENTITY.dataset_sha256,
    "request_sha256": IDENTITY.request_sha256,
    "trainer_sha256": IDENTITY.trainer_sha256,
    "files": {},
}


def test_result_is_found_by_its_own_training(tmp_path: Path) -> None:
    write_result(tmp_path, RESULT)
    assert read_result(tmp_path, IDENTITY) == RESULT


@pytest.mark.parametrize("key", ["dataset_sha256", "request_sha256", "trainer_sha256"])
def test_result_of_another_training_is_not_ours(tmp_path: Path, key: str) -> None:
    write_result(tmp_path, RESULT)
    assert read_result(tmp_path, replace(IDENTITY, **{key: "x"})) is None


def test_result_of_a_trainer_that_did_not_say_which_is_not_ours(tmp_path: Path) -> None:
    write_result(tmp_path, {key: RESULT[key] for key in RESULT if key != "trainer_sha256"})
    assert read_result(tmp_path, IDENTITY) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"dataset_sha256": 1}'])
def test_damaged_result_is_no_result(tmp_path: Path, text: str) -> None:
    (tmp_path / "result.json").write_text(text)
    assert read_result(tmp_path, IDENTITY) is None


@pytest.mark.parametrize("content", [None, b"half"])
def test_result_whose_model_is_gone_or_cut_is_no_result(
    tmp_path: Path, content: bytes | None
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"whole model")
    write_result(tmp_path, {**RESULT, "files": {"model.onnx": hash_file(tmp_path / "model.onnx")}})
    assert read_result(tmp_path, IDENTITY) is not None
    (tmp_path / "model.onnx").unlink()
    if content is not None:
        (tmp_path / "model.onnx").write_bytes(content)
    assert read_result(tmp_path, IDENTITY) is None


def test_beginning_anew_leaves_no_model(tmp_path: Path) -> None:
    write_result(tmp_path, RESULT)
    begin_model(tmp_path)
    assert not (tmp_path / "result.json").exists()


def test_failed_write_keeps_the_old_result(tmp_path: Path) -> None:
    write_result(tmp_path, RESULT)
    with pytest.raises(TypeError):
        write_result(tmp_path, {**RESULT, "metrics": object()})
    assert json.loads((tmp_path / "result.json").read_text()) == RESULT


def test_second_run_waits_for_the_first(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from trainer.model_folder import locked_model_folder\n"
        "with locked_model_folder(Path(sys.argv[1])): print('mine')"
    )
    with locked_model_folder(tmp_path):
        second = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert second.stdout is not None
        assert second.stdout.readline().startswith("waiting: another run is training")
    assert second.communicate(timeout=120)[0] == "mine\n"


def test_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from trainer.model_folder import locked_model_folder\n"
        "with locked_model_folder(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=REPOSITORY, check=False)
    with locked_model_folder(tmp_path):
        pass


def host_of(folder: Path, *runs: str) -> list[Path]:
    """Make the folders of some runs on one host, as an upload leaves them."""
    (folder / "host.lock").write_text("an upload, long over\n")
    for run in runs:
        (folder / run).mkdir()
        (folder / run / "host.lock").symlink_to("../host.lock")
    return [folder / run for run in runs]


def test_host_is_locked_for_all_runs_on_it_and_says_by_whom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = host_of(tmp_path, "run-1", "run-2")
    with (
        locked_host(first),
        pytest.raises(
            HostBusy,
            match=r"gave up after 0.1 s: somebody else works on this host \(training run-1\); run again",
        ),
        locked_host(second, max_wait_seconds=0.1),
    ):
        pass
    assert "waiting: somebody else works on this host (training run-1)" in capsys.readouterr().out
    with locked_host(second, max_wait_seconds=0):
        assert (tmp_path / "host.lock").read_text() == "training run-2\n"


def test_lock_of_the_host_is_free_when_its_holder_was_killed(tmp_path: Path) -> None:
    first, second = host_of(tmp_path, "run-1", "run-2")
    program = (
        "import os, signal, sys; from pathlib import Path; from trainer.model_folder import locked_host\n"
        "with locked_host(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, str(first)], cwd=REPOSITORY, check=False)
    with locked_host(second, max_wait_seconds=0):
        pass


def test_dataset_folder_without_the_hosts_lock_is_trained_all_the_same(tmp_path: Path) -> None:
    with locked_host(tmp_path):
        assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ModelFolderUnusable, match="cannot be written"),
        locked_model_folder(tmp_path / "file" / "m"),
    ):
        pass
