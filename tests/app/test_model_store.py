from __future__ import annotations

import base64
import dataclasses
import errno
import hashlib
import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from detector_app.errors import ModelRefused, ModelUnavailable
from detector_app.models.model_store import is_kept, obtain_model, path_of_model

if TYPE_CHECKING:
    from conftest import FakeWarehouse

    from detector_app.catalogue import PublishedModel


def test_model_is_fetched_only_once(
    model: PublishedModel, warehouse: FakeWarehouse, onnx: bytes, tmp_path: Path
) -> None:
    assert obtain_model(model, warehouse, tmp_path) == onnx
    assert obtain_model(model, warehouse, tmp_path) == onnx
    assert warehouse.fetch_count == 1


def test_kept_model_works_without_the_warehouse(
    model: PublishedModel, warehouse: FakeWarehouse, onnx: bytes, tmp_path: Path
) -> None:
    obtain_model(model, warehouse, tmp_path)
    warehouse.is_away = True
    assert obtain_model(model, warehouse, tmp_path) == onnx


def test_wrong_hash_is_refused_and_not_kept(
    model: PublishedModel, warehouse: FakeWarehouse, onnx: bytes, tmp_path: Path
) -> None:
    warehouse.files[model.onnx_sha256] = onnx + b"\x00"
    with pytest.raises(ModelRefused, match="hash"):
        obtain_model(model, warehouse, tmp_path)
    assert not is_kept(model, tmp_path)


def test_pickle_is_refused_although_its_hash_is_right(
    model: PublishedModel, warehouse: FakeWarehouse, tmp_path: Path
) -> None:
    content = pickle.dumps({"model": 1})
    pickled = dataclasses.replace(model, onnx_sha256=hashlib.sha256(content).hexdigest())
    warehouse.files[pickled.onnx_sha256] = content
    with pytest.raises(ModelRefused, match="not an ONNX"):
        obtain_model(pickled, warehouse, tmp_path)
    assert not is_kept(pickled, tmp_path)


def test_damaged_file_is_replaced(
    model: PublishedModel, warehouse: FakeWarehouse, onnx: bytes, tmp_path: Path
) -> None:
    obtain_model(model, warehouse, tmp_path)
    path_of_model(model, tmp_path).write_bytes(onnx[:100])
    assert obtain_model(model, warehouse, tmp_path) == onnx
    assert path_of_model(model, tmp_path).read_bytes() == onnx


def test_damaged_file_is_deleted_when_the_warehouse_is_away(
    model: PublishedModel, warehouse: FakeWarehouse, tmp_path: Path
) -> None:
    path = path_of_model(model, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half of it")
    warehouse.is_away = True
    with pytest.raises(ModelUnavailable, match=r"Málaga .* warehouse is away"):
        obtain_model(model, warehouse, tmp_path)
    assert not path.exists()


def test_model_that_was_replaced_meanwhile_is_named(
    model: PublishedModel, warehouse: FakeWarehouse, tmp_path: Path
) -> None:
    warehouse.files.clear()
    with pytest.raises(ModelUnavailable, match="published no more"):
        obtain_model(model, warehouse, tmp_path)


@pytest.mark.parametrize("bad", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_hash_that_is_none_never_becomes_a_path(
    model: PublishedModel, warehouse: FakeWarehouse, tmp_path: Path, bad: str
) -> None:
    with pytest.raises(ModelRefused, match="64 hexadecimal digits"):
        obtain_model(dataclasses.replace(model, onnx_sha256=bad), warehouse, tmp_path)
    assert warehouse.fetch_count == 0


def test_folder_that_cannot_be_written_costs_only_the_cache(
    model: PublishedModel, warehouse: FakeWarehouse, onnx: bytes, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert obtain_model(model, warehouse, blocked) == onnx


def test_nothing_half_written_is_left(
    model: PublishedModel, warehouse: FakeWarehouse, tmp_path: Path
) -> None:
    obtain_model(model, warehouse, tmp_path)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [f"{model.onnx_sha256}.onnx"]


def test_damaged_file_that_cannot_be_deleted_is_passed_over(
    model: PublishedModel,
    warehouse: FakeWarehouse,
    onnx: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = path_of_model(model, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half of it")

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for call in ("unlink", "replace", "mkdir"):
        monkeypatch.setattr(Path, call, read_only)
    assert obtain_model(model, warehouse, tmp_path) == onnx


def test_folder_that_cannot_be_looked_into_holds_no_model(
    model: PublishedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "stat", forbidden)
    assert not is_kept(model, tmp_path)


OURS, THEIRS = (Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in (1, 2))
TRUSTED = (THEIRS.public_key().public_bytes_raw(), OURS.public_key().public_bytes_raw())


def signed(model: PublishedModel, content: bytes, key: Ed25519PrivateKey = OURS) -> PublishedModel:
    signature = base64.b64encode(key.sign(content)).decode()
    return dataclasses.replace(model, onnx_signature=signature)


def test_signed_model_is_loaded_from_warehouse_and_disk(
    model: PublishedModel, warehouse: FakeWarehouse, onnx: bytes, tmp_path: Path
) -> None:
    for _ in range(2):
        assert obtain_model(signed(model, onnx), warehouse, tmp_path, TRUSTED) == onnx
    assert warehouse.fetch_count == 1


@pytest.mark.parametrize("is_on_disk", [False, True])
@pytest.mark.parametrize(
    ("signature", "problem"),
    [
        (None, "it is not signed"),
        ("no base64", "not one of these bytes"),
        (base64.b64encode(OURS.sign(b"another model")).decode(), "not one of these bytes"),
    ],
)
def test_model_that_no_trusted_key_signed_is_refused(
    model: PublishedModel,
    warehouse: FakeWarehouse,
    onnx: bytes,
    tmp_path: Path,
    *,
    is_on_disk: bool,
    signature: str | None,
    problem: str,
) -> None:
    if is_on_disk:
        obtain_model(model, warehouse, tmp_path)
    with pytest.raises(ModelRefused, match=f"{problem}.*docs/runbooks/signing-key.md"):
        obtain_model(
            dataclasses.replace(model, onnx_signature=signature), warehouse, tmp_path, TRUSTED
        )
    # A file that is right by its hash is kept: the next signature may be right.
    assert is_kept(model, tmp_path) is is_on_disk
    assert obtain_model(signed(model, onnx), warehouse, tmp_path, TRUSTED) == onnx


def test_key_that_was_taken_out_of_the_list_is_believed_no_more(
    model: PublishedModel, warehouse: FakeWarehouse, onnx: bytes, tmp_path: Path
) -> None:
    by_ours = signed(model, onnx)
    assert obtain_model(by_ours, warehouse, tmp_path, TRUSTED) == onnx
    with pytest.raises(ModelRefused, match="another key signed it"):
        obtain_model(by_ours, warehouse, tmp_path, TRUSTED[:1])
