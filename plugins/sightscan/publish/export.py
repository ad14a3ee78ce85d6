"""A stored model answers as it did in the trainer, or its export is broken."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import psycopg

from sightscan.errors import LastingPublicationError
from sightscan.model_folder import ONNX_FILE
from sightscan.publish.detector import OnnxDetector, decode_photo
from sightscan.warehouse.models.datasets import stream_blobs
from sightscan.warehouse.models.models import StoredModel
from sightscan.warehouse.models.shipped import read_samples

# The same file on the same photo, decoded and computed on another machine: of a score, and of a
# coordinate as a part of the image size. Another network is off by most of a score.
MAX_SAMPLE_DIFFERENCE = 0.05


def check_export(
    connection: psycopg.Connection[Any], model: StoredModel, detector: OnnxDetector
) -> None:
    """Compare what a stored model, loaded as `detector`, answers with what it answered in the trainer.

    Of one that was registered before this was demanded, nothing is known.

    Raises:
        LastingPublicationError: on one of the trainer's photos it answers otherwise than there.

    """
    samples = read_samples(connection, model.city_id, model.version)
    hashes = [bytes.fromhex(sample["sha256"]) for sample in samples]
    contents = {sha256.hex(): content for sha256, content in stream_blobs(connection, hashes)}
    check_samples(detector, samples, contents)


def check_samples(
    detector: OnnxDetector,
    samples: Sequence[Mapping[str, Any]],
    contents: Mapping[str, bytes],
    file_name: str = ONNX_FILE,
) -> None:
    """Compare raw answers with those of the trainer, on those of its photos that are still there.

    Raises:
        LastingPublicationError: they differ by more than machines do.

    """
    for sample in samples:
        if sample["sha256"] not in contents:
            continue
        answer = detector.answer_photo(decode_photo(contents[sample["sha256"]]))
        places, stated = [row[0] for row in sample["rows"]], [row[1:] for row in sample["rows"]]
        scale = np.ones(answer.shape[1])
        scale[:4] = detector.image_size
        is_alike = np.shape(stated) == (len(places), answer.shape[1]) and max(places) < len(answer)
        difference = (
            float((np.abs(answer[places] - stated) / scale).max()) if is_alike else float("inf")
        )
        # Written this way round, so that NaN is a difference.
        if not difference <= MAX_SAMPLE_DIFFERENCE:
            msg = (
                f"on photo {sample['sha256']} {file_name} answers otherwise than in the trainer, by "
                f"{difference:.3f} (at most {MAX_SAMPLE_DIFFERENCE} is rounding): the export is "
                "broken, or photos are decoded otherwise here; train again"
            )
            raise LastingPublicationError(msg)
