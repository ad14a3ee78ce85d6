"""When a training stops, when it saves where it is, and that it goes on from there as if never stopped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from drawn_dataset import write_dataset

from trainer import training
from trainer.checkpoint import CheckpointFolder
from trainer.dataset_folder import read_dataset
from trainer.model_folder import RunIdentity
from trainer.photos import PhotoStore
from trainer.progress import EpochRecord
from trainer.recipe import FROM_WEIGHTS, Recipe
from trainer.request import TrainingRequest

CLASS_NAMES = ("Round Tower", "Square Hall")


# 36 that show a sight, and as many that show none as thresholds are learnt from.
VAL_PHOTOS = SimpleNamespace(
    photos=[SimpleNamespace(boxes=(None,))] * 36 + [SimpleNamespace(boxes=())] * 50
)


class Host:
    """A host whose epochs take `epoch_seconds` and are as good as `fitness` says, and its checkpoint."""

    def __init__(self, epoch_seconds: float, fitness: list[float]) -> None:
        self.now, self.epoch_seconds, self.fitness = 0.0, epoch_seconds, fitness
        self.saved: list[int] = []
        self.state: dict[str, Any] | None = None
        self.trained = 0
        # Of photos, in batches of validation: what there is memory for, and what was tried.
        self.fitting, self.detected_at_once = 512, list[int]()

    def train_epoch(self, state: Any, *_: Any) -> tuple[float, float, float]:
        self.now += self.epoch_seconds
        self.trained = len(state.history) + 1
        return 0.1, 0.1, 0.1

    def measure(self, *_: Any) -> Any:
        fitness = self.fitness[min(self.trained, len(self.fitness)) - 1]
        return SimpleNamespace(fitness=fitness, map50=fitness, map50_95=fitness)

    def detect(self, _: Any, __: Any, batch_size: int) -> list[Any]:
        self.detected_at_once.append(batch_size)
        if batch_size > self.fitting:
            msg = "CUDA out of memory."
            raise torch.OutOfMemoryError(msg)
        return []

    def load(self) -> dict[str, Any] | None:
        return self.state

    def save(self, state: dict[str, Any]) -> None:
        self.saved.append(len(state["history"]))
        self.state = state


def run(
    monkeypatch: pytest.MonkeyPatch, host: Host, recipe: Recipe = FROM_WEIGHTS, **request: int
) -> training.TrainedNetwork:
    wanted = {"epochs": 9, "image_size": 64, "batch_size": 8, "seed": 1, "time_limit_seconds": 999}
    monkeypatch.setattr(training, "_train_epoch", host.train_epoch)
    monkeypatch.setattr(training, "measure", host.measure)
    monkeypatch.setattr(training, "detect_split", host.detect)
    monkeypatch.setattr(training, "Batches", lambda *_, **__: None)
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: host.now))
    return training.train(
        TrainingRequest(**{**wanted, **request}),
        CLASS_NAMES,
        None,  # type: ignore[arg-type]
        VAL_PHOTOS,  # type: ignore[arg-type]
        starting_weights=None,
        recipe=recipe,
        checkpoints=host,  # type: ignore[arg-type]
        on_start=lambda _: None,
        on_epoch=lambda *_: None,
    )


@pytest.mark.parametrize(
    ("epoch_seconds", "saved"),
    [
        (25, [1, 2, 5, 8, 9]),  # every third epoch, and the last
        (61, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (1, [1, 2, 9]),
    ],
)
def test_checkpoint_is_written_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, epoch_seconds: float, saved: list[int]
) -> None:
    host = Host(epoch_seconds, [0.5])
    assert run(monkeypatch, host).stopped_by == "epochs"
    assert host.saved == saved


@pytest.mark.parametrize(
    ("patience", "epochs", "stopped_by"), [(0, 9, "epochs"), (3, 6, "patience"), (7, 9, "epochs")]
)
def test_training_ends_when_nothing_better_came_for_long(
    monkeypatch: pytest.MonkeyPatch, patience: int, epochs: int, stopped_by: str
) -> None:
    host = Host(1, [0.1, 0.3, 0.4, 0.2, 0.4, 0.3])
    trained = run(monkeypatch, host, patience=patience)
    assert (len(trained.history), trained.stopped_by) == (epochs, stopped_by)
    # Asked again, it stays ended.
    assert len(run(monkeypatch, host, patience=patience).history) == epochs


@pytest.mark.parametrize(
    ("fitness", "best_epoch"),
    [
        ([0.1, 0.8, 0.76], 9),  # 36 photos that show a sight: 0.05 is noise
        ([0.1, 0.8, 0.74], 2),
        ([0.1, 0.8, 0.76, 0.7], 3),
        ([0.1, 0.8, 0.76, 0.7, 0.77, 0.5], 5),
    ],
)
def test_last_epoch_is_taken_that_is_not_worse_than_noise(
    monkeypatch: pytest.MonkeyPatch, fitness: list[float], best_epoch: int
) -> None:
    assert run(monkeypatch, Host(1, fitness)).best_epoch == best_epoch


@pytest.mark.parametrize(("batch_size", "at_once"), [(8, 8), (64, 16)])
def test_validation_takes_no_larger_batches_than_the_training(
    monkeypatch: pytest.MonkeyPatch, batch_size: int, at_once: int
) -> None:
    host = Host(1, [0.1])
    run(monkeypatch, host, epochs=2, batch_size=batch_size)
    assert host.detected_at_once == [at_once] * 2


def test_validation_that_does_not_fit_is_halved_by_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host = Host(1, [0.1])
    host.fitting = 3
    real = host.train_epoch

    def killed_in_the_fourth(state: Any, *rest: Any) -> tuple[float, float, float]:
        if len(state.history) == 3:
            raise KeyboardInterrupt
        return real(state, *rest)

    host.train_epoch = killed_in_the_fourth  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, host, epochs=5)
    assert host.detected_at_once == [8, 4, 2, 2, 2]
    said = "out of memory with batches of 8 validation photos: going on with batches of 4\n"
    assert said in capsys.readouterr().out
    # A resumed training measures as the one that was killed.
    host.train_epoch = real  # type: ignore[method-assign]
    host.fitting = 512
    trained = run(monkeypatch, host, epochs=5)
    assert host.detected_at_once[5:] == [2] * 3
    assert trained.batch_size == 8


def test_resumed_training_keeps_the_plan_that_its_time_limit_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two epochs of 10 s leave room for five; that the others are quicker changes no rate any more."""
    host = Host(10, [0.1])
    real = host.train_epoch

    def killed_in_the_fourth(state: Any, *rest: Any) -> tuple[float, float, float]:
        host.epoch_seconds = 10 if len(state.history) < 2 else 1
        if len(state.history) == 3:
            raise KeyboardInterrupt
        return real(state, *rest)

    host.train_epoch = killed_in_the_fourth  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, host, epochs=900, time_limit_seconds=50)
    assert host.saved == [1, 2]
    host.train_epoch = real  # type: ignore[method-assign]
    trained = run(monkeypatch, host, epochs=900, time_limit_seconds=50)
    assert [one.epochs for one in trained.history] == [900, 900, 5, 5, 5]
    assert trained.stopped_by == "time_limit"


def test_resumed_training_ends_with_the_same_bits(tmp_path: Path) -> None:
    """Killed after the third epoch, of which no checkpoint was written yet."""
    folder = write_dataset(tmp_path / "dataset", {"train": 12, "val": 2, "test": 2})
    dataset = read_dataset(folder)
    stores = [PhotoStore(photos, 64, 1 << 24) for photos in (dataset.train, dataset.val)]

    def train(name: str, on_epoch: Callable[[list[EpochRecord]], None]) -> dict[str, torch.Tensor]:
        (tmp_path / name).mkdir(exist_ok=True)
        trained = training.train(
            TrainingRequest(epochs=4, image_size=64, batch_size=8, seed=1, time_limit_seconds=9999),
            CLASS_NAMES,
            *stores,
            starting_weights=None,
            recipe=replace(FROM_WEIGHTS, mosaic=0.5),
            checkpoints=CheckpointFolder(
                tmp_path / name, RunIdentity("d" * 64, "r" * 64, "t" * 64)
            ),
            on_start=lambda _: None,
            on_epoch=lambda history, _: on_epoch(history),
        )
        tensors: dict[str, torch.Tensor] = trained.network.state_dict()
        return tensors

    def killed_after_three(history: list[EpochRecord]) -> None:
        if len(history) == 3:
            raise KeyboardInterrupt

    whole = train("whole", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        train("killed", killed_after_three)
    resumed = train("killed", lambda _: None)
    assert all(torch.equal(tensor, whole[name]) for name, tensor in resumed.items())
