"""Put a model in place if it is good, and better than the one that is there; take it back if not."""

import logging
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.dataset_folder import FrozenDataset
from sightscan.errors import LastingPublicationError, PublicationError
from sightscan.model_folder import ONNX_FILE
from sightscan.publish.detector import OnnxDetector
from sightscan.publish.measure import Measure, compare_models, measure_model
from sightscan.settings import Settings
from sightscan.warehouse.models.datasets import list_dataset_photos, read_dataset, stream_blobs
from sightscan.warehouse.models.models import (
    StoredModel,
    conclude_model,
    find_model_in_place,
    insert_publication,
    lock_models,
    read_model,
    read_model_file,
)

logger = logging.getLogger(__name__)

# The trainer measured the same file on the same photos: more than this is no rounding.
EXPORT_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class PublicationDecision:
    """Whether a model was put in place, why, and its measures on the frozen test photos."""

    published: bool
    reason: str
    map50: float
    map50_95: float


def publish_model(
    connection: psycopg.Connection[Any],
    config: Settings,
    city: City,
    model_version: int,
    *,
    published_by: str,
) -> PublicationDecision:
    """Measure a registered model on the test photos of its dataset, and publish or refuse it.

    A first model must reach MIN_MAP50_FOR_FIRST_MODEL. A later one must be better than the one in
    place, measured on the same photos, by a margin that is not noise. Decided once: again returns
    the decision that stands.

    Raises:
        PublicationError: no such model, a broken export, or another model was put in place
            meanwhile.

    """
    model = read_model(connection, city.city_id, model_version)
    if model.state != "registered":
        return _standing(model)
    in_place = find_model_in_place(connection, city.city_id)
    dataset = read_dataset(connection, city.city_id, model.dataset_version)
    measure = _measure(connection, model, dataset)
    _check_export(model, measure)
    if in_place is None:
        published, reason = _judge_first(measure, config.min_map50_for_first_model)
    else:
        published, reason = _judge_later(
            measure, _measure(connection, in_place, dataset), in_place.version
        )
    with connection.transaction():
        lock_models(connection, city.city_id)
        now_in_place = find_model_in_place(connection, city.city_id)
        if (now_in_place and now_in_place.version) != (in_place and in_place.version):
            msg = (
                f"another model was put in place while model {model_version} was measured; "
                "run publish_model again"
            )
            raise PublicationError(msg)
        current = read_model(connection, city.city_id, model_version)
        if current.state != "registered":
            return _standing(current)
        conclude_model(
            connection,
            model,
            published=published,
            decision=reason,
            map50=measure.map50,
            map50_95=measure.map50_95,
            class_metrics=[asdict(one) for one in measure.per_class],
        )
        if published:
            insert_publication(
                connection, city.city_id, model_version, published_by=published_by, reason=reason
            )
    logger.info(
        "city=%s model=%d published=%s reason=%s", city.slug, model_version, published, reason
    )
    return PublicationDecision(published, reason, measure.map50, measure.map50_95)


def rollback(
    connection: psycopg.Connection[Any],
    city: City,
    *,
    by: str,
    reason: str,
    to_version: int | None = None,
) -> int:
    """Put an earlier published model back in place and return its version.

    Without `to_version`, it is the one that was in place before the present one.

    Raises:
        PublicationError: there is none, or that model was never published.

    """
    with connection.transaction():
        lock_models(connection, city.city_id)
        present = find_model_in_place(connection, city.city_id)
        if present is None:
            msg = f"{city.slug} has no model in place, so nothing can be rolled back"
            raise PublicationError(msg)
        target = (
            find_model_in_place(connection, city.city_id, before=present.version)
            if to_version is None
            else read_model(connection, city.city_id, to_version)
        )
        if target is None:
            msg = f"model {present.version} is the only one that {city.slug} ever had in place"
            raise PublicationError(msg)
        if target.version == present.version:
            return present.version
        if target.state != "published":
            msg = (
                f"model {target.version} of {city.slug} was never published ({target.state}): "
                "roll back to one that was"
            )
            raise PublicationError(msg)
        sentence = f"rolled back from model {present.version}: {reason}"
        insert_publication(
            connection, city.city_id, target.version, published_by=by, reason=sentence
        )
    logger.info("city=%s model=%d in place again, by=%s", city.slug, target.version, by)
    return target.version


def _standing(model: StoredModel) -> PublicationDecision:
    return PublicationDecision(
        model.state == "published", model.decision or "", model.map50, model.map50_95
    )


def _measure(
    connection: psycopg.Connection[Any], model: StoredModel, dataset: FrozenDataset
) -> Measure:
    onnx = read_model_file(connection, model.city_id, model.version, ONNX_FILE)
    # Classes are the same when their sights are: names and their order may have changed since.
    names_now = dict(zip(dataset.sight_ids, dataset.class_names, strict=True))
    names = [
        names_now.get(sight_id, f"{name} (no class any more)")
        for sight_id, name in zip(model.sight_ids, model.class_names, strict=True)
    ]
    truths = {
        photo.sha256: [(dataset.class_names[one.class_number], one.box) for one in photo.boxes]
        for photo in list_dataset_photos(connection, dataset.city_id, dataset.version)
        if photo.split == "test"
    }
    photos = ((content, truths[sha256]) for sha256, content in stream_blobs(connection, truths))
    return measure_model(OnnxDetector(onnx), photos, names=names)


def _check_export(model: StoredModel, measure: Measure) -> None:
    difference = abs(measure.map50 - model.map50)
    if difference > EXPORT_TOLERANCE:
        msg = (
            f"model {model.version} of {model.city_id} reaches mAP50 {measure.map50:.3f} as "
            f"exported, but {model.map50:.3f} in the trainer on the same photos: the export is "
            f"broken (at most {EXPORT_TOLERANCE} apart is rounding); train again"
        )
        raise LastingPublicationError(msg)


def _judge_first(measure: Measure, minimum: float) -> tuple[bool, str]:
    reached = (
        f"first model: mAP50 {measure.map50:.3f} on {measure.photo_count} test photos, "
        f"{minimum:.2f} needed"
    )
    return measure.map50 >= minimum, reached


def _judge_later(new: Measure, old: Measure, old_version: int) -> tuple[bool, str]:
    comparison = compare_models(new, old)
    verdict = "better than" if comparison.is_better else "not surely better than"
    reason = (
        f"{verdict} model {old_version}: mAP50-95 {new.map50_95:.3f} against {old.map50_95:.3f} on "
        f"the same {new.photo_count} test photos, by {comparison.difference:+.3f}, "
        f"surely by {comparison.lower_bound:+.3f}"
    )
    return comparison.is_better, reason
