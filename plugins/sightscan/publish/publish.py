"""Put a model in place if it is good, and better than the one that is there; take it back if not."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import psycopg

from sightscan.city import City
from sightscan.errors import PublicationError
from sightscan.publish.card.store import save_shown_boxes, store_cards, store_missing_cards
from sightscan.publish.contender import (
    as_contender,
    find_unloadable,
    open_entrant,
    read_test_photos,
    require_loadable,
)
from sightscan.publish.export import check_export
from sightscan.publish.judge import judge
from sightscan.publish.variant import judge_live_variant, judge_open_variant, save_live_verdict
from sightscan.settings import Settings
from sightscan.warehouse.models.datasets import read_dataset
from sightscan.warehouse.models.models import (
    StoredModel,
    conclude_model,
    find_last_publication,
    find_model_in_place,
    find_rollback_target,
    insert_publication,
    lock_models,
    mark_rolled_back,
    read_model,
)
from sightscan.warehouse.models.shipped import save_shipped

logger = logging.getLogger(__name__)


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
    accepted_loss: str | None = None,
) -> PublicationDecision:
    """Measure a model on the test photos of its dataset, and publish or refuse it.

    How it is judged, alone or against the one in place on the same photos, is `judge`; one in place
    that nobody may load, since its signature is not believed or its file is refused, counts as none. Decided once: again
    returns the decision that stands, and only does what was left undone. But with `accepted_loss`,
    which says why sights may be lost, one that was refused is judged again.

    Raises:
        PublicationError: no such model, a broken export, a signature that is not believed, or another
            model was put in place meanwhile.

    """
    model = read_model(connection, city.city_id, model_version)
    if not _is_open(model, accepted_loss):
        return _finish(connection, config, city, model)
    in_place = find_model_in_place(connection, city.city_id)
    why_unloadable = find_unloadable(connection, city, in_place, config.public_keys)
    dataset = read_dataset(connection, city.city_id, model.dataset_version)
    contestants = [model, *([in_place] if in_place and not why_unloadable else [])]
    entrants = [
        open_entrant(connection, city, one, dataset, config.public_keys) for one in contestants
    ]
    check_export(connection, model, entrants[0].detector)
    readings = read_test_photos(connection, dataset, entrants)
    new, *old = (as_contender(*one) for one in zip(contestants, readings, strict=True))
    measure = new.measure
    verdict = judge(
        new,
        old[0] if old else None,
        min_map50=config.min_map50_for_first_model,
        # Without who says so: the decision is everybody's, the login is the publication's.
        accepted_loss=accepted_loss,
    )
    if in_place and why_unloadable:
        sentence = (
            f"not judged against model {in_place.version}, which is in place and which nobody may "
            f"load: {why_unloadable}"
        )
        verdict = replace(verdict, reason=f"{verdict.reason}; {sentence}")
    shipped = readings[0].measure_shipped(verdict.hidden)
    live = judge_live_variant(
        connection,
        model,
        dataset,
        readings[0],
        hidden=verdict.hidden if verdict.published else None,
        public_keys=config.public_keys,
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
        if not _is_open(current, accepted_loss):
            return _finish(connection, config, city, current)
        sight_ids = dict(zip(dataset.class_names, dataset.sight_ids, strict=True))
        conclude_model(
            connection,
            model,
            published=verdict.published,
            decision=verdict.reason,
            map50=measure.map50,
            map50_95=measure.map50_95,
            class_metrics=[asdict(one) for one in measure.per_class],
            hidden_sight_ids=[sight_ids[name] for name in verdict.hidden],
        )
        save_shipped(connection, city.city_id, model_version, shipped)
        save_shown_boxes(connection, model, readings[0])
        if live is not None:
            save_live_verdict(connection, model, live)
        if verdict.published:
            insert_publication(
                connection,
                city.city_id,
                model_version,
                published_by=published_by,
                reason=verdict.reason,
            )
    store_cards(connection, city.city_id, model_version)
    logger.info(
        "city=%s model=%d published=%s reason=%s",
        city.slug,
        model_version,
        verdict.published,
        verdict.reason,
    )
    return PublicationDecision(verdict.published, verdict.reason, measure.map50, measure.map50_95)


def say_not_in_place(
    connection: psycopg.Connection[Any], city: City, model_version: int
) -> str | None:
    """Say which model is in place instead of one that was published, and how that one comes back.

    None if it is the one in place.
    """
    in_place = find_model_in_place(connection, city.city_id)
    if in_place is None or in_place.version == model_version:
        return None
    publication = find_last_publication(
        connection, read_model(connection, city.city_id, model_version)
    )
    said = f"model {model_version} is not in place: model {in_place.version} is"
    if publication is not None and publication.rolled_back_by is not None:
        return (
            f"{said}, since it was rolled back ({publication.rolled_back_reason}); it comes back with: "
            f'sightscan model publish {city.slug} {model_version} --reason "..."'
        )
    return (
        f"{said}; it comes back with: sightscan model rollback {city.slug} --to {model_version} "
        '--reason "..."'
    )


def put_back(
    connection: psycopg.Connection[Any],
    city: City,
    model_version: int,
    *,
    by: str,
    reason: str,
    public_keys: Sequence[bytes],
) -> None:
    """Put a model that was rolled back in place again, if it may be loaded.

    Raises:
        PublicationError: it was not rolled back, its signature is not believed, or its file is refused.

    """
    with connection.transaction():
        lock_models(connection, city.city_id)
        model = read_model(connection, city.city_id, model_version)
        publication = find_last_publication(connection, model)
        if publication is None or publication.rolled_back_by is None:
            msg = (
                f"model {model_version} of {city.slug} was not rolled back ({model.state}); "
                f"an earlier one comes back with: sightscan model rollback {city.slug} --to VERSION"
            )
            raise PublicationError(msg)
        require_loadable(connection, city, model, public_keys)
        sentence = f"put in place again: {reason}"
        insert_publication(
            connection, city.city_id, model_version, published_by=by, reason=sentence
        )
    logger.info("city=%s model=%d in place again, by=%s", city.slug, model_version, by)


def rollback(
    connection: psycopg.Connection[Any],
    city: City,
    *,
    by: str,
    reason: str,
    public_keys: Sequence[bytes],
    to_version: int | None = None,
) -> int:
    """Put an earlier published model back in place and return its version.

    Without `to_version`, it is the one that was in place before the present one. All that was put
    in place after it is marked as rolled back, and comes back only by `put_back`.

    Raises:
        PublicationError: there is none, or that model was never published, was rolled back, is not
            signed by one of the keys, where there are any, or has a file that is refused.

    """
    with connection.transaction():
        lock_models(connection, city.city_id)
        present = find_model_in_place(connection, city.city_id)
        if present is None:
            msg = f"{city.slug} has no model in place, so nothing can be rolled back"
            raise PublicationError(msg)
        target = (
            find_rollback_target(connection, city.city_id, present.version)
            if to_version is None
            else read_model(connection, city.city_id, to_version)
        )
        if target is None:
            msg = (
                f"nothing is left before model {present.version} of {city.slug}: every other model "
                "that it ever had in place was rolled back; one comes back with: sightscan model "
                f'publish {city.slug} VERSION --reason "..."'
            )
            raise PublicationError(msg)
        if target.version == present.version:
            return present.version
        publication = find_last_publication(connection, target)
        if publication is None:
            msg = (
                f"model {target.version} of {city.slug} was never published ({target.state}): "
                "roll back to one that was"
            )
            raise PublicationError(msg)
        if publication.rolled_back_by is not None:
            msg = (
                f"model {target.version} of {city.slug} was rolled back by "
                f"{publication.rolled_back_by} ({publication.rolled_back_reason}); if it is to come "
                f"back all the same: sightscan model publish {city.slug} {target.version} "
                '--reason "..."'
            )
            raise PublicationError(msg)
        require_loadable(connection, city, target, public_keys)
        mark_rolled_back(
            connection, city.city_id, after=publication, rolled_back_by=by, reason=reason
        )
        sentence = f"rolled back from model {present.version}: {reason}"
        insert_publication(
            connection, city.city_id, target.version, published_by=by, reason=sentence
        )
    logger.info("city=%s model=%d in place again, by=%s", city.slug, target.version, by)
    return target.version


def _is_open(model: StoredModel, accepted_loss: str | None) -> bool:
    """Tell whether a model is still to be judged."""
    return model.state == "registered" or (model.state == "refused" and accepted_loss is not None)


def _finish(
    connection: psycopg.Connection[Any], config: Settings, city: City, model: StoredModel
) -> PublicationDecision:
    """Return the decision that stands, once what an earlier try left undone after it is done."""
    if judge_open_variant(connection, config, city, model):
        store_cards(connection, city.city_id, model.version)
    store_missing_cards(connection, city.city_id)
    return PublicationDecision(
        model.state == "published", model.decision or "", model.map50, model.map50_95
    )
