"""The DAG of one city: from its name to a published detector."""

from datetime import timedelta

from airflow.sdk import DAG, TaskGroup

from sightscan.operators import priorities, stages
from sightscan.operators.alerts import tell_stop_failed
from sightscan.operators.city_dag.form import form_of
from sightscan.operators.city_dag.schedule import RETIRED_RUN_TYPES, Retired, weekly
from sightscan.operators.instances import (
    ReserveInstanceOperator,
    StartInstanceOperator,
    StopInstanceOperator,
)
from sightscan.operators.registry import RegisteredCity, as_markdown
from sightscan.operators.retries import RETRY_POLICY
from sightscan.operators.run_conf import RUN_TYPES
from sightscan.operators.trainings import TrainModelOperator
from sightscan.training import START_SECONDS, STOP_SECONDS

DOC = """
### {name}, {country}: from its name to a detector

Finds the sights, crawls photos of them, has Google Vision label them within the cap, and, when enough
is new, trains YOLOv5 on a GPU instance that runs only for it. The model is put in place only if it is
better on the frozen test photos and no sight is worse or lost.

**Reads** what the form names, MIN_LABELLED_IMAGES_NEEDED_FOR_TRAINING, MIN_IMAGE_NUMBER_PER_LABEL and
MTS_EC2_INSTANCE_ID; the city's row in the registry overrides them, and the form both.

**May it be run again?** Yes: nothing is done or paid for twice, and a run that finds nothing new ends
after `decide_training` and says what is missing.

**Red**: a task failed, even if the rest went on; the instance is stopped all the same.
"""

INSTANCE = "{{ ti.xcom_pull('reserve_instance') }}"
HOST = "{{ ti.xcom_pull('await_host') }}"
DATASET_VERSION = "{{ ti.xcom_pull('freeze_dataset') }}"
MODEL_VERSION = "{{ ti.xcom_pull('register_model') }}"


def group(group_id: str, tooltip: str) -> TaskGroup:
    """Return a part of the graph that can be folded; ids of tasks stay as they are."""
    return TaskGroup(group_id, prefix_group_id=False, tooltip=tooltip)


def build_city_dag(city: RegisteredCity) -> DAG:
    """Build the DAG of one city; its task ids never change, since history hangs on them."""
    slug = city.slug
    with DAG(
        dag_id=f"city_{slug}",
        dag_display_name=f"{city.name}, {city.country}",
        description=f"From the name {city.name} to a published detector of its sights",
        doc_md=DOC.format(name=as_markdown(city.name), country=as_markdown(city.country)),
        schedule=weekly(city.slug, city.schedule) if city.is_active else Retired(),
        # No start date: with one, the week before the city was added would run at once.
        catchup=False,
        max_active_runs=1,
        allowed_run_types=RUN_TYPES if city.is_active else RETIRED_RUN_TYPES,
        # Of a new Airflow. One that runs while its city is retired goes on: pausing it would leave
        # its machine without the task that stops it.
        is_paused_upon_creation=None if city.is_active else True,
        tags=["city"] if city.is_active else ["city", "retired"],
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
        estimated = stages.estimate_spend(slug=slug)
        with group("photos_and_labels", "What there is, and what is on it."):
            sight_ids = stages.discover_sights(slug=slug)
            crawl_photos = stages.crawl_photos.override(**priorities.CRAWL)
            crawled = crawl_photos.partial(slug=slug).expand(sight_id=sight_ids)
            labelled = stages.label_photos(slug=slug)
            refreshed = stages.refresh_marts.override(**priorities.MARTS)(slug=slug)
        with group("training_data", "Whether a model is trained, and on what."):
            decided = stages.decide_training(slug=slug)
            frozen = stages.freeze_dataset(slug=slug)
        with group("gpu", "All that needs a machine."):
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
            host = await_host(slug=slug, instance_id=INSTANCE)
            upload_dataset = stages.upload_dataset.override(**priorities.HOLD_INSTANCE)
            uploaded = upload_dataset(
                slug=slug, dataset_version=DATASET_VERSION, instance_id=INSTANCE, host=HOST
            )
            # Again means going on from the last checkpoint, so one retry costs little.
            trained = TrainModelOperator(
                task_id="train_model",
                slug=slug,
                instance_id=INSTANCE,
                remote_host=HOST,
                command="{{ ti.xcom_pull('upload_dataset')['command'] }}",
                training_id="{{ ti.xcom_pull('upload_dataset')['training_id'] }}",
                progress_file="{{ ti.xcom_pull('upload_dataset')['progress_file'] }}",
                retries=1,
                execution_timeout=timedelta(hours=24),
                **priorities.HOLD_INSTANCE,
            )
            register_model = stages.register_model.override(**priorities.HOLD_INSTANCE)
            registered = register_model(slug=slug, instance_id=INSTANCE, host=HOST)
            # Money runs until this succeeds: try often, then leave it to the reaper. One setup that
            # succeeded lets it run, so a start that fails does not skip it. Whoever clears a task of
            # those that need the machine clears its setups, too, and the stop; publish_model is none.
            stopped = StopInstanceOperator(
                task_id="stop_instance",
                slug=slug,
                instance_id=INSTANCE,
                retries=5,
                execution_timeout=timedelta(seconds=STOP_SECONDS),
                on_failure_callback=tell_stop_failed,
                **priorities.STOP,
            ).as_teardown(setups=[reserved, started, host, uploaded], on_failure_fail_dagrun=True)
        published = stages.publish_model(slug=slug, model_version=MODEL_VERSION)
        # Whoever clears anything has the run estimated anew before it spends, and concluded again.
        conclude_run = stages.conclude_run.override(**priorities.AWAITED)
        concluded = conclude_run(slug=slug).as_teardown(
            setups=estimated, on_failure_fail_dagrun=True
        )

        estimated >> sight_ids
        crawled >> labelled >> refreshed >> decided >> frozen
        frozen >> reserved >> started >> host >> uploaded >> trained
        trained >> registered >> published
        # A task that is cleared alone waits for those right before it only: so the teardowns are
        # told of all that they end, and a run is not concluded while a task of it goes on.
        [trained, registered] >> stopped
        [sight_ids, crawled, labelled, refreshed, decided, frozen, published, stopped] >> concluded
        # Last: what a DAG has of it when a task is added is copied into the task.
        dag.params.update(form_of(city.settings))
        # Each task has them by now; Airflow would keep them with the DAG once more.
        dag.default_args.clear()
    return dag
