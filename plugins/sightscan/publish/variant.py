"""Whether phones are offered a model's live variant: judged on the same test photos, after the model itself.

It is the same network on smaller pictures and from a smaller file, so it is held against the whole
model: not worse by more than a hundredth, no sight by more than the gate lets any sight fall, luck
allowed for as there. Its calibration and thresholds are its own, so what it shows must be fit for
people, as a model's must be in the place of another. A model whose variant is refused is published
without it, and phones use the whole file.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import psycopg

from sightscan.city import City
from sightscan.dataset_folder import FrozenDataset
from sightscan.errors import LastingPublicationError
from sightscan.publish.contender import names_in, open_entrant, read_test_photos
from sightscan.publish.detector import OnnxDetector
from sightscan.publish.export import check_samples
from sightscan.publish.judge import (
    MAX_MEAN_FALL,
    MIN_SHARE_OF_DRAWS,
    compare_sights,
    photos,
)
from sightscan.publish.measure import Measure
from sightscan.publish.noise import Drawn
from sightscan.publish.reading import Entrant, Reading
from sightscan.publish.shipped import ShownModel, object_to
from sightscan.publish.signed import NotBelievedError, read_signed_variant
from sightscan.settings import Settings
from sightscan.warehouse.models.datasets import read_dataset, stream_blobs
from sightscan.warehouse.models.models import StoredModel, lock_models
from sightscan.warehouse.models.variants import (
    StoredVariant,
    conclude_live_variant,
    find_live_variant,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveVerdict:
    """Whether a live variant is offered and why; what it was measured at, if it was.

    `registered`: not yet, since its signature is not believed; it is judged once that was mended.
    """

    state: Literal["registered", "offered", "refused"]
    reason: str
    map50: float | None = None
    map50_95: float | None = None
    shipped: dict[str, Any] | None = None


def judge_live_variant(
    connection: psycopg.Connection[Any],
    model: StoredModel,
    dataset: FrozenDataset,
    whole: Reading,
    *,
    hidden: Collection[str] | None,
    public_keys: Sequence[bytes] = (),
) -> LiveVerdict | None:
    """Judge the live variant of a model by what the model itself said; None where it has none.

    `hidden` are the sights that the app does not name; None: the model was refused. A variant that
    cannot be run is refused with the reason, since the model can do without.

    Raises:
        PublicationError: it could not be tried now, or a photo is no image.

    """
    variant = find_live_variant(connection, model.city_id, model.version)
    if variant is None:
        return None
    if hidden is None:
        return LiveVerdict("refused", "the model itself was refused")
    try:
        onnx = read_signed_variant(connection, model, variant, public_keys)
        live = _read(connection, model, dataset, variant, onnx)
    except NotBelievedError as error:
        return LiveVerdict("registered", str(error))
    except LastingPublicationError as error:
        return LiveVerdict("refused", str(error))
    shown = {*whole.entrant.names} - {*hidden}
    objections = [
        *object_to_live(live.measure, whole.measure, shown),
        *object_to(_as_shown("it", live, hidden), _as_shown("the whole model", whole, hidden)),
    ]
    figures = (
        f"mAP50-95 {live.measure.map50_95:.3f} at {variant.image_size} px against "
        f"{whole.measure.map50_95:.3f} of the whole model on the same "
        f"{photos(whole.measure.photo_count)}"
    )
    return LiveVerdict(
        "refused" if objections else "offered",
        "; ".join([*objections, figures]),
        map50=live.measure.map50,
        map50_95=live.measure.map50_95,
        shipped=live.measure_shipped(hidden),
    )


def save_live_verdict(
    connection: psycopg.Connection[Any], model: StoredModel, verdict: LiveVerdict
) -> None:
    """Store what was decided of a live variant."""
    conclude_live_variant(
        connection,
        model.city_id,
        model.version,
        state=verdict.state,
        decision=verdict.reason,
        map50=verdict.map50,
        map50_95=verdict.map50_95,
        shipped=verdict.shipped,
    )
    logger.info(
        "city=%s model=%d live=%s reason=%s",
        model.city_id,
        model.version,
        verdict.state,
        verdict.reason,
    )


def judge_open_variant(
    connection: psycopg.Connection[Any], config: Settings, city: City, model: StoredModel
) -> bool:
    """Judge the live variant of a published model if that is still open and can be done; tell if it was.

    One whose file is not as it was stored is refused: it would stop the city in every run. So would a
    model that cannot be loaded: its variant waits.

    Raises:
        PublicationError: the model or the variant could not be tried now, or a photo is no image.

    """
    keys = config.public_keys
    variant = find_live_variant(connection, model.city_id, model.version)
    if model.state != "published" or variant is None or variant.state != "registered":
        return False
    try:
        try:
            read_signed_variant(connection, model, variant, keys)
        except NotBelievedError:
            raise
        except LastingPublicationError as error:
            _save_apart(connection, model, LiveVerdict("refused", str(error)))
            return True
        dataset = read_dataset(connection, model.city_id, model.dataset_version)
        whole = open_entrant(connection, city, model, dataset, keys)
    except LastingPublicationError as error:
        # As it was: a key is still to be mended, or the model itself.
        logger.info("city=%s model=%d live variant waits: %s", city.slug, model.version, error)
        return False
    (reading,) = read_test_photos(connection, dataset, [whole])
    hidden = {
        name
        for name, sight_id in zip(whole.names, model.sight_ids, strict=True)
        if sight_id in model.hidden_sight_ids
    }
    verdict = judge_live_variant(
        connection, model, dataset, reading, hidden=hidden, public_keys=keys
    )
    if verdict is None:
        return False
    _save_apart(connection, model, verdict)
    return True


def object_to_live(live: Measure, whole: Measure, shown: Collection[str]) -> list[str]:
    """Return what speaks against a live variant on the sights that the app names; nothing: it is offered."""
    sights = compare_sights(live, whole, shown)
    objections = [
        f"{one.name} is worse: AP {one.old:.2f} -> {one.new:.2f} on {photos(one.photo_count)}"
        for one in sights
        if one.is_worse
    ]
    difference = float(np.mean([one.difference for one in sights]))
    # A sight that no photo of a draw shows says nothing in it.
    draws = np.ma.masked_invalid([one.draws for one in sights]).mean(axis=0).filled(np.nan)
    behind = Drawn(difference, draws, live.photo_count).share_below(0)
    if difference < -MAX_MEAN_FALL and behind >= MIN_SHARE_OF_DRAWS:
        objections.append(f"it is worse by {-difference:.3f}, at most {MAX_MEAN_FALL} is allowed")
    return objections


def _as_shown(called: str, reading: Reading, hidden: Collection[str]) -> ShownModel:
    """Return what people are shown by it without the sights that the app does not name."""
    return ShownModel(
        called,
        reading.shown.without(hidden),
        frozenset(reading.entrant.names) - {*hidden},
        reading.entrant.detector.has_thresholds,
    )


def _save_apart(
    connection: psycopg.Connection[Any], model: StoredModel, verdict: LiveVerdict
) -> None:
    """Store what was decided of a live variant after its model was."""
    with connection.transaction():
        lock_models(connection, model.city_id)
        save_live_verdict(connection, model, verdict)


def _read(
    connection: psycopg.Connection[Any],
    model: StoredModel,
    dataset: FrozenDataset,
    variant: StoredVariant,
    onnx: bytes,
) -> Reading:
    """Let the variant answer the test photos, after it has answered as it did in the trainer."""
    detector = OnnxDetector(onnx, variant.file_name)
    _check_kind(detector, model, variant)
    hashes = [bytes.fromhex(sample["sha256"]) for sample in variant.samples]
    contents = {sha256.hex(): content for sha256, content in stream_blobs(connection, hashes)}
    check_samples(detector, variant.samples, contents, variant.file_name)
    (reading,) = read_test_photos(
        connection, dataset, [Entrant(detector, names_in(model, dataset))]
    )
    return reading


def _check_kind(detector: OnnxDetector, model: StoredModel, variant: StoredVariant) -> None:
    """Refuse a file that is not of the model's classes, or not of the side that it was registered with."""
    if detector.class_names != model.class_names:
        msg = (
            f"{variant.file_name} has the classes {', '.join(detector.class_names)}, not the model's: "
            f"{', '.join(model.class_names)}"
        )
        raise LastingPublicationError(msg)
    if detector.image_size != variant.image_size:
        msg = (
            f"{variant.file_name} says that it is for {detector.image_size} pixels instead of "
            f"{variant.image_size}"
        )
        raise LastingPublicationError(msg)
