"""What lies on a GPU host's disk: damaged, lying, taken down, old, or too much of it."""

import asyncio
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.gpu.gpu_host import GpuHost
from sightscan.errors import HostDiskFull, InstanceError
from sightscan.publish.register import register_model
from sightscan.train import upload
from sightscan.train.host import HostAddress
from sightscan.train.host_store import Verified, open_store
from sightscan.train.tidy import TidyReport, tidy_host
from sightscan.train.upload import UploadReport, upload_dataset
from sightscan.warehouse.models.models import insert_publication
from sightscan.warehouse.takedowns.takedowns import read_subjects, remove_photos
from tests.cities.asked_training import Asked, ask
from tests.cities.colour_city import add_photo, write_model_folder
from trainer.dataset_folder import read_dataset as read_as_trainer
from trainer.model_folder import locked_host as locked_by_trainer
from trainer.request import hash_request, read_request

DAY_SECONDS = 86_400
ROOM = 50_000_000_000


@pytest.fixture(autouse=True)
def room(machine: GpuHost) -> None:
    machine.set_free_bytes(ROOM)


@pytest.fixture
def again(
    warehouse: psycopg.Connection[Any], address: HostAddress, asked: Asked, tmp_path: Path
) -> Asked:
    """A training that starts from the weights of a model, uploaded once, after that model's."""
    upload_dataset(warehouse, asked.config, address, asked.training)
    folder = write_model_folder(tmp_path / "model", asked.training, asked.dataset)
    version = register_model(warehouse, asked.training, folder)
    city_id = asked.place.city.city_id
    insert_publication(warehouse, city_id, version, published_by="test", reason="first")
    later = ask(warehouse, asked.place, "run 2")
    upload_dataset(warehouse, later.config, address, later.training)
    return later


def count_hashed(machine: GpuHost) -> Callable[[], int]:
    """Have the host count the files that it reads; return what tells the number since the last time."""
    log = machine.home / "hashed"
    wrapper = machine.home.parent / "bin" / "sha256sum"
    # The first two arguments are options.
    wrapper.write_text(f'#!/bin/sh\necho $(($# - 2)) >> {log}\nexec /usr/bin/sha256sum "$@"\n')
    wrapper.chmod(0o700)

    def hashed() -> int:
        counts = [int(line) for line in log.read_text().split()] if log.exists() else []
        log.unlink(missing_ok=True)
        return sum(counts)

    return hashed


def assert_trainable(machine: GpuHost, asked: Asked) -> None:
    """Check a run's folder as the trainer does, and every byte of every photo in it."""
    folder = machine.home / asked.training.run_folder
    dataset = read_as_trainer(folder)
    assert dataset.sha256 == asked.dataset.sha256.hex()
    for photo in (*dataset.train, *dataset.val, *dataset.test):
        assert hashlib.sha256(photo.path.read_bytes()).hexdigest() == photo.sha256
    assert hash_request(read_request(folder), folder) == asked.training.request.sha256.hex()
    assert not [path for path in (machine.home / "sightscan").rglob("*") if ".part" in path.name]
    with locked_by_trainer(folder):
        assert (machine.home / "sightscan" / "host.lock").read_text() == f"training {folder.name}\n"


def replace_with(path: Path, make: Callable[[Path], object]) -> None:
    """Put something else in the place of a file, a link or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    make(path)


def full_folder(path: Path) -> None:
    """Make a folder that may not be written, with a file in it."""
    path.mkdir()
    (path / "rubbish").write_bytes(b"rubbish")
    path.chmod(0o555)


def lie_about(photo: Path, content: bytes) -> None:
    """Change a photo and give it back the size and the time that it had."""
    before = photo.stat()
    photo.write_bytes(content.ljust(before.st_size, b"\0")[: before.st_size])
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))


def forge_index(home: Path, photo: Path) -> None:
    """Damage a photo, and write into the index what the photo looks like now."""
    photo.write_bytes(b"damaged")
    found = photo.stat()
    index = home / "sightscan" / "verified.index"
    signature, _, text = index.read_bytes().partition(b"\n")
    lines = [line for line in text.split(b"\0") if photo.name.encode() not in line]
    stamp = f"{found.st_size}:{found.st_ino}:{found.st_mtime_ns / 1e9}:{found.st_ctime_ns / 1e9}"
    lines.append(f"f {stamp} sightscan/images/{photo.name}\0".encode())
    index.write_bytes(signature + b"\n" + b"\0".join(lines))


# What is done to a whole host (home, a photo, its label, its link, the weights), and how many photos
# must be sent again for it.
Damage = Callable[[Path, Path, Path, Path, Path], object]
DAMAGES: dict[str, tuple[Damage, int]] = {
    "photo emptied": (lambda _home, photo, *_: photo.write_bytes(b""), 1),
    "photo cut short": (lambda _home, photo, *_: os.truncate(photo, 100), 1),
    "photo of the same size and time": (lambda _home, photo, *_: lie_about(photo, b"other"), 1),
    "photo gone": (lambda _home, photo, *_: photo.unlink(), 1),
    "photo a folder": (lambda _home, photo, *_: replace_with(photo, full_folder), 1),
    "photo a link to nothing": (
        lambda _home, photo, *_: replace_with(photo, lambda path: path.symlink_to("nothing")),
        1,
    ),
    "photo a link to a device": (
        lambda _home, photo, *_: replace_with(photo, lambda path: path.symlink_to("/dev/zero")),
        1,
    ),
    "photo a pipe": (lambda _home, photo, *_: replace_with(photo, os.mkfifo), 1),
    "photo read-only and damaged": (
        lambda _home, photo, *_: (photo.write_bytes(b"x"), photo.chmod(0o400)),
        1,
    ),
    # Root may read it all the same.
    "photo not to be read": (lambda _home, photo, *_: photo.chmod(0o200), int(os.geteuid() != 0)),
    "half a photo of others": (
        lambda _home, photo, *_: full_folder(photo.with_name(f"{photo.name}.part")),
        0,
    ),
    "half a photo, a link to a full device": (
        lambda _home, photo, *_: (
            photo.unlink(),
            photo.with_name(f"{photo.name}.part").symlink_to("/dev/full"),
        ),
        1,
    ),
    "names that a shell would read": (
        lambda _home, photo, *_: [
            (photo.parent / name).write_bytes(b"x")
            for name in ("-rf", "$(touch oops)", "a\nb", "'; touch oops; '", "\udcff.part")
        ],
        0,
    ),
    "folder of photos a file": (
        lambda _home, photo, *_: replace_with(photo.parent, lambda path: path.write_bytes(b"x")),
        30,
    ),
    "folder of photos a link to nothing": (
        lambda _home, photo, *_: replace_with(photo.parent, lambda path: path.symlink_to("no")),
        30,
    ),
    "folder of photos read-only": (
        lambda _home, photo, *_: (photo.unlink(), photo.parent.chmod(0o555)),
        1,
    ),
    "weights emptied": (lambda _home, _photo, _label, _link, weights: weights.write_bytes(b""), 0),
    "weights a folder": (
        lambda _home, _photo, _label, _link, weights: replace_with(weights, full_folder),
        0,
    ),
    "label emptied": (lambda _home, _photo, label, *_: label.write_bytes(b""), 0),
    "label a folder": (lambda _home, _photo, label, *_: replace_with(label, full_folder), 0),
    "label read-only": (
        lambda _home, _photo, label, *_: (label.write_bytes(b"x"), label.chmod(0o400)),
        0,
    ),
    "label of a photo that is none": (
        lambda _home, _photo, label, *_: (label.parent / f"{'ab' * 32}.txt").write_bytes(
            b"0 1 1 1 1"
        ),
        0,
    ),
    "link to nothing": (
        lambda _home, _photo, _label, link, _: replace_with(
            link, lambda path: path.symlink_to("no")
        ),
        0,
    ),
    "link to another photo": (
        lambda _home, photo, _label, link, _: replace_with(
            link,
            lambda path: path.symlink_to(
                next(one for one in photo.parent.iterdir() if one != photo)
            ),
        ),
        0,
    ),
    "link a folder": (
        lambda _home, _photo, _label, link, _: replace_with(link, full_folder),
        0,
    ),
    "manifest a folder": (
        lambda _home, _photo, label, *_: replace_with(
            label.parents[2] / "dataset.json", full_folder
        ),
        0,
    ),
    "request a folder": (
        lambda _home, _photo, label, *_: replace_with(
            label.parents[2] / "request.json", full_folder
        ),
        0,
    ),
    "folder of labels a file": (
        lambda _home, _photo, label, *_: replace_with(
            label.parents[1], lambda path: path.write_bytes(b"x")
        ),
        0,
    ),
    "folder of the run read-only": (
        lambda _home, _photo, label, *_: label.parents[2].chmod(0o555),
        0,
    ),
    "folder of the run a link to another's": (
        lambda home, _photo, label, *_: replace_with(
            label.parents[2], lambda path: path.symlink_to(home / "tmp")
        ),
        0,
    ),
    "folder of the model a file": (
        lambda _home, _photo, label, *_: replace_with(
            label.parents[2] / "model", lambda path: path.write_bytes(b"x")
        ),
        0,
    ),
    "halves of another upload": (
        lambda _home, _photo, label, *_: [
            full_folder(label.parents[2] / name) for name in (".new", ".old")
        ],
        0,
    ),
    "lock a folder": (
        lambda home, *_: replace_with(home / "sightscan" / "host.lock", Path.mkdir),
        0,
    ),
    "lock a link to nothing": (
        lambda home, *_: replace_with(
            home / "sightscan" / "host.lock", lambda path: path.symlink_to("no/where")
        ),
        0,
    ),
    "lock read-only": (lambda home, *_: (home / "sightscan" / "host.lock").chmod(0o400), 0),
    "index cut short": (
        lambda home, *_: os.truncate(home / "sightscan" / "verified.index", 500),
        0,
    ),
    "index a folder": (
        lambda home, *_: replace_with(home / "sightscan" / "verified.index", full_folder),
        0,
    ),
    "index rubbish": (
        lambda home, *_: (home / "sightscan" / "verified.index").write_bytes(b"\xff\0\n" * 99),
        0,
    ),
    "index that lies": (lambda home, photo, *_: forge_index(home, photo), 1),
}


def test_whatever_is_damaged_is_made_whole_by_the_next_upload(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, again: Asked
) -> None:
    home = machine.home
    run_folder = home / again.training.run_folder
    weights = home / "sightscan" / "weights" / str(again.training.request.weights)
    for name, (damage, sent_again) in DAMAGES.items():
        label = min((run_folder / "labels" / "train").iterdir())
        link = next((run_folder / "images" / "train").glob(f"{label.stem}.*"))
        damage(home, home / "sightscan" / "images" / link.name, label, link, weights)
        try:
            report = upload_dataset(warehouse, again.config, address, again.training)
            assert (report.uploaded, report.already_there) == (sent_again, 30 - sent_again)
            assert_trainable(machine, again)
        except (AssertionError, InstanceError) as error:
            pytest.fail(f"{name}: {error}")
    assert not list(home.rglob("oops"))
    report = upload_dataset(warehouse, again.config, address, again.training)
    assert report == UploadReport(0, 30, 0, hashed=0, damaged=0)


def test_second_verification_of_10_000_photos_reads_none(
    machine: GpuHost, address: HostAddress
) -> None:
    folder = machine.home / "sightscan" / "images"
    folder.mkdir(parents=True)
    wanted = {}
    for number in range(10_000):
        content = f"photo {number}".encode()
        digest = hashlib.sha256(content)
        (folder / f"{digest.hexdigest()}.jpg").write_bytes(content)
        wanted[f"sightscan/images/{digest.hexdigest()}.jpg"] = digest.digest()
    hashed = count_hashed(machine)

    def verify() -> tuple[Verified, int]:
        async def look() -> Verified:
            async with open_store(address) as store:
                return await store.verify(wanted)

        return asyncio.run(look()), hashed()

    assert verify() == (Verified(frozenset(wanted), frozenset(), 10_000), 10_000)
    assert verify() == (Verified(frozenset(wanted), frozenset(), 0), 0)
    # One that was touched is read, and no other.
    damaged = min(wanted)
    (machine.home / damaged).write_bytes(b"damaged")
    whole = frozenset(wanted.keys() - {damaged})
    assert verify() == (Verified(whole, frozenset({damaged}), 1), 1)


def test_new_photos_are_all_that_is_sent_and_read(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    upload_dataset(warehouse, asked.config, address, asked.training)
    hashed = count_hashed(machine)
    add_photo(warehouse, asked.place.city, asked.place.sights[0], "later")
    add_photo(warehouse, asked.place.city, asked.place.sights[1], "later, too")
    later = ask(warehouse, asked.place, "run 2")
    report = upload_dataset(warehouse, later.config, address, later.training)
    assert (report.uploaded, report.already_there, report.hashed, report.damaged) == (2, 30, 0, 0)
    # What was sent is read once there.
    assert hashed() == 2
    assert_trainable(machine, later)


def test_index_of_another_host_is_not_believed(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    upload_dataset(warehouse, asked.config, address, asked.training)
    images = machine.home / "sightscan" / "images"
    # The disk as a copy: same names, sizes and times, one photo damaged on the way.
    shutil.copytree(images, machine.home / "copy", copy_function=shutil.copy2)
    shutil.rmtree(images)
    (machine.home / "copy").rename(images)
    lie_about(min(images.iterdir()), b"damaged")
    report = upload_dataset(warehouse, asked.config, address, asked.training)
    assert (report.uploaded, report.hashed, report.damaged) == (1, 30, 1)


def test_disk_that_does_not_keep_what_it_is_sent_is_named(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    wrapper = machine.home.parent / "bin" / "sha256sum"
    wrapper.write_text("#!/bin/sh\nexec true\n")
    wrapper.chmod(0o700)
    with pytest.raises(InstanceError, match="does not keep what it is sent: 30 files"):
        upload_dataset(warehouse, asked.config, address, asked.training)


def age(path: Path, days: float) -> None:
    """Make it as if nothing had been written there for so long."""
    moment = time.time() - days * DAY_SECONDS
    for one in (path, *path.rglob("*")):
        os.utime(one, (moment, moment), follow_symlinks=False)


def test_photos_that_were_taken_down_go_with_their_links(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    upload_dataset(warehouse, asked.config, address, asked.training)
    photo, other, kept = asked.place.photos["Green Gate"][:3]
    home = machine.home / "sightscan"
    run_folder = machine.home / asked.training.run_folder
    # Half of it, a copy of it in a run's folder, and one that no warehouse knows.
    (home / "images" / f"{photo.hex()}.jpg.part").write_bytes(b"half")
    (run_folder / "images" / "val" / f"{other.hex()}.jpg").write_bytes(b"copy")
    (home / "images" / f"{'cd' * 32}.webp").write_bytes(b"of another warehouse")
    remove_photos(
        warehouse, read_subjects([photo.hex(), other.hex()]), reason="asked", removed_by="test"
    )
    machine.set_free_bytes(ROOM)
    report = tidy_host(warehouse, address, asked.place.city)
    assert report == TidyReport(3, 0, 0, ROOM)
    left = {path.name.partition(".")[0] for path in home.rglob("*")}
    assert left.isdisjoint({photo.hex(), other.hex(), "cd" * 32})
    assert kept.hex() in left
    assert len(list((home / "images").iterdir())) == 28
    assert tidy_host(warehouse, address, asked.place.city) == TidyReport(0, 0, 0, ROOM)


def test_photo_that_cannot_be_removed_stops_the_run(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    upload_dataset(warehouse, asked.config, address, asked.training)
    photo = asked.place.photos["Green Gate"][0]
    remove_photos(warehouse, read_subjects([photo.hex()]), reason="asked", removed_by="test")
    rm = machine.home.parent / "bin" / "rm"
    rm.write_text('#!/bin/sh\necho "rm: cannot remove: Permission denied" >&2\nexit 1\n')
    rm.chmod(0o700)
    with pytest.raises(InstanceError, match=r"cannot remove what must go .*Permission denied"):
        tidy_host(warehouse, address, asked.place.city)


def test_what_is_old_goes_and_what_is_used_stays(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    first = asked
    upload_dataset(warehouse, first.config, address, first.training)
    unused = add_photo(warehouse, asked.place.city, asked.place.sights[0], "later")
    second = ask(warehouse, asked.place, "run 2")
    upload_dataset(warehouse, second.config, address, second.training)
    home = machine.home
    jobs = home / ".sightscan-jobs"
    for name in ("old job", "job that writes", "new job"):
        (jobs / name).mkdir(parents=True)
        (jobs / name / "stdout.log").write_text("epoch 1\n", encoding="utf-8")
    stranger = home / "sightscan" / "runs" / "oslo" / "ab-cd"
    for split in ("train", "val"):
        (stranger / "images" / split).mkdir(parents=True)
    # Another city's photo, in a run of ten days ago; one of no run; half an upload.
    used, alone = "1a" * 32, "1b" * 32
    for digest in (used, alone):
        sha256 = bytes.fromhex(digest)
        warehouse.execute(
            "insert into core.photo values (%s, 1, 160, 120, 'image/png', %s, %s)",
            (sha256, sha256, sha256),
        )
        (home / "sightscan" / "images" / f"{digest}.png").write_bytes(b"x")
    (stranger / "images" / "train" / f"{used}.png").symlink_to(f"../../../../../images/{used}.png")
    (home / "sightscan" / "weights" / "weights-old.pt").write_bytes(b"x")
    age(home / "sightscan", 31)
    age(stranger, 10)
    age(jobs, 31)
    age(jobs / "new job", 29)
    (jobs / "job that writes" / "stdout.log").write_text("epoch 2\n", encoding="utf-8")
    machine.set_free_bytes(ROOM)
    report = tidy_host(warehouse, address, asked.place.city)
    # The first run, a job; the weights and the photo that are in no run.
    assert report == TidyReport(0, 2, 2, ROOM)
    assert not (home / first.training.run_folder).exists()
    assert_trainable(machine, second)
    images = home / "sightscan" / "images"
    assert (images / f"{used}.png").exists()
    assert not (images / f"{alone}.png").exists()
    assert (images / f"{unused.hex()}.png").exists()
    assert sorted(path.name for path in jobs.iterdir()) == ["job that writes", "new job"]


def test_host_without_room_is_refused_with_the_number_of_bytes(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    machine.set_free_bytes(5_000_000_000)
    assert tidy_host(warehouse, address, asked.place.city).free_bytes == 5_000_000_000
    machine.set_free_bytes(4_999_999_999)
    with pytest.raises(
        HostDiskFull, match=r"has 4999999999 bytes left and needs 5000000000 .* clear await_host"
    ):
        tidy_host(warehouse, address, asked.place.city)


def test_upload_that_has_no_room_is_refused_before_it_begins(
    warehouse: psycopg.Connection[Any], machine: GpuHost, address: HostAddress, asked: Asked
) -> None:
    machine.set_free_bytes(1_000_000_000)
    with pytest.raises(HostDiskFull, match="has 1000000000 bytes left and needs 10000"):
        upload_dataset(warehouse, asked.config, address, asked.training)
    assert not list((machine.home / "sightscan" / "images").iterdir())


def test_disk_that_is_full_in_the_middle_is_named_and_the_upload_goes_on_later(
    warehouse: psycopg.Connection[Any],
    machine: GpuHost,
    address: HostAddress,
    asked: Asked,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = machine.home / "sightscan" / "images"

    async def fill_up(*arguments: Any) -> None:
        machine.set_free_bytes(3_000)
        await send_photos(*arguments)

    send_photos = upload._send_photos
    monkeypatch.setattr(upload, "_send_photos", fill_up)
    with pytest.raises(HostDiskFull, match=r"has \d+ bytes left and needs 50000000 for anything"):
        upload_dataset(warehouse, asked.config, address, asked.training)
    assert 1 <= len(list(images.glob("*.png"))) < 30
    monkeypatch.undo()
    machine.set_free_bytes(ROOM)
    report = upload_dataset(warehouse, asked.config, address, asked.training)
    assert report.uploaded + report.already_there == 30
    assert report.already_there >= 1
    assert report.damaged == 0
