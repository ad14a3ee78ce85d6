"""Make a model out of checked input: train, export, compare, measure, draw. Everything but the final result.json."""

import importlib.metadata
import os
import platform
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from trainer import drawing, export, model_folder, progress
from trainer.calibration import fit_calibration
from trainer.checkpoint import CheckpointFolder
from trainer.dataset_folder import Dataset
from trainer.decoding import IDENTITY, SHOWN_OVERLAP, Decoding
from trainer.evaluation import (
    Detector,
    detect_split,
    sample_answers,
    show_split,
    to_network_input,
)
from trainer.familiarity import FamiliarDetector, remember
from trainer.live import WholeModel, make_live
from trainer.memory import halve_until_it_fits
from trainer.metrics import (
    PhotoResult,
    collect_names,
    confusion_matrix,
    measure,
    measure_shown,
)
from trainer.model_folder import RunIdentity
from trainer.photos import PhotoStore
from trainer.progress import EpochRecord
from trainer.recipe import FROM_NOTHING, FROM_WEIGHTS
from trainer.request import STRIDE_PIXELS, TrainingRequest
from trainer.thresholds import choose_thresholds
from trainer.training import TrainedNetwork, train
from trainer.weights import match_classes, read_weights

_LIBRARIES = (
    "torch",
    "torchvision",
    "yolov5",
    "numpy",
    "opencv-python",
    "onnx",
    "onnxruntime",
    "safetensors",
    "pycocotools",
)
# Of the machine's memory, for decoded training photos; what does not fit is decoded again in each
# epoch.
_PHOTO_MEMORY_SHARE = 0.4
_COMPARED_PHOTOS = 4
# From which on a name counts for learning how names are shown.
_MIN_SCORE = 0.01


def make_model(
    request: TrainingRequest,
    dataset: Dataset,
    identity: RunIdentity,
    model_dir: Path,
) -> dict[str, Any]:
    """Train and write the files of a model; return the content of its result.json."""
    recipe = FROM_NOTHING if request.weights is None else FROM_WEIGHTS
    memory_bytes = int(
        os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * _PHOTO_MEMORY_SHARE
    )
    train_photos = PhotoStore(
        dataset.train,
        request.image_size,
        memory_bytes,
        paint_ignored=True,
        asymmetric=dataset.asymmetric,
    )
    val_photos = PhotoStore(dataset.val, request.image_size, memory_bytes // 4)
    test_photos = PhotoStore(dataset.test, request.image_size, 0)
    weights = (
        None
        if request.weights is None
        else match_classes(
            read_weights(dataset.train[0].path.parents[2] / request.weights),
            dataset.class_names,
            dataset.sight_ids,
        )
    )

    def show_epoch(history: list[EpochRecord], seconds_left: float) -> None:
        progress.append_progress(model_dir, history[-1])
        progress.say(progress.describe_epoch(history[-1], seconds_left))

    def train_with(batch_size: int) -> TrainedNetwork:
        return train(
            replace(request, batch_size=batch_size),
            dataset.class_names,
            train_photos,
            val_photos,
            starting_weights=weights,
            recipe=recipe,
            checkpoints=CheckpointFolder(model_dir, identity),
            on_start=lambda history: progress.write_progress(model_dir, history),
            on_epoch=show_epoch,
        )

    trained = halve_until_it_fits(request.batch_size, train_with)
    progress.mark_trained(model_dir)
    export.save_weights(
        trained.network, dataset, request.architecture, model_dir / model_folder.WEIGHTS_FILE
    )
    export_with_memory(
        trained.network,
        dataset,
        request,
        train_photos=train_photos,
        val_photos=val_photos,
        model_dir=model_dir,
    )
    # Measured on the file that is published, not on the network that it came from.
    onnx_path = model_dir / model_folder.ONNX_FILE
    detector = export.open_onnx(onnx_path, threads=torch.get_num_threads())
    begun = time.monotonic()
    val_metrics = measure(detect_split(detector, val_photos), dataset.class_names)
    val_seconds = time.monotonic() - begun
    test_metrics = measure(detect_split(detector, test_photos), dataset.class_names)
    decoding, learnt = _learn_decoding(detector, val_photos, len(dataset.class_names))
    export.add_decoding(onnx_path, decoding)
    shown, milliseconds = show_split(detector, test_photos, decoding)
    _draw(trained, shown, dataset, model_dir)
    live = make_live(
        WholeModel(onnx_path, request.image_size, val_metrics.map50_95, val_seconds),
        dataset,
        lambda detector, photos: _learn_decoding(detector, photos, len(dataset.class_names)),
    )
    return {
        "dataset_sha256": identity.dataset_sha256,
        "request_sha256": identity.request_sha256,
        "city": dataset.city,
        "version": dataset.version,
        "parameters": {**asdict(request), "recipe": asdict(recipe)},
        "class_names": list(dataset.class_names),
        "image_size": request.image_size,
        "epochs_completed": len(trained.history),
        "best_epoch": trained.best_epoch,
        # Smaller than asked for if that did not fit into memory.
        "batch_size": trained.batch_size,
        "stopped_by": trained.stopped_by,
        "seconds": round(trained.seconds, 3),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "library_versions": _library_versions(),
        "files": {
            name: model_folder.hash_file(model_dir / name)
            for name in sorted({model_folder.ONNX_FILE, model_folder.WEIGHTS_FILE, live["file"]})
        },
        "metrics": {"val": _rounded(asdict(val_metrics)), "test": _rounded(asdict(test_metrics))},
        # On the test photos, as the app shows it: with the calibration and the thresholds that were
        # learnt on the val photos.
        "shipped": _rounded(
            {
                **measure_shown(shown, dataset.class_names, decoding.thresholds),
                "milliseconds": milliseconds,
                "learnt": learnt,
            }
        ),
        "samples": sample_answers(detector, test_photos),
        "live": _rounded(live),
    }


def discard_checkpoint(model_dir: Path, identity: RunIdentity) -> None:
    """Delete the checkpoint of a finished training."""
    CheckpointFolder(model_dir, identity).discard()


def _learn_decoding(
    detector: Detector, val_photos: PhotoStore, class_count: int
) -> tuple[Decoding, dict[str, Any]]:
    """Learn from the validation photos how the model is read; return what is to be known of that, too."""
    everything = Decoding(SHOWN_OVERLAP, IDENTITY, (_MIN_SCORE,) * class_count)
    results, _ = show_split(detector, val_photos, everything)
    names = collect_names(results, class_count)
    calibration = fit_calibration(names)
    thresholds = choose_thresholds(names, calibration)
    alarms = (
        "no photo without a sight to learn from"
        if thresholds.bound is None
        else f"{thresholds.false_alarms:.1%} of {thresholds.backgrounds} photos without a sight get a "
        f"name, at most {thresholds.bound:.1%} of all such with 95 % certainty"
    )
    progress.say(
        f"names are shown from {min(thresholds.confidences):.0%} to "
        f"{max(thresholds.confidences):.0%} confidence on ({calibration.kind}); {alarms}"
    )
    return Decoding(SHOWN_OVERLAP, calibration.table, thresholds.confidences), {
        "photos": len(val_photos),
        "names": len(names.scores),
        "curve": calibration.kind,
        # On val photos that it was not fitted to, and if every confidence were true.
        "expected_calibration_error": calibration.error,
        "calibration_error_by_chance": calibration.error_by_chance,
        "background_photos": thresholds.backgrounds,
        "false_alarms": thresholds.false_alarms,
        "false_alarms_bound": thresholds.bound,
    }


def export_with_memory(
    network: nn.Module,
    dataset: Dataset,
    request: TrainingRequest,
    *,
    train_photos: PhotoStore,
    val_photos: PhotoStore,
    model_dir: Path,
) -> None:
    """Export a detector that knows how familiar things look; or the network alone, if that fails.

    What a memory costs is the memory, whatever the reason: people paid for the network.
    """
    try:
        memory = remember(network, train_photos, len(dataset.class_names))
        if memory is None:
            why = "too few boxes, or nothing beside one sight"
        else:
            detector = FamiliarDetector(network, memory).eval()
            _export(detector, dataset, request, val_photos, model_dir)
            return
    except Exception as error:  # noqa: BLE001 - see above; libraries raise what they like
        why = f"{type(error).__name__}: {error}"
    progress.say(f"nothing says what looks familiar ({why})")
    _export(network, dataset, request, val_photos, model_dir)


def _export(
    network: nn.Module,
    dataset: Dataset,
    request: TrainingRequest,
    val_photos: PhotoStore,
    model_dir: Path,
) -> None:
    onnx_path = model_dir / model_folder.ONNX_FILE
    export.export_onnx(network, dataset, request.image_size, onnx_path)
    count = min(_COMPARED_PHOTOS, len(val_photos))
    photos = to_network_input(
        np.stack([val_photos.letterboxed(index)[0] for index in range(count)])
    )
    wide = np.ascontiguousarray(
        photos[:1, :, : max(STRIDE_PIXELS, request.image_size // 2 // 32 * 32)]
    )
    difference = export.compare_with_torch(onnx_path, network, [photos, wide])
    progress.say(
        f"exported {onnx_path.name}: differs from torch by at most {difference:.1e} of the scale"
    )


def _draw(
    trained: TrainedNetwork, shown: Sequence[PhotoResult], dataset: Dataset, model_dir: Path
) -> None:
    name = f"{dataset.city}, version {dataset.version}"
    curves, confusion = (
        model_dir / file for file in (model_folder.CURVES_FILE, model_folder.CONFUSION_FILE)
    )
    with no_model_lost_for(curves):
        drawing.draw_curves(trained.history, trained.best_epoch, name, curves)
    with no_model_lost_for(confusion):
        drawing.draw_confusion_matrix(
            confusion_matrix(shown, len(dataset.class_names)),
            dataset.class_names,
            f"{name}: {len(shown)} test photos",
            confusion,
        )


@contextmanager
def no_model_lost_for(path: Path) -> Iterator[None]:
    """Do without a picture that cannot be drawn, whatever the reason: people paid for the model."""
    # One that another training left here is none of this one.
    with suppress(OSError):
        path.unlink()
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a drawing library raises what it likes
        progress.say(f"{path.name} could not be drawn ({type(error).__name__}: {error})")
        with suppress(OSError):
            path.unlink()


def _library_versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in _LIBRARIES
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
