"""Make a model out of checked input: train, export, compare, measure, draw. Everything but the final result.json."""

import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from trainer import drawing, export, model_folder, progress
from trainer.answers import read_split
from trainer.checkpoint import CheckpointFolder
from trainer.dataset_folder import Dataset
from trainer.evaluation import sample_answers
from trainer.exporting import export_with_memory
from trainer.live import MAX_LIVE_SECONDS, WholeModel, make_live
from trainer.memory import halve_until_it_fits
from trainer.metrics import measure, measure_shown
from trainer.model_folder import RunIdentity
from trainer.photos import PhotoStore
from trainer.progress import EpochRecord
from trainer.recipe import FROM_NOTHING, FROM_WEIGHTS
from trainer.request import TrainingRequest
from trainer.showing import learn_decoding
from trainer.training import TrainedNetwork, train
from trainer.version import library_versions
from trainer.weights import match_classes, read_weights

# Of the machine's memory, for decoded training photos; what does not fit is decoded again in each
# epoch.
_PHOTO_MEMORY_SHARE = 0.4
# The pipeline gives a training half an hour besides its epochs, of which the reading of photos takes
# some before them. What a model can be without ends by then.
_MAX_SECONDS_AFTER_EPOCHS = 1500.0


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
    trained_at = time.monotonic()
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
    progress.mark_trained(model_dir)
    # Measured on the file that is published, not on the network that it came from; each photo is
    # looked at once.
    onnx_path = model_dir / model_folder.ONNX_FILE
    detector = export.open_onnx(onnx_path, threads=torch.get_num_threads())
    begun = time.monotonic()
    val = read_split(detector, val_photos)
    val_seconds = time.monotonic() - begun
    progress.mark_trained(model_dir)
    test = read_split(detector, test_photos)
    progress.mark_trained(model_dir)
    val_metrics, test_metrics = (
        measure(answers.count_everything(), dataset.class_names) for answers in (val, test)
    )
    decoding, learnt = learn_decoding(val, len(dataset.class_names))
    export.add_decoding(onnx_path, decoding)
    shown = test.show(decoding)
    drawing.draw_model(trained, shown, dataset, model_dir)
    live = make_live(
        WholeModel(onnx_path, request.image_size, val_metrics.map50_95, val_seconds),
        dataset,
        lambda answers: learn_decoding(answers, len(dataset.class_names)),
        ends_at=min(time.monotonic() + MAX_LIVE_SECONDS, trained_at + _MAX_SECONDS_AFTER_EPOCHS),
    )
    return {
        **asdict(identity),
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
        "library_versions": library_versions(),
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
                "milliseconds": test.milliseconds,
                "learnt": learnt,
            }
        ),
        "samples": sample_answers(detector, test_photos),
        "live": _rounded(live),
    }


def discard_checkpoint(model_dir: Path, identity: RunIdentity) -> None:
    """Delete the checkpoint of a finished training."""
    CheckpointFolder(model_dir, identity).discard()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
