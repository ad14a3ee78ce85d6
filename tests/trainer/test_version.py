"""Which trainer it is: another one does not go on from what this one left, nor takes its model for its own."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from drawn_dataset import write_dataset

from trainer import run as run_module
from trainer import version
from trainer.checkpoint import CheckpointFolder
from trainer.dataset_folder import read_dataset
from trainer.model_folder import RunIdentity, write_result
from trainer.request import hash_request, read_request

SOURCES = Path(version.__file__).parent


@pytest.fixture
def other_sources(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SOURCES, tmp_path / "trainer"))


def test_same_sources_elsewhere_are_the_same_trainer(other_sources: Path) -> None:
    (other_sources / "__pycache__").mkdir(exist_ok=True)
    assert version.hash_trainer(other_sources) == version.hash_trainer()


def test_watch_of_the_host_is_no_part_of_the_trainer(other_sources: Path) -> None:
    (other_sources / "host" / "stalls.py").write_text("# another one\n")
    assert version.hash_trainer(other_sources) == version.hash_trainer()


def test_another_recipe_is_another_trainer(other_sources: Path) -> None:
    recipe = other_sources / "recipe.py"
    changed = recipe.read_text().replace("learning_rate=0.0005", "learning_rate=0.0004")
    assert changed != recipe.read_text()
    recipe.write_text(changed)
    assert version.hash_trainer(other_sources) != version.hash_trainer()


def test_another_torch_is_another_trainer(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = version.hash_trainer()
    found = version.library_versions()
    monkeypatch.setattr(version, "library_versions", lambda: {**found, "torch": "0.1"})
    assert version.hash_trainer() != ours


def test_checkpoint_of_another_trainer_is_not_gone_on_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = RunIdentity("d" * 64, "r" * 64, "t" * 64)
    CheckpointFolder(tmp_path, identity).save({"epoch": 1})
    assert CheckpointFolder(tmp_path, identity).load() == {"epoch": 1}
    assert CheckpointFolder(tmp_path, replace(identity, trainer_sha256="u" * 64)).load() is None
    assert "checkpoint ignored: it is of another dataset, request or trainer" in (
        capsys.readouterr().out
    )


class Trained(Exception):
    """Where the work would begin."""


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(*_: object) -> None:
        raise Trained

    monkeypatch.setattr("trainer.making.make_model", begin)


@pytest.mark.usefixtures("no_work")
def test_result_of_another_trainer_is_trained_anew(tmp_path: Path) -> None:
    folder, model = write_dataset(tmp_path / "d", {"train": 4, "val": 2, "test": 2}), tmp_path / "m"
    model.mkdir()
    result = {
        "dataset_sha256": read_dataset(folder).sha256,
        "request_sha256": hash_request(read_request(folder), folder),
        "trainer_sha256": version.hash_trainer(),
        "files": {},
    }
    write_result(model, result)
    run_module.run(folder, model)
    write_result(model, {**result, "trainer_sha256": "another"})
    with pytest.raises(Trained):
        run_module.run(folder, model)
    assert not (model / "result.json").exists()
