"""One DAG for each city of the registry: from its name to a published detector."""

from copy import copy
from datetime import timedelta

from airflow.sdk import DAG, Param, get_parsing_context
from airflow.timetables.trigger import CronTriggerTimetable

from sightscan.operators import priorities, stages
from sightscan.operators.instances import (
    ReserveInstanceOperator,
    StartInstanceOperator,
    StopInstanceOperator,
)
from sightscan.operators.registry import RegisteredCity, as_markdown, read_snapshot
from sightscan.operators.retries import RETRY_POLICY
from sightscan.operators.run_conf import RUN_TYPES
from sightscan.operators.trainings import TrainModelOperator
from sightscan.settings import ARCHITECTURES, PHOTO_SOURCES, STARTS
from sightscan.training import START_SECONDS, STOP_SECONDS

DOC = """
### {name}, {country}: from its name to a detector

Finds the sights, crawls photos of them, has them labelled by Google Vision within the cap, and,
when enough is new, trains YOLOv5 on a GPU instance that is started for it and stopped after it.
The model replaces the one in place only if it is better on the frozen test photos, and no sight of
them is worse or lost.

**Reads** MAX_SIGHTS_PER_CITY, MAX_IMAGES_PER_SIGHT, PHOTO_SOURCES, LICENCE_POLICY,
MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY, MIN_LABELLED_IMAGES_NEEDED_FOR_TRAINING,
MIN_IMAGE_NUMBER_PER_LABEL, MTS_ARCHITECTURE, MTS_WEIGHTS, MTS_EPOCHS, MTS_IMAGE_SIZE,
MTS_BATCH_SIZE, MTS_TIME_LIMIT_SECONDS, MTS_PATIENCE, MTS_SEED and MTS_EC2_INSTANCE_ID; the city's
row in the registry overrides them, and the trigger form most of them.

**May it be run again?** Yes, at any time: finished work is not repeated, no photo is paid for
twice, and a run that finds nothing new ends after `decide_training` and says what is missing.

**Red** means that a task failed, even if the rest went on; the instance is stopped all the same.
"""

PARAMS = {
    "sights": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=200,
        title="Sights",
        description=(
            "At most so many sights, the most famous first: 1 to 200. Empty: MAX_SIGHTS_PER_CITY."
        ),
    ),
    "photos_per_sight": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=10_000,
        title="Photos per sight",
        description=(
            "At most so many photos of each sight: 0 (crawls none) to 10,000. "
            "Empty: MAX_IMAGES_PER_SIGHT."
        ),
    ),
    "photo_sources": Param(
        None,
        # A choice of several in the form; by the API a list, or their names with commas between.
        type=["null", "array", "string"],
        items={"type": "string", "enum": list(PHOTO_SOURCES)},
        minItems=1,
        uniqueItems=True,
        examples=list(PHOTO_SOURCES),
        title="Photo sources",
        description=(
            "In the order in which they are chosen, until there are enough: "
            f"{', '.join(PHOTO_SOURCES)}. Empty: PHOTO_SOURCES."
        ),
    ),
    "licence_policy": Param(
        None,
        type=["null", "string"],
        enum=[None, "open", "any"],
        values_display={"null": "as LICENCE_POLICY says"},
        title="Licence policy",
        description=(
            "open: only photos that anybody may use and change; any: all, each with the licence "
            "that is known of it."
        ),
    ),
    "full_resolution": Param(
        None,
        type=["null", "boolean"],
        title="Full resolution",
        # A switch that nobody touched looks like one that is off, but sends nothing.
        description=(
            "On: fetch originals, not photos of 960 pixels. Not touched: CRAWL_FULL_RESOLUTION."
        ),
    ),
    "skip_known": Param(
        None,
        type=["null", "boolean"],
        title="Skip known photos",
        description=(
            "Not touched: CRAWL_SKIP_KNOWN. On: leave the photos alone that are there. On and off "
            "again: ask for them anew, and fetch those that have changed."
        ),
    ),
    "vision_calls": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=1_000_000,
        title="Vision calls",
        description=(
            "Pay for at most so many images in this run: 0 to 1,000,000. Empty: only the city's cap "
            "(MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY) holds; it holds in any case."
        ),
    ),
    "architecture": Param(
        None,
        type=["null", "string"],
        enum=[None, *ARCHITECTURES],
        title="Architecture",
        description=(
            "The network: n, s, m, l and x are each larger, better with enough photos, and slower "
            "in the app. Another one than the model in place has starts from the weights of COCO. "
            "Empty: MTS_ARCHITECTURE."
        ),
    ),
    "weights": Param(
        None,
        type=["null", "string"],
        enum=[None, *STARTS],
        title="Starting weights",
        description=(
            "model: those of the model in place, and for a first model or another architecture "
            "those of COCO; coco: those of COCO in any case; none: random ones. Empty: MTS_WEIGHTS."
        ),
    ),
    "epochs": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=2_000,
        title="Epochs",
        description="How often the training sees each photo: 1 to 2,000. Empty: MTS_EPOCHS.",
    ),
    "image_size": Param(
        None,
        type=["null", "integer"],
        minimum=64,
        maximum=1_536,
        multipleOf=32,
        title="Image size",
        description=(
            "Side in pixels to which photos are scaled for training: a multiple of 32, 64 to 1,536. "
            "Empty: MTS_IMAGE_SIZE."
        ),
    ),
    "batch_size": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=512,
        title="Batch size",
        description=(
            "Photos a step: 1 to 512, or 0 for as many as fit into the GPU's memory. "
            "Empty: MTS_BATCH_SIZE."
        ),
    ),
    "minutes": Param(
        None,
        type=["null", "integer"],
        minimum=1,
        maximum=1_380,
        title="Minutes",
        description=(
            "All epochs together take at most so many minutes: 1 to 1,380; what the run may cost "
            "at most follows. Empty: MTS_TIME_LIMIT_SECONDS."
        ),
    ),
    "patience": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=2_000,
        title="Patience",
        description=(
            "After so many epochs without a better one no more are trained: 1 to 2,000, or 0 to "
            "train them all. Empty: MTS_PATIENCE."
        ),
    ),
    "seed": Param(
        None,
        type=["null", "integer"],
        minimum=0,
        maximum=2_147_483_647,
        title="Seed",
        description=(
            "Where chance begins: the same seed, dataset and parameters are the same training. "
            "Empty: MTS_SEED."
        ),
    ),
    "force_training": Param(
        default=False,
        type="boolean",
        title="Force training",
        description="Train even if too little is new. A dataset must still be possible.",
    ),
}

INSTANCE = "{{ ti.xcom_pull(task_ids='reserve_instance') }}"
HOST = "{{ ti.xcom_pull(task_ids='await_host') }}"
DATASET_VERSION = "{{ ti.xcom_pull(task_ids='freeze_dataset') }}"


def build_city_dag(city: RegisteredCity) -> DAG:
    """Build the DAG of one city; its task ids never change, since history hangs on them."""
    slug = city.slug
    with DAG(
        dag_id=f"city_{slug}",
        dag_display_name=f"{city.name}, {city.country}",
        description=f"From the name {city.name} to a published detector of its sights",
        doc_md=DOC.format(name=as_markdown(city.name), country=as_markdown(city.country)),
        # Photos of a city change slowly: once a week, while nobody works.
        schedule=CronTriggerTimetable("0 3 * * 1", timezone="UTC") if city.is_active else None,
        # No start date: with one, the week before the city was added would run at once.
        catchup=False,
        max_active_runs=1,
        allowed_run_types=RUN_TYPES,
        tags=["city"],
        default_args={
            "owner": "sightscan",
            # A passing fault is over in a minute; a real one must turn the run red soon.
            "retries": 2,
            "retry_delay": timedelta(seconds=20),
            "retry_policy": RETRY_POLICY,
            "execution_timeout": timedelta(hours=1),
            **priorities.STAGE,
        },
    ) as dag:
        estimated = stages.estimate_spend(slug)
        sight_ids = stages.discover_sights(slug)
        crawl_photos = stages.crawl_photos.override(**priorities.CRAWL)
        crawled = crawl_photos.partial(slug=slug).expand(sight_id=sight_ids)
        labelled = stages.label_photos(slug)
        refreshed = stages.refresh_marts.override(**priorities.MARTS)(slug)
        decided = stages.decide_training(slug)
        frozen = stages.freeze_dataset(slug)
        # Waiting for a free instance is deferred, and bounded by nothing but the queue.
        reserved = ReserveInstanceOperator(
            task_id="reserve_instance", slug=slug, **priorities.AWAITED
        )
        # InsufficientInstanceCapacity may pass in half an hour: CAPACITY_WAIT_SECONDS.
        started = StartInstanceOperator(
            task_id="start_instance",
            slug=slug,
            instance_id=INSTANCE,
            retries=5,
            retry_exponential_backoff=True,
            execution_timeout=timedelta(seconds=START_SECONDS),
            **priorities.HOLD_INSTANCE,
        )
        await_host = stages.await_host.override(**priorities.HOLD_INSTANCE)
        host = await_host(slug, INSTANCE)
        upload_dataset = stages.upload_dataset.override(**priorities.HOLD_INSTANCE)
        uploaded = upload_dataset(slug, DATASET_VERSION, INSTANCE, HOST)
        # Again means going on from the last checkpoint, so one retry costs little.
        trained = TrainModelOperator(
            task_id="train_model",
            slug=slug,
            instance_id=INSTANCE,
            remote_host=HOST,
            command="{{ ti.xcom_pull(task_ids='upload_dataset')['command'] }}",
            training_id="{{ ti.xcom_pull(task_ids='upload_dataset')['training_id'] }}",
            progress_file="{{ ti.xcom_pull(task_ids='upload_dataset')['progress_file'] }}",
            retries=1,
            execution_timeout=timedelta(hours=24),
            **priorities.HOLD_INSTANCE,
        )
        register_model = stages.register_model.override(**priorities.HOLD_INSTANCE)
        model_version = register_model(slug, INSTANCE, HOST)
        published = stages.publish_model(slug, model_version)
        # Money runs until this succeeds: try often, then leave it to the reaper. One setup that
        # succeeded lets it run, so a start that fails does not skip it. Whoever clears a task of
        # those that need the machine clears its setups, too, and the stop; publish_model is none.
        stopped = StopInstanceOperator(
            task_id="stop_instance",
            slug=slug,
            instance_id=INSTANCE,
            retries=5,
            execution_timeout=timedelta(seconds=STOP_SECONDS),
            **priorities.STOP,
        ).as_teardown(setups=[reserved, started, host, uploaded], on_failure_fail_dagrun=True)
        # Whoever clears anything has the run estimated anew before it spends, and concluded again.
        conclude_run = stages.conclude_run.override(**priorities.AWAITED)
        concluded = conclude_run(slug).as_teardown(setups=estimated, on_failure_fail_dagrun=True)

        estimated >> sight_ids
        crawled >> labelled >> refreshed >> decided >> frozen
        frozen >> reserved >> started >> host >> uploaded >> trained
        trained >> model_version >> published
        # A task that is cleared alone waits for those right before it only: so the teardowns are
        # told of all that they end, and a run is not concluded while a task of it goes on.
        [trained, model_version] >> stopped
        [sight_ids, crawled, labelled, refreshed, decided, frozen, published, stopped] >> concluded
        # Last: what a DAG has of it when a task is added is copied into the task. And a copy, since
        # a field holds what is asked of it.
        dag.params.update({name: copy(field) for name, field in PARAMS.items()})
    return dag


# A worker runs one DAG and needs only that one; the parser builds them all.
wanted = get_parsing_context().dag_id
for registered in read_snapshot():
    if wanted in (None, f"city_{registered.slug}"):
        globals()[f"city_{registered.slug}"] = build_city_dag(registered)
