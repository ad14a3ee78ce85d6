"""Export what was trained, with its memory of what looks familiar, and see that the file says the same."""

from pathlib import Path

import numpy as np
from torch import nn

from trainer import export, model_folder, progress
from trainer.dataset_folder import Dataset
from trainer.evaluation import to_network_input
from trainer.familiarity import FamiliarDetector, remember
from trainer.photos import PhotoStore
from trainer.request import STRIDE_PIXELS, TrainingRequest

_COMPARED_PHOTOS = 4


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
