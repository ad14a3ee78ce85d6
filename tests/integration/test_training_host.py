"""Reaching, filling and reading a GPU host over real SSH and SFTP, also when it breaks off."""

import asyncio
import hashlib
import json
import logging
import pickle
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh
import psycopg
import pytest

from sandbox.gpu.gpu_host import GpuHost, ed25519_key
from sightscan.errors import InstanceError, TrainingError
from sightscan.publish.register import register_model
from sightscan.train import host, upload
from sightscan.train.download import download_model
from sightscan.train.host import HostAddress, await_host
from sightscan.train.host_lock import locked_host
from sightscan.train.upload import upload_dataset
from sightscan.warehouse.models.models import insert_publication
from tests.cities.asked_training import Asked, ask
from tests.cities.colour_city import add_photo, store_colour_city, write_model_folder
from tests.waiting import LIMIT_SECONDS
from trainer.dataset_folder import read_dataset as read_as_trainer
from trainer.model_folder import locked_host as locked_by_trainer
from trainer.request import hash_request, read_request


def test_host_that_answers_is_reached(address: HostAddress) -> None:
    assert await_host(address, timeout_seconds=60) < 60


def test_host_that_starts_late_is_waited_for(
    machine: GpuHost, address: HostAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, knocks = host.connect_host, []

    async def connect(address: HostAddress) -> asyncssh.SSHClientConnection:
        knocks.append(address)
        if len(knocks) == 2:
            await asyncio.to_thread(machine.power_on)
        return await real(address)

    monkeypatch.setattr(host, "connect_host", connect)
    machine.power_off()
    assert await_host(address, timeout_seconds=60) > 1
    assert len(knocks) >= 2


def test_host_that_is_off_is_given_up_with_a_sentence(
    machine: GpuHost, address: HostAddress
) -> None:
    machine.power_off()
    with pytest.raises(InstanceError, match=r"does not answer .* gave up after 2 s"):
        await_host(address, timeout_seconds=2)


def test_wrong_host_key_is_refused_at_once(address: HostAddress) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(InstanceError, match=r"host key of .* is not the pinned one"):
        await_host(replace(address, host_key=other), timeout_seconds=3_600)


def test_key_that_the_host_does_not_know_is_refused_at_once(
    address: HostAddress, tmp_path: Path
) -> None:
    stranger = ed25519_key(tmp_path / "stranger", "stranger")
    with pytest.raises(InstanceError, match="refuses the key"):
        await_host(replace(address, key_file=stranger), timeout_seconds=3_600)


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "cannot be read"), ("no key", "is no private SSH key")]
)
def test_key_file_that_is_none_is_named(
    address: HostAddress, tmp_path: Path, content: str | None, problem: str
) -> None:
    key_file = tmp_path / "mine"
    if content is not None:
        key_file.write_text(content, encoding="utf-8")
    with pytest.raises(InstanceError, match=f"mine {problem}"):
        await_host(replace(address, key_file=key_file), timeout_seconds=60)


def test_pinned_key_that_is_none_is_named(address: HostAddress) -> None:
    with pytest.raises(InstanceError, match="expected a line like 'ssh-ed25519"):
        await_host(replace(address, host_key="SHA256:abc"), timeout_seconds=60)


def test_trainer_reads_what_was_uploaded(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    report = upload_dataset(warehouse, asked.config, address, asked.training)
    assert (report.uploaded, report.already_there) == (30, 0)
    folder = machine.home / asked.training.run_folder
    dataset = read_as_trainer(folder)
    assert dataset.sha256 == asked.dataset.sha256.hex()
    photos = [*dataset.train, *dataset.val, *dataset.test]
    assert len(photos) == 30
    for photo in photos:
        assert hashlib.sha256(photo.path.read_bytes()).hexdigest() == photo.sha256
    assert read_request(folder).epochs == 3


def test_trainer_and_pipeline_hash_the_request_alike(
    warehouse: psycopg.Connection[Any],
    machine: GpuHost,
    address: HostAddress,
    tmp_path: Path,
) -> None:
    weights = tmp_path / "yolov5n.pt"
    weights.write_bytes(b"weights to start from")
    place = store_colour_city(warehouse, photos_a_sight=6)
    asked = ask(warehouse, place, "run 1", mts_weights=str(weights), mts_patience=7)
    upload_dataset(warehouse, asked.config, address, asked.training)
    folder = machine.home / asked.training.run_folder
    assert hash_request(read_request(folder), folder) == asked.training.request.sha256.hex()


def test_second_upload_sends_no_photo(
    warehouse: psycopg.Connection[Any], address: HostAddress, asked: Asked
) -> None:
    upload_dataset(warehouse, asked.config, address, asked.training)
    again = upload_dataset(warehouse, asked.config, address, asked.training)
    assert (again.uploaded, again.already_there, again.byte_count) == (0, 30, 0)


def test_next_dataset_sends_only_what_is_new(
    warehouse: psycopg.Connection[Any], address: HostAddress, asked: Asked
) -> None:
    upload_dataset(warehouse, asked.config, address, asked.training)
    for number in range(3):
        add_photo(warehouse, asked.place.city, asked.place.sights[0], f"later {number}")
    later = ask(warehouse, asked.place, "run 2")
    report = upload_dataset(warehouse, later.config, address, later.training)
    assert (report.uploaded, report.already_there) == (3, 30)


def test_upload_that_breaks_off_is_completed_by_the_next(
    warehouse: psycopg.Connection[Any],
    machine: GpuHost,
    address: HostAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = store_colour_city(warehouse, photos_a_sight=60)
    asked = ask(warehouse, place, "run 1")
    images = machine.home / "sightscan" / "images"
    real, begun = upload.write_file, []

    async def write(*given: Any) -> None:
        # Some have been sent by then, since only a few are on their way at once.
        begun.append(given)
        if len(begun) == 20:
            machine.power_off()
        await real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(upload, "write_file", write)
        with pytest.raises(InstanceError, match=r"broke off .* goes on where it stopped"):
            upload_dataset(warehouse, asked.config, address, asked.training)
    # Half a photo, as a kill at the worst moment leaves it.
    (images / f"{'ab' * 32}.png.part").write_bytes(b"half")
    machine.power_on()
    await_host(address, timeout_seconds=60)
    report = upload_dataset(warehouse, asked.config, address, asked.training)
    assert report.already_there >= 1
    assert report.uploaded + report.already_there == 300
    assert not list((machine.home / "sightscan").rglob("*.part"))
    assert len(read_as_trainer(machine.home / asked.training.run_folder).train) > 100


def test_photo_whose_bytes_are_gone_stops_the_upload_with_a_sentence(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    warehouse.execute(
        "delete from core.photo_blob where sha256 ="
        " (select sha256 from core.dataset_photo order by sha256 limit 1)"
    )
    with pytest.raises(TrainingError, match="bytes of 1 photos of the dataset are gone"):
        upload_dataset(warehouse, asked.config, address, asked.training)
    assert not (machine.home / asked.training.run_folder / "request.json").exists()


def test_later_training_starts_from_the_model_in_place(
    warehouse: psycopg.Connection[Any],
    machine: GpuHost,
    address: HostAddress,
    asked: Asked,
    tmp_path: Path,
) -> None:
    folder = write_model_folder(tmp_path / "model", asked.training, asked.dataset)
    version = register_model(warehouse, asked.training, folder)
    city_id = asked.place.city.city_id
    insert_publication(warehouse, city_id, version, published_by="test", reason="first")
    later = ask(warehouse, asked.place, "run 2", mts_weights="model")
    upload_dataset(warehouse, later.config, address, later.training)
    name = later.training.request.weights
    assert name is not None
    uploaded = machine.home / later.training.run_folder / name
    assert uploaded.read_bytes() == (folder / "weights.safetensors").read_bytes()


def test_finished_model_is_fetched_without_its_checkpoints(
    machine: GpuHost, address: HostAddress, asked: Asked, tmp_path: Path
) -> None:
    remote = machine.home / asked.training.model_folder
    write_model_folder(remote, asked.training, asked.dataset)
    (remote / "checkpoints").mkdir()
    (remote / "checkpoints" / "last.pt").write_bytes(b"\x80 a pickle")
    folder = download_model(address, asked.training, tmp_path / "fetched")
    assert sorted(path.name for path in folder.iterdir()) == [
        "confusion_matrix.png",
        "curves.png",
        "model.onnx",
        "result.json",
        "weights.safetensors",
    ]


def test_model_is_fetched_without_a_drawing_that_could_not_be_made(
    machine: GpuHost, address: HostAddress, asked: Asked, tmp_path: Path
) -> None:
    remote = machine.home / asked.training.model_folder
    write_model_folder(remote, asked.training, asked.dataset)
    (remote / "curves.png").unlink()
    (remote / "confusion_matrix.png").write_bytes(bytes(32_000_001))
    folder = download_model(address, asked.training, tmp_path / "fetched")
    assert sorted(path.name for path in folder.iterdir()) == [
        "model.onnx",
        "result.json",
        "weights.safetensors",
    ]


def test_training_without_result_is_no_model(
    address: HostAddress, asked: Asked, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"result\.json is missing .* there is no model"):
        download_model(address, asked.training, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_fetched_file_with_another_hash_is_refused(
    machine: GpuHost, address: HostAddress, asked: Asked, tmp_path: Path
) -> None:
    remote = machine.home / asked.training.model_folder
    write_model_folder(remote, asked.training, asked.dataset)
    (remote / "model.onnx").write_bytes(b"other")
    with pytest.raises(TrainingError, match=r"model\.onnx does not have the SHA-256"):
        download_model(address, asked.training, tmp_path / "fetched")


def test_result_of_another_request_is_refused(
    machine: GpuHost, address: HostAddress, asked: Asked, tmp_path: Path
) -> None:
    remote = machine.home / asked.training.model_folder
    write_model_folder(remote, asked.training, asked.dataset)
    result = json.loads((remote / "result.json").read_text(encoding="utf-8"))
    result["request_sha256"] = "ab" * 32
    (remote / "result.json").write_text(json.dumps(result), encoding="utf-8")
    with pytest.raises(TrainingError, match="answers another request"):
        download_model(address, asked.training, tmp_path / "fetched")


def hold(
    address: HostAddress, purpose: str, held: threading.Event, let_go: threading.Event
) -> threading.Thread:
    """Hold the host's lock in a thread, as another worker does."""

    async def work() -> None:
        async with locked_host(address, purpose):
            held.set()
            await asyncio.to_thread(let_go.wait, 60)

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    assert held.wait(LIMIT_SECONDS)
    return thread


def test_upload_waits_for_who_works_on_the_host_and_says_for_whom(
    warehouse: psycopg.Connection[Any],
    address: HostAddress,
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr("sightscan.train.host_lock.LOCK_REMINDER_SECONDS", 0.1)
    held, let_go = threading.Event(), threading.Event()
    holder = hold(address, "fetching of another's model", held, let_go)

    def end_when_told(record: logging.LogRecord) -> bool:
        if "waiting: fetching of another's model works on it" in record.getMessage():
            let_go.set()
        return True

    caplog.handler.addFilter(end_when_told)
    report = upload_dataset(warehouse, asked.config, address, asked.training)
    holder.join()
    assert let_go.is_set()
    assert report.uploaded == 30


def test_fetching_from_a_host_at_work_is_given_up_with_a_sentence(
    machine: GpuHost, address: HostAddress, asked: Asked, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("sightscan.train.host_lock.LOCK_REMINDER_SECONDS", 0.1)
    run_folder = machine.home / "sightscan/runs/malaga/others"
    run_folder.mkdir(parents=True)
    (machine.home / "sightscan/host.lock").touch()
    (run_folder / "host.lock").symlink_to("../../../host.lock")
    brief = partial(locked_host, max_wait_seconds=1)
    monkeypatch.setattr("sightscan.train.download.locked_host", brief)
    with (
        locked_by_trainer(run_folder),
        pytest.raises(
            InstanceError,
            match=r"gave up after 1 s: on .* training others is still at work; run the task again",
        ),
    ):
        download_model(address, asked.training, tmp_path)


def test_upload_leaves_alone_what_its_own_training_works_on(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    """The first try lost its connection; the task was cleared and comes again."""
    upload_dataset(warehouse, asked.config, address, asked.training)
    with locked_by_trainer(machine.home / asked.training.run_folder):
        report = upload_dataset(warehouse, asked.config, address, asked.training)
    assert (report.uploaded, report.already_there) == (0, 30)


def test_lock_of_a_worker_that_died_is_free(address: HostAddress) -> None:
    async def die() -> None:
        async with locked_host(address, "upload by a worker that dies"):
            raise ConnectionError

    async def come_after() -> None:
        async with locked_host(address, "the next", max_wait_seconds=60):
            pass

    program = (
        "import asyncio, os, pickle, sys; from sightscan.train.host_lock import locked_host\n"
        "async def hold():\n"
        "    async with locked_host(pickle.loads(bytes.fromhex(sys.argv[1])), 'upload'):\n"
        "        os.kill(os.getpid(), 9)\n"
        "asyncio.run(hold())"
    )
    given = pickle.dumps(address).hex()
    killed = subprocess.run([sys.executable, "-c", program, given], check=False)
    assert killed.returncode == -9
    asyncio.run(come_after())
    with pytest.raises(ConnectionError):
        asyncio.run(die())
    asyncio.run(come_after())
