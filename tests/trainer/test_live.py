"""The live variant: which candidate is taken, what is written of it, and that no model is lost for it."""

import json
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnx
import pytest
from drawn_dataset import CLASS_NAMES, write_dataset
from onnx import TensorProto

from detector_app.models.onnx_file import check_onnx
from trainer import live, live_budget
from trainer.dataset_folder import Dataset, read_dataset
from trainer.decoding import IDENTITY, Decoding
from trainer.export import export_onnx
from trainer.live import WholeModel, make_live, processor_name, sides_of
from trainer.live_budget import LiveBudget
from trainer.metrics import SplitMetrics

# What each side and storage is worth; the whole model is worth 0.700.
Worth = Mapping[tuple[int, str], float]


def learn(*_: object) -> tuple[Decoding, dict[str, Any]]:
    return Decoding(0.45, IDENTITY, (0.3, 0.4)), {"photos": 4}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that has learnt nothing, exported beside the dataset that it is of."""
    from trainer.network import build_network  # noqa: PLC0415 - takes seconds

    root = tmp_path_factory.mktemp("exported")
    folder = write_dataset(root / "dataset", {"train": 4, "val": 4, "test": 4})
    export_onnx(
        build_network("yolov5n", CLASS_NAMES, seed=0),
        read_dataset(folder),
        256,
        root / "model.onnx",
    )
    return root


@pytest.fixture
def dataset(exported: Path) -> Dataset:
    return read_dataset(exported / "dataset")


@pytest.fixture
def whole(exported: Path, tmp_path: Path) -> WholeModel:
    path = Path(shutil.copy(exported / "model.onnx", tmp_path))
    return WholeModel(path, 256, val_map50_95=0.7, val_seconds=0.1)


@pytest.fixture
def judge_by(whole: WholeModel, monkeypatch: pytest.MonkeyPatch) -> Callable[[Worth], None]:
    def judge(worth: Worth) -> None:
        def measure(*_: object) -> SplitMetrics:
            candidate = onnx.load(whole.live_path)
            stored = {one.data_type for one in candidate.graph.initializer}
            precision = "int8" if TensorProto.INT8 in stored else "float16"
            side = {one.key: one.value for one in candidate.metadata_props}["image_size"]
            score = worth.get((int(side), precision), 0.0)
            return SplitMetrics(0.9, score, 1.0, 1.0, 4, 4, ())

        monkeypatch.setattr(live, "_measure", measure)

    return judge


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        (640, [640, 576, 480, 384, 320, 256]),
        (320, [320, 288, 256, 192, 160]),
        (160, [160]),
        (96, [96]),
        (1536, [1536, 1344, 1152, 960, 768, 576]),
    ],
)
def test_sides_are_parts_of_the_trained_one_that_the_stride_allows(
    size: int, sides: list[int]
) -> None:
    assert sides_of(size) == sides


def halves(*sides: int, worth: float = 0.69) -> dict[tuple[int, str], float]:
    """Return that float16 is good enough at these sides."""
    return {(side, "float16"): worth for side in sides}


@pytest.mark.parametrize(
    ("worth", "chosen"),
    [
        (halves(256, 224, 192, 160) | {(160, "int8"): 0.69}, (160, "int8")),
        (halves(256, 224, 192, 160) | {(160, "int8"): 0.689}, (160, "float16")),
        # A smaller side beats a smaller file: it is what takes less time.
        (halves(256, 224) | {(256, "int8"): 0.7}, (224, "float16")),
        (halves(256, worth=0.71) | {(256, "int8"): 0.7}, (256, "int8")),
        # What comes after a side that fails is luck.
        (halves(256, 192, 160) | {(256, "int8"): 0.7, (160, "int8"): 0.7}, (256, "int8")),
    ],
)
def test_smallest_side_within_a_hundredth_is_taken_and_there_the_smaller_file(
    whole: WholeModel,
    dataset: Dataset,
    judge_by: Callable[[Worth], None],
    worth: Worth,
    chosen: tuple[int, str],
) -> None:
    judge_by(worth)
    told = make_live(whole, dataset, learn, ends_at=math.inf)
    assert (told["file"], told["image_size"], told["precision"]) == ("live.onnx", *chosen)
    path = whole.path.with_name("live.onnx")
    written = {one.data_type for one in onnx.load(path).graph.initializer}
    assert (TensorProto.INT8 in written) is (chosen[1] == "int8")
    assert check_onnx(path.read_bytes()).image_size == chosen[0]


def test_file_is_one_of_ours_and_says_how_it_is_read_and_what_it_is_worth(
    whole: WholeModel, dataset: Dataset, judge_by: Callable[[Worth], None]
) -> None:
    judge_by(halves(256, 224, 192, 160) | {(160, "int8"): 0.7})
    told = make_live(whole, dataset, learn, ends_at=math.inf)
    path = whole.path.with_name("live.onnx")
    contract = check_onnx(path.read_bytes())
    assert (contract.image_size, contract.class_names) == (160, ("Round Tower", "Square Hall"))
    assert contract.decoding is not None
    assert contract.decoding.thresholds == (0.3, 0.4)
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert json.loads(metadata["live"]) == {
        "version": 1,
        "precision": "int8",
        "map50": 0.9,
        "map50_95": 0.7,
        "milliseconds": told["milliseconds"],
        "processor": processor_name(),
    }
    assert metadata["dataset_sha256"] == dataset.sha256
    assert told["milliseconds"] > 0
    assert path.stat().st_size < whole.path.stat().st_size / 3
    assert {len(row) for sample in told["samples"] for row in sample["rows"]} == {8}


def test_without_one_within_the_bound_the_whole_model_is_for_phones_too(
    whole: WholeModel, dataset: Dataset, judge_by: Callable[[Worth], None]
) -> None:
    judge_by({(256, "float16"): 0.6899})
    path = whole.path.with_name("live.onnx")
    path.write_bytes(b"left by another training")
    told = make_live(whole, dataset, learn, ends_at=math.inf)
    assert told["file"] == "model.onnx"
    assert not path.exists()
    assert told["why"].startswith(
        "the whole model, since no other is within 0.01 of it: 0.0101 below"
    )
    assert [(one["image_size"], one["precision"]) for one in told["tried"]] == [(256, "float16")]


@pytest.fixture
def slow_pass(
    whole: WholeModel, judge_by: Callable[[Worth], None], monkeypatch: pytest.MonkeyPatch
) -> WholeModel:
    """A pass over the photos of a split takes 100 s at 256 pixels, and all that is tried is good enough."""
    judge_by(halves(256, 224, 192, 160, worth=0.7) | {(160, "int8"): 0.7})
    try_candidate, now = live._try, [0.0]

    def try_slowly(*asked: Any) -> Any:
        tried = try_candidate(*asked)
        now[0] += 100 * (asked[3] / 256) ** 2
        return tried

    monkeypatch.setattr(live, "_try", try_slowly)
    monkeypatch.setattr(live_budget, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr("torch.get_num_threads", lambda: 1)
    return replace(whole, val_seconds=100.0)


@pytest.mark.parametrize(
    ("ends_at", "tried", "chosen"),
    [
        # To try it and to measure it on the test photos takes 100 s each; at 224 pixels, 77 s.
        (200, [(256, "float16")], (256, "float16")),
        (277, [(256, "float16"), (224, "float16")], (224, "float16")),
        (349, [(side, "float16") for side in (256, 224, 192, 160)], (160, "float16")),
        (
            352,
            [*((side, "float16") for side in (256, 224, 192, 160)), (160, "int8")],
            (160, "int8"),
        ),
    ],
)
def test_nothing_is_begun_that_leaves_no_time_to_measure_what_is_taken(
    slow_pass: WholeModel,
    dataset: Dataset,
    ends_at: float,
    tried: list[tuple[int, str]],
    chosen: tuple[int, str],
) -> None:
    told = make_live(slow_pass, dataset, learn, ends_at=ends_at)
    assert [(one["image_size"], one["precision"]) for one in told["tried"]] == tried
    assert (told["file"], told["image_size"], told["precision"]) == ("live.onnx", *chosen)
    written = {one.data_type for one in onnx.load(slow_pass.live_path).graph.initializer}
    assert (TensorProto.INT8 in written) is (chosen[1] == "int8")


def test_without_time_for_any_candidate_the_whole_model_is_for_phones(
    slow_pass: WholeModel, dataset: Dataset
) -> None:
    told = make_live(slow_pass, dataset, learn, ends_at=199)
    assert (told["file"], told["tried"]) == ("model.onnx", [])
    assert "there was no time to try 256 px" in told["why"]


def test_candidate_that_took_all_the_time_is_measured_no_more(
    slow_pass: WholeModel, dataset: Dataset
) -> None:
    # Ten times as fast, as it seemed.
    told = make_live(replace(slow_pass, val_seconds=10.0), dataset, learn, ends_at=99)
    assert told["file"] == "model.onnx"
    assert "there was no time to measure one" in told["why"]
    assert not slow_pass.live_path.exists()


def test_one_thread_is_expected_to_take_as_many_times_as_long_for_the_photos_that_it_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_budget, "time", SimpleNamespace(monotonic=lambda: 0.0))
    budget = LiveBudget(math.inf, 256, 1.0, threads=8, val_photos=10, test_photos=1000)
    # 10 s for val, 950 s with eight threads and 50 * 8 s with one.
    assert replace(budget, ends_at=1360).allows(256, 256)
    assert not replace(budget, ends_at=1359).allows(256, 256)


def test_each_step_is_a_sign_of_life(
    whole: WholeModel, dataset: Dataset, judge_by: Callable[[Worth], None]
) -> None:
    judge_by(halves(256))
    make_live(whole, dataset, learn, ends_at=math.inf)
    assert (whole.path.parent / "trained").is_file()


def test_what_goes_wrong_costs_the_variant_and_not_the_model(
    whole: WholeModel, dataset: Dataset
) -> None:
    whole.path.write_bytes(b"no model")
    told = make_live(whole, dataset, learn, ends_at=math.inf)
    assert told["file"] == "model.onnx"
    assert "no other could be made (" in told["why"]
    assert not whole.path.with_name("live.onnx").exists()


def test_processor_without_a_name_is_called_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "model name\t: \nflags\t: fpu\n")
    assert processor_name().strip()
