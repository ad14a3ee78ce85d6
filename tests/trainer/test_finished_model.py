"""The contract of the model folder, checked on a training that was really done."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from drawn_dataset import CLASS_NAMES, run_trainer
from safetensors import safe_open

from detector_app.models.onnx_file import OnnxContract, check_onnx
from trainer import network as yolo
from trainer.errors import ExportMismatch
from trainer.export import compare_with_torch, open_onnx

pytestmark = pytest.mark.slow
Finished = tuple[Path, Path, str]


def result_of(finished: Finished) -> dict[str, object]:
    result: dict[str, object] = json.loads((finished[1] / "result.json").read_text())
    return result


def images(finished: Finished, height: int, width: int, count: int = 3) -> np.ndarray:
    paths = sorted((finished[0] / "images" / "test").iterdir())[:count]
    photos = [cv2.resize(cv2.imread(str(path)), (width, height)) for path in paths]
    return np.ascontiguousarray(np.stack(photos)[..., ::-1].transpose(0, 3, 1, 2), np.float32) / 255


def test_folder_holds_the_model_and_nothing_that_executes(finished: Finished) -> None:
    names = {path.name for path in finished[1].iterdir()} - {".lock"}
    assert names == {
        "model.onnx",
        "weights.safetensors",
        "live.onnx",
        "result.json",
        "progress.jsonl",
        # For the host's watch: no further epoch is to be waited for.
        "trained",
        "curves.png",
        "confusion_matrix.png",
    }


def test_result_names_the_files_by_their_hashes(finished: Finished) -> None:
    files = result_of(finished)["files"]
    assert set(files) == {"model.onnx", "weights.safetensors", "live.onnx"}
    for name, expected in files.items():
        assert hashlib.sha256((finished[1] / name).read_bytes()).hexdigest() == expected


def test_result_says_what_was_trained_on_what(finished: Finished) -> None:
    result = result_of(finished)
    manifest = json.loads((finished[0] / "dataset.json").read_text())
    assert result["dataset_sha256"] == manifest["sha256"]
    assert result["class_names"] == manifest["class_names"]
    assert (result["image_size"], result["epochs_completed"], result["stopped_by"]) == (
        64,
        2,
        "epochs",
    )
    assert {"torch", "yolov5", "onnxruntime", "python"} <= result["library_versions"].keys()


@pytest.mark.parametrize("split", ["val", "test"])
def test_result_measures_each_split_and_sight(finished: Finished, split: str) -> None:
    metrics = result_of(finished)["metrics"][split]
    assert {
        "map50",
        "map50_95",
        "precision",
        "recall",
        "photos",
        "boxes",
        "per_class",
    } <= metrics.keys()
    assert (metrics["photos"], metrics["boxes"]) == (6, 6)
    assert [each["name"] for each in metrics["per_class"]] == list(CLASS_NAMES)
    assert [(each["photos"], each["boxes"]) for each in metrics["per_class"]] == [(3, 3), (3, 3)]


def test_onnx_tells_its_reader_how_to_use_it(finished: Finished) -> None:
    model = onnx.load(finished[1] / "model.onnx")
    read = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(read["class_names"]) == list(CLASS_NAMES)
    assert (read["image_size"], read["stride"], read["city"], read["version"]) == (
        "64",
        "32",
        "testville",
        "3",
    )
    assert read["dataset_sha256"] == result_of(finished)["dataset_sha256"]


def test_onnx_passes_the_check_of_all_who_load_it(finished: Finished) -> None:
    # Fails if the exporter learns to write more: then check_onnx is to be told, after a look at it.
    contract = check_onnx((finished[1] / "model.onnx").read_bytes())
    assert replace(contract, decoding=None) == OnnxContract(CLASS_NAMES, image_size=64, stride=32)


def test_onnx_says_how_it_is_read(finished: Finished) -> None:
    decoding = check_onnx((finished[1] / "model.onnx").read_bytes()).decoding
    assert decoding is not None
    assert decoding.overlap == 0.45
    assert len(decoding.thresholds) == 2
    shipped = result_of(finished)["shipped"]
    assert [each["threshold"] for each in shipped["per_class"]] == list(decoding.thresholds)


def test_result_says_what_is_shown_and_from_how_much_it_was_learnt(finished: Finished) -> None:
    shipped = result_of(finished)["shipped"]
    assert (shipped["photos"], shipped["background_photos"], shipped["false_alarms"]) == (
        6,
        0,
        None,
    )
    assert shipped["milliseconds"] > 0
    learnt = shipped["learnt"]
    assert (learnt["photos"], learnt["background_photos"], learnt["false_alarms_bound"]) == (
        6,
        0,
        None,
    )


def test_live_variant_is_measured_on_the_side_that_it_was_tried_at(finished: Finished) -> None:
    live = result_of(finished)["live"]
    # Trained at 64 pixels, nothing smaller is tried: what is saved is bytes.
    assert (live["file"], live["image_size"], live["precision"]) == ("live.onnx", 64, "int8")
    assert [one["image_size"] for one in live["tried"]] == [64, 64]
    assert all(one["loss"] <= 0.01 for one in live["tried"])
    contract = check_onnx((finished[1] / "live.onnx").read_bytes())
    assert (contract.class_names, contract.image_size) == (CLASS_NAMES, 64)
    assert contract.decoding is not None
    shipped = live["shipped"]
    assert [one["threshold"] for one in shipped["per_class"]] == list(contract.decoding.thresholds)
    assert (live["metrics"]["test"]["photos"], len(live["samples"])) == (6, 3)
    assert "live variant: 64 px, weights as int8" in finished[2]


def test_samples_are_what_the_onnx_answers(finished: Finished) -> None:
    samples = result_of(finished)["samples"]
    assert len(samples) == 3
    detector = open_onnx(finished[1] / "model.onnx", threads=1)
    for sample in samples:
        path = finished[0] / "images" / "test" / f"{sample['sha256']}.png"
        pixels = cv2.imread(str(path))[..., ::-1]
        square = np.full((64, 64, 3), 114, np.uint8)
        square[8:56] = cv2.resize(pixels, (64, 48), interpolation=cv2.INTER_AREA)
        image = np.ascontiguousarray(square.transpose(2, 0, 1)[np.newaxis], np.float32) / 255
        answer = detector(image).numpy()[0]
        for place, *row in sample["rows"]:
            assert answer[place] == pytest.approx(row, abs=1e-3)


@pytest.mark.parametrize(("height", "width", "count"), [(64, 64, 1), (64, 64, 3), (96, 160, 2)])
def test_onnx_answers_as_the_published_weights_do(
    finished: Finished, height: int, width: int, count: int
) -> None:
    network = yolo.build_network("yolov5n", CLASS_NAMES, seed=99)
    with safe_open(finished[1] / "weights.safetensors", framework="pt") as file:
        network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - not a dict
    batch = images(finished, height, width, count)
    answer = open_onnx(finished[1] / "model.onnx", threads=1)(batch)
    published = yolo.detect(network, batch)
    assert np.allclose(answer[..., :4], published[..., :4], atol=1e-3 * max(height, width))
    assert np.allclose(answer[..., 5:], published[..., 5:], atol=1e-3)
    # What looks less familiar is less sure.
    assert (answer[..., 4] <= published[..., 4] + 1e-3).all()
    assert (answer[..., 4] > 0).any()


def test_weights_say_what_a_later_training_needs_to_know(finished: Finished) -> None:
    with safe_open(finished[1] / "weights.safetensors", framework="pt") as file:
        told = file.metadata()
    assert told["architecture"] == "yolov5n"
    assert told["class_names"] == '["Round Tower", "Square Hall"]'
    assert told["sight_ids"] == "[11, 12]"


def test_onnx_of_another_network_is_a_mismatch(finished: Finished) -> None:
    stranger = yolo.build_network("yolov5n", CLASS_NAMES, seed=99)
    with pytest.raises(ExportMismatch, match="differs"):
        compare_with_torch(finished[1] / "model.onnx", stranger, [images(finished, 64, 64)])


def test_onnx_scores_are_between_0_and_1_and_boxes_in_pixels(finished: Finished) -> None:
    session = onnxruntime.InferenceSession(
        finished[1] / "model.onnx", providers=["CPUExecutionProvider"]
    )
    (predictions,) = session.run(["predictions"], {"images": images(finished, 64, 64)})
    assert predictions.shape == (3, 3 * (8 * 8 + 4 * 4 + 2 * 2), 5 + len(CLASS_NAMES))
    assert ((predictions[..., 4:] >= 0) & (predictions[..., 4:] <= 1)).all()
    assert 8 < predictions[..., :2].mean() < 56


def test_same_request_again_does_nothing_and_changes_nothing(finished: Finished) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in finished[1].iterdir()}
    done = run_trainer(finished[0], finished[1])
    assert (done.returncode, done.stdout.startswith("nothing to do")) == (0, True)
    assert {path.name: path.stat().st_mtime_ns for path in finished[1].iterdir()} == before


def test_every_epoch_is_told_to_machines_and_to_eyes(finished: Finished) -> None:
    lines = [json.loads(line) for line in (finished[1] / "progress.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert {
        "epochs",
        "seconds",
        "box_loss",
        "obj_loss",
        "class_loss",
        "val_map50",
        "val_map50_95",
    } <= lines[0].keys()
    assert [line for line in finished[2].splitlines() if line.startswith("epoch ")][1].endswith(
        "0 s left"
    )


@pytest.mark.parametrize("name", ["curves.png", "confusion_matrix.png"])
def test_pictures_can_be_opened(finished: Finished, name: str) -> None:
    assert cv2.imread(str(finished[1] / name)).shape[1] > 400


def test_dataset_folder_is_left_as_it_was(finished: Finished) -> None:
    assert sorted(path.name for path in finished[0].iterdir()) == [
        "dataset.json",
        "images",
        "labels",
        "request.json",
    ]
    assert sorted(path.name for path in (finished[0] / "labels").iterdir()) == [
        "test",
        "train",
        "val",
    ]
