"""The tasks of a city's DAG that run on a worker, one function each, in the order they run."""

import logging
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from sightscan.errors import InstanceError, TrainingError
from sightscan.operators.assets import DATASET, LABELS, MARTS, MODEL, PHOTOS, announce
from sightscan.operators.leases import require_lease
from sightscan.operators.spending import estimate_run, require_estimate
from sightscan.operators.stage_task import stage_task
from sightscan.operators.work import CityWork, city_work
from sightscan.train.host import HostAddress
from sightscan.training import AWAIT_HOST_SECONDS, REGISTER_SECONDS, UPLOAD_SECONDS

logger = logging.getLogger(__name__)


# Reads the ledger, the price list and the file of the model in place: a second or two, unless the
# warehouse is in trouble.
@stage_task(execution_timeout=timedelta(minutes=5))
def estimate_spend(*, slug: str) -> str:
    """Refuse what cannot be meant, say what the run may cost, and stop it if a budget might be passed."""
    from sightscan.operators.run_conf import check_conf

    context = get_current_context()
    check_conf(context["dag_run"].conf, context["dag"].params)
    with city_work(slug) as work:
        # What cannot be asked is refused here, not after the sights are found.
        sources = work.config.photo_source_names
        # What the model has learnt is asked when a training is decided: few runs come to one.
        _require_weights(work, partial(_find_unfit, work, with_leaks=False))
        sentence = estimate_run(work)
        logger.info("%s; photos from %s", sentence, ", ".join(sources))
        return sentence


def _require_weights(work: CityWork, find_unfit: Callable[[], dict[int, str]]) -> None:
    """See that there is what a training would start from, unless one was asked for already.

    Nor is a run that holds an instance refused: nobody would stop it. `find_unfit` tells whether the
    model in place is no start (`_find_unfit`).
    """
    from sightscan.train.starting_weights import choose_weights
    from sightscan.warehouse.models.instances import lease_of
    from sightscan.warehouse.models.trainings import find_training

    if work.config.listed_instance_ids and (
        find_training(work.connection, work.run) is None
        and lease_of(work.connection, work.run) is None
    ):
        choose_weights(work.connection, work.config, work.city, unfit=find_unfit())


def _find_unloadable(work: CityWork) -> dict[int, str]:
    """Return why nobody may load the model in place, by its version; empty if it may be, or there is none."""
    from sightscan.publish.contender import find_unloadable
    from sightscan.warehouse.models.models import find_model_in_place

    in_place = find_model_in_place(work.connection, work.city.city_id)
    why = find_unloadable(work.connection, work.city, in_place, work.config.public_keys)
    return {in_place.version: why} if in_place and why else {}


def _find_unfit(
    work: CityWork, *, unloadable: dict[int, str] | None = None, with_leaks: bool = True
) -> dict[int, str]:
    """Return why the model in place is no start for a training, by its version; empty if it is one.

    `unloadable` is what `_find_unloadable` has returned already. Without leaks, what it has learnt is
    not asked.
    """
    from sightscan.dataset.learnt_leaks import count_learnt_leaks
    from sightscan.warehouse.models.models import find_model_in_place

    in_place = find_model_in_place(work.connection, work.city.city_id)
    if in_place is None or work.config.mts_weights != "model":
        return {}
    unloadable = _find_unloadable(work) if unloadable is None else unloadable
    if unloadable:
        return {version: f"nobody may load it: {why}" for version, why in unloadable.items()}
    if not with_leaks:
        return {}
    count = count_learnt_leaks(work.connection, work.city, in_place.version)
    if not count:
        return {}
    photos = "a photo that is" if count == 1 else f"{count} photos that are"
    return {in_place.version: f"it has learnt {photos} linked to photos that judge"}


# Wikidata answers within a minute or not at all; its limits may make us wait a while.
@stage_task(execution_timeout=timedelta(minutes=15))
def discover_sights(*, slug: str) -> list[int]:
    """Find the city's sights and return their ids, most famous first, and what else is crawled."""
    from sightscan.discover.places import PlacesBuyer, open_places
    from sightscan.discover.sights import discover_sights as discover
    from sightscan.discover.wikidata import open_client

    with (
        city_work(slug) as work,
        open_client(work.config, work.connection) as client,
        open_places(work.config) as places,
    ):
        require_estimate(work)
        report = discover(
            work.connection,
            client,
            work.city,
            work.config,
            buyer=PlacesBuyer(places, work.run) if places else None,
        )
        work.save_report("discover_sights", asdict(report))
        return [*report.sight_ids, *report.background_ids]


# Thousands of photos at a polite rate take hours; a killed task goes on where it was.
@stage_task(
    execution_timeout=timedelta(hours=12),
    max_active_tis_per_dagrun=3,
    map_index_template="{{ sight_name }}",
)
def crawl_photos(*, slug: str, sight_id: int) -> int:
    """Crawl photos of one sight and return how many were kept."""
    from sightscan.crawl.crawl import crawl_photos as crawl
    from sightscan.crawl.report import save_crawl_report
    from sightscan.warehouse.registry.sights import read_sight

    context: Any = get_current_context()
    with city_work(slug) as work:
        sight = read_sight(work.connection, sight_id)
        context["sight_name"] = sight.name
        report = crawl(
            work.connection,
            work.config,
            work.city,
            sight,
            # Before the crawl fails, if it does: what was kept until then is news too.
            save=lambda done: save_crawl_report(work.connection, work.run, done, sight),
        )
        return report.kept


# Ten thousand photos at 1,700 a minute are six minutes; the rest is for quotas that were hit.
# One broken sight does not stop a city, hence the trigger rule.
@stage_task(
    execution_timeout=timedelta(hours=3),
    trigger_rule="all_done_min_one_success",
    outlets=[PHOTOS, LABELS],
)
def label_photos(*, slug: str) -> int:
    """Find copies among the photos, have them labelled within the caps; return the images sent."""
    from sightscan.crawl.dedupe.clusters import cluster_photos
    from sightscan.label.run import label_photos as label
    from sightscan.label.vision import open_client
    from sightscan.warehouse.marts.run_reports import sum_photos_kept

    with city_work(slug) as work:
        require_estimate(work)
        # Once for the city, when all of its sights are crawled: the choice of what is paid for and
        # the split of the dataset both go by it.
        clustered = cluster_photos(work.connection, work.city, work.config)
        work.save_report("cluster_photos", asdict(clustered))
        report = label(work.connection, open_client(work.config), work.config, work.city, work.run)
        work.save_report("label_photos", asdict(report))
        # Once a run, not once a sight: whoever waits for photos is not started ten times.
        if kept := sum_photos_kept(work.connection, work.run):
            announce(PHOTOS, slug, photos=kept)
        if report.accepted or report.relabelled:
            announce(LABELS, slug, labels=report.accepted, relabelled=report.relabelled)
        return report.sent


# The hours of this run, up to the one that still runs (the hourly run completes it), so that the
# app shows what this city has become. Only the city's own rows can fail its run.
@stage_task(execution_timeout=timedelta(minutes=30), outlets=[MARTS])
def refresh_marts(*, slug: str) -> int:
    """Refresh the marts of this run's hours, then run the city's data checks; return how many warn."""
    from sightscan.discover.cards import learn_view_distances
    from sightscan.operators.quality import judge_marts
    from sightscan.warehouse.marts.hourly_facts import hour_of, refresh_hourly_marts
    from sightscan.warehouse.registry.cities import save_label_threshold

    run = get_current_context()["dag_run"]
    start = hour_of(run.start_date or run.run_after)
    now = hour_of(datetime.now(UTC))
    with city_work(slug) as work:
        save_label_threshold(
            work.connection, work.city.city_id, work.config.min_image_number_per_label
        )
        # The run's new labels say more of it than what discovery found.
        learnt_count = learn_view_distances(work.connection, work.city)
        logger.info("from how far it is seen: learnt of %d sights", learnt_count)
        refresh_hourly_marts(work.connection, min(start, now), now + timedelta(hours=1))
        warned = judge_marts(
            work.connection,
            dag_id=work.run.dag_id,
            run_id=work.run.run_id,
            city_id=work.run.city_id,
        )
        work.save_report("refresh_marts", {"warned": warned})
        announce(MARTS, slug, warned=len(warned))
        return len(warned)


# Seconds; but a model that was registered and never judged is judged here, as by `publish_model`.
@stage_task(execution_timeout=timedelta(minutes=65))
def decide_training(*, slug: str) -> str:
    """Judge a model that was left unjudged; return why one is trained now, or skip the rest."""
    from sightscan.dataset.decide import decide_training as decide
    from sightscan.operators.signing import find_signing_key
    from sightscan.publish.left_over import finish_left_over
    from sightscan.signing import require_trusted

    with city_work(slug) as work:
        is_forced = bool(work.params.get("force_training"))
        judged = finish_left_over(
            work.connection,
            work.config,
            work.city,
            published_by=f"{work.run.dag_id}/{work.run.run_id}",
            pass_over=is_forced,
        )
        if judged is not None:
            work.save_report("publish_model", asdict(judged))
        unloadable = _find_unloadable(work)
        decision = decide(
            work.connection,
            work.config,
            work.city,
            force=is_forced,
            unloadable=unloadable,
        )
        work.save_report("decide_training", asdict(decision))
        if not decision.train:
            raise AirflowSkipException(decision.reason)
        # A model that will be refused is not paid for; nor is a host that would have nothing to start from,
        # which this run may have found only now.
        require_trusted(find_signing_key(), work.config.public_keys)
        _require_weights(work, partial(_find_unfit, work, unloadable=unloadable))
        return decision.reason


# Set-based and in one transaction: seconds for 10,000 photos.
@stage_task(execution_timeout=timedelta(minutes=30), outlets=[DATASET])
def freeze_dataset(*, slug: str) -> int:
    """Freeze a leak-free dataset and return its version."""
    from sightscan.dataset.freeze import freeze_dataset as freeze
    from sightscan.warehouse.models.datasets import find_dataset

    with city_work(slug) as work:
        dataset = freeze(work.connection, work.config, work.city, work.run)
        work.save_report(
            "freeze_dataset", {"version": dataset.version, "counts": dict(dataset.counts)}
        )
        # Not an earlier one with the same contents.
        if find_dataset(work.connection, work.city.city_id, run=work.run) is not None:
            announce(DATASET, slug, version=dataset.version, photos=dict(dataset.counts))
        return int(dataset.version)


# The time-outs of the tasks that hold an instance are what its lease is made of.
@stage_task(execution_timeout=timedelta(seconds=AWAIT_HOST_SECONDS))
def await_host(*, slug: str, instance_id: str) -> str:
    """Wait until the host answers with its pinned key, tidy it, see that it can train; return its address."""
    from sightscan.operators.gpu_pool import open_pool
    from sightscan.train.addresses import host_address
    from sightscan.train.host import await_host as wait_for
    from sightscan.train.selfcheck import check_training
    from sightscan.train.tidy import tidy_host

    with city_work(slug) as work:
        require_lease(work, instance_id)
        host = open_pool().host_of(instance_id)
        address = host_address(work.config, instance_id, host)
        wait_for(address, timeout_seconds=work.config.mts_host_timeout_seconds)
        _correct_bills(work, address, instance_id)
        # Before the deadline is left there: a disk that is full would not take it.
        tidied = tidy_host(work.connection, address, work.city)
        _leave_deadline(work, address)
        said = check_training(work.config, address)
        work.save_report("await_host", {**asdict(tidied), "selfcheck": said})
        return host


@stage_task(execution_timeout=timedelta(seconds=UPLOAD_SECONDS))
def upload_dataset(
    *, slug: str, dataset_version: str, instance_id: str, host: str
) -> dict[str, Any]:
    """Bring dataset and request to the host; return what `train_model` needs to start."""
    from sightscan.model_folder import PROGRESS_FILE
    from sightscan.train.addresses import host_address
    from sightscan.train.command import training_command
    from sightscan.train.request import request_training
    from sightscan.train.upload import upload_dataset as upload

    with city_work(slug) as work:
        require_lease(work, instance_id)
        training = request_training(
            work.connection,
            work.config,
            work.city,
            work.run,
            int(dataset_version),
            is_forced=bool(work.params.get("force_training")),
            find_unfit=partial(_find_unfit, work),
        )
        address = host_address(work.config, instance_id, host)
        _leave_deadline(work, address)
        report = upload(work.connection, work.config, address, training)
        work.save_report("upload_dataset", asdict(report))
        return {
            "training_id": training.training_id,
            "command": training_command(training, work.config.mts_trainer_command),
            "progress_file": f"{training.model_folder}/{PROGRESS_FILE}",
        }


# The GPU is still on: fetch and store, judge later.
@stage_task(execution_timeout=timedelta(seconds=REGISTER_SECONDS))
def register_model(*, slug: str, instance_id: str, host: str) -> int:
    """Fetch the model folder from the host into the warehouse; return the model's version."""
    from sightscan.operators.signing import find_signing_key
    from sightscan.publish.register import register_model as register
    from sightscan.train.addresses import host_address
    from sightscan.train.download import download_model
    from sightscan.warehouse.models.trainings import read_training

    with city_work(slug) as work, tempfile.TemporaryDirectory() as scratch:
        require_lease(work, instance_id)
        training = read_training(work.connection, work.run)
        address = host_address(work.config, instance_id, host)
        folder = download_model(address, training, Path(scratch))
        version = register(work.connection, training, folder, signing_key=find_signing_key())
        work.save_report("register_model", {"model_version": version})
        return int(version)


# A thousand test photos at 30 ms each, twice, and the resampling.
@stage_task(execution_timeout=timedelta(hours=1), outlets=[MODEL])
def publish_model(*, slug: str, model_version: str) -> str:
    """Measure the model on the frozen test photos and put it in place if it is better."""
    from sightscan.publish.publish import publish_model as publish

    version = int(model_version)
    with city_work(slug) as work:
        decision = publish(
            work.connection,
            work.config,
            work.city,
            version,
            published_by=f"{work.run.dag_id}/{work.run.run_id}",
        )
        work.save_report("publish_model", asdict(decision))
        if decision.published:
            announce(MODEL, slug, version=version, map50=decision.map50)
        return decision.reason


def _leave_deadline(work: CityWork, address: HostAddress) -> None:
    from sightscan.train.deadline import leave_deadline
    from sightscan.warehouse.models.instances import lease_of

    lease = lease_of(work.connection, work.run)
    if lease is not None:
        leave_deadline(address, lease.deadline_at)


def _correct_bills(work: CityWork, address: HostAddress, instance_id: str) -> None:
    from sightscan.train.power_offs import correct_bills

    try:
        correct_bills(work.connection, address, instance_id)
    except (InstanceError, TrainingError) as error:
        # Old bills stay too high until the next lease; that is no reason to train no more.
        logger.warning("when %s powered itself off is not known: %s", instance_id, error)


# The last teardown, since teardowns hide failures: the run is red if anything in it failed.
@stage_task(execution_timeout=timedelta(minutes=5), retries=0, outlets=[MODEL])
def conclude_run(*, slug: str) -> str:
    """Write the run's summary; fail if any task of the run failed."""
    from sightscan.operators.conclusion.conclude import conclude

    return conclude(slug)
