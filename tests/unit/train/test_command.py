"""The training's command: one shell word list, whatever surrounds it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.providers.ssh.utils.remote_job import RemoteJobPaths, build_posix_wrapper_command

from sightscan.train.command import training_command
from sightscan.training import Training, TrainingRequest

REQUEST = TrainingRequest(
    epochs=3,
    image_size=160,
    batch_size=8,
    seed=1,
    time_limit_seconds=600,
    architecture="yolov5n",
)
TRAINING = Training(1, "Q8851", "malaga", 1, b"\xab" * 32, REQUEST)


def test_command_is_one_bash_without_separators() -> None:
    command = training_command(TRAINING, "python -m trainer")
    assert command.startswith("bash -euo pipefail -c '")
    assert not set(command) & set(";\n&|$`")


def test_host_ends_a_training_half_an_hour_after_its_limit() -> None:
    """Reading the photos, the last measure and the export are not in the limit."""
    assert "timeout --foreground --kill-after=60 2400 python" in training_command(
        TRAINING, "python -m trainer"
    )


def test_run_folder_is_that_of_dataset_and_request() -> None:
    assert TRAINING.run_folder == (
        f"sightscan/runs/malaga/abababababab-{REQUEST.sha256.hex()[:12]}"
    )


def run_as_remote_job(command: str, folder: Path) -> tuple[str, str]:
    """Submit it as the operator does; return its output and its exit code once that is written."""
    paths = RemoteJobPaths("job", "posix", base_dir=str(folder))
    wrapper = build_posix_wrapper_command(command, paths)
    subprocess.run(["bash", "-c", wrapper], check=True, cwd=folder, env=os.environ)
    exit_code = Path(paths.exit_code_file)
    for _ in range(600):
        if exit_code.exists():
            return Path(paths.log_file).read_text(encoding="utf-8"), exit_code.read_text()
        subprocess.run(["sleep", "0.05"], check=True)
    pytest.fail("the exit code was never written: the operator would wait for ever")


PRINT_ARGUMENTS = f"{sys.executable} -c 'import sys; print(sys.argv[1:])'"


def test_operator_gets_output_and_success(tmp_path: Path) -> None:
    log, exit_code = run_as_remote_job(training_command(TRAINING, PRINT_ARGUMENTS), tmp_path)
    assert log.strip() == str([TRAINING.run_folder, TRAINING.model_folder])
    assert exit_code == "0"


def test_operator_gets_the_trainers_exit_code(tmp_path: Path) -> None:
    fail = f"{sys.executable} -c 'import sys; sys.exit(7)'"
    assert run_as_remote_job(training_command(TRAINING, fail), tmp_path)[1] == "7"


def test_trainer_command_is_words_and_never_shell(tmp_path: Path) -> None:
    hostile = f"{PRINT_ARGUMENTS} ; touch owned '$(touch owned)' && touch owned"
    log, _ = run_as_remote_job(training_command(TRAINING, hostile), tmp_path)
    assert "$(touch owned)" in log
    assert not (tmp_path / "owned").exists()


LABEL = f"--label sightscan.training={TRAINING.run_folder}"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("docker run --rm --gpus all image", f"docker run {LABEL} --rm --gpus all image"),
        ("/usr/bin/docker run image", f"/usr/bin/docker run {LABEL} image"),
        ("sudo docker run image", f"sudo docker run {LABEL} image"),
        ("sudo -n docker run image", f"sudo -n docker run {LABEL} image"),
        ("docker container run image", f"docker container run {LABEL} image"),
        ("docker exec trainer python -m trainer", "docker exec trainer python -m trainer"),
        ("python docker run", "python docker run"),
        ("python -m trainer", "python -m trainer"),
    ],
)
def test_container_is_labelled(given: str, expected: str) -> None:
    command = training_command(TRAINING, given)
    assert f" 2400 {expected} {TRAINING.run_folder} {TRAINING.model_folder}" in command
