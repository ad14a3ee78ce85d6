"""Models on the app's disk: those that are published, or that somebody may know still."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import streamlit as st

from detector_app import resources
from detector_app.catalogue import Catalogue, City
from detector_app.settings import read_settings
from detector_app.web import upkeep
from detector_app.web.model_shelf import ModelShelf

if TYPE_CHECKING:
    from pathlib import Path

    from detector_app.catalogue import PublishedModel

GONE, KNOWN = "ab" * 32, "cd" * 32


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: PublishedModel) -> Path:
    """Return the models of an app that has run for long: all but one file are older than a day."""
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path))
    read_settings.cache_clear()
    st.cache_resource.clear()
    say(monkeypatch, model)
    models = tmp_path / "models"
    models.mkdir()
    for name in (f"{model.onnx_sha256}.onnx", f"{GONE}.onnx", f".{GONE}.onnx.x1", f"{KNOWN}.onnx"):
        (models / name).write_bytes(b"model")
        os.utime(models / name, (time.time() - 90_000, time.time() - 90_000))
    (models / f"{'ef' * 32}.onnx").write_bytes(b"just fetched, and not known yet")
    return models


def say(
    monkeypatch: pytest.MonkeyPatch, model: PublishedModel | None, away: str | None = None
) -> None:
    city = City("malaga", "Málaga", "Spain", "published", 5, 400, 350, model)
    for module in (resources, upkeep):
        monkeypatch.setattr(
            module, "current_catalogue", lambda: Catalogue((city,), None, away=away)
        )


def test_models_that_are_published_no_more_go(folder: Path, model: PublishedModel) -> None:
    upkeep.drop_old_models()
    assert {path.name for path in folder.iterdir()} == {
        f"{model.onnx_sha256}.onnx",
        f"{'ef' * 32}.onnx",
    }


def test_a_live_variant_that_is_published_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch, model: PublishedModel
) -> None:
    say(monkeypatch, replace(model, live_onnx_sha256=KNOWN, live_onnx_bytes=5))
    catalogue = upkeep.current_catalogue()
    shelf = ModelShelf(lambda _: b"", folder.parent)
    assert shelf.hashes_in_use(catalogue) == {model.onnx_sha256, KNOWN}
    upkeep.drop_old_models()
    assert (folder / f"{KNOWN}.onnx").exists()


def test_none_goes_while_the_warehouse_does_not_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, None, away="the warehouse is away")
    upkeep.drop_old_models()
    assert len(list(folder.iterdir())) == 5


def test_files_that_the_app_did_not_write_stay(folder: Path) -> None:
    others = {
        "my-yolo.pt",
        "yolo.onnx",
        f"{GONE}.pt",
        f"{GONE[:-1]}.onnx",
        f"{GONE}0.onnx",
        "notes",
    }
    for name in others:
        (folder / name).write_bytes(b"mine")
        os.utime(folder / name, (time.time() - 90_000, time.time() - 90_000))
    upkeep.drop_old_models()
    assert others <= {path.name for path in folder.iterdir()}
    assert not (folder / f"{GONE}.onnx").exists()
