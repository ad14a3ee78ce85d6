"""The story of the cluster: three cities run at once, and whatever they need is killed under them."""

import json
import re
from typing import Any

from tests.end_to_end.cluster_trial import (
    BUCKET,
    CITIES,
    SNAPSHOT_KEY,
    Task,
    Trial,
    key_of,
    until,
)

# A crawl asks so seldom, where it is to last.
SLOW_SECONDS = 8.0
# What the scheduler says of a message that it keeps, or gives up.
UNSENT = re.compile(r"Celery Task Timeout Error|Error sending Celery workload")
# The slots of both ordinary workers.
WORK_SLOTS = 3


def tell(trial: Trial, store: Any) -> None:
    """Three cities run at once, and whatever they need is killed under them."""
    await_the_cities(trial, store)
    # The first image that Vision is asked for is answered too late.
    trial.cloud.control.set_vision_fault(kind="unavailable", when="after", delay_seconds=600)
    with trial.busy_host():
        trial.runs = {dag_id: trial.api.trigger(dag_id) for dag_id in trial.dag_ids}
        kill_a_worker_in_the_crawl(trial)
        be_without_redis_for_a_while(trial)
        lose_queue_scheduler_and_api_server(trial)
        kill_the_worker_that_labels(trial)
        until(lambda: holder_at(trial, "upload_dataset", "running"), "a machine and its dataset")
    kill_the_worker_that_starts_a_training(trial)
    kill_triggerer_and_scheduler_while_it_trains(trial)
    end_a_training_while_crawls_hold_all_slots(trial)
    for dag_id, run_id in (*trial.runs.items(), trial.again):
        trial.api.await_run(dag_id, run_id, 300)


def await_the_cities(trial: Trial, store: Any) -> None:
    """All parts read the snapshot from the store, and a worker writes there of which registry it is."""
    for dag_id in trial.dag_ids:
        trial.api.await_dag(dag_id, 300)

    def is_written() -> bool:
        found = store.list_objects_v2(Bucket=BUCKET)["Contents"]
        return f"{SNAPSHOT_KEY}.registry" in {item["Key"] for item in found}

    until(is_written, "the snapshot to be written anew")
    rows = json.loads(store.get_object(Bucket=BUCKET, Key=SNAPSHOT_KEY)["Body"].read())
    assert {row["name"] for row in rows} == set(CITIES)


def kill_a_worker_in_the_crawl(trial: Trial) -> None:
    # Before that, each city would be slow to find its sights, too.
    until(
        lambda: len(trial.tasks(task_id="discover_sights", state="success")) == len(CITIES),
        "the sights of all cities",
    )
    trial.web.latency_seconds = SLOW_SECONDS
    found = until(
        lambda: trial.tasks(task_id="crawl_photos", state="running", hostname="worker-1"),
        "a crawl on the first worker",
    )
    ran = trial.kill_worker("worker-1")
    assert {key_of(task) for task in found} & ran
    # Its slots are given to others, who wait for it in Redis.
    until(lambda: trial.cluster.queued_in_redis("default"), "crawls that no worker fetches")


def be_without_redis_for_a_while(trial: Trial) -> None:
    """Redis alone: what is due meanwhile waits, and loses no try."""
    trial.lost |= queued(trial)
    trial.cluster.kill("redis")
    reaper = trial.api.trigger("stop_idle_instances")
    log = trial.cluster.part("scheduler").log_path
    until(lambda: UNSENT.search(log.read_text()), "the reaper to be sent in vain")
    trial.restart("redis")
    assert trial.api.await_run("stop_idle_instances", reaper, 300) == "success"
    (task,) = trial.tasks(run_id=reaper)
    assert task["try_number"] == 1


def lose_queue_scheduler_and_api_server(trial: Trial) -> None:
    """The machine of the middle is restarted: the queue is empty then, and nobody knows of it."""
    until(lambda: trial.cluster.queued_in_redis("default"), "crawls that no worker fetches")
    trial.lost |= queued(trial)
    for name in ("redis", "scheduler", "api-server"):
        trial.cluster.kill(name)
    trial.restart("redis", "api-server", "worker-1")
    trial.await_heartbeats()
    trial.restart("scheduler")
    trial.web.latency_seconds = 0


def queued(trial: Trial) -> set[Task]:
    return {key_of(task) for task in trial.tasks(task_id="crawl_photos", state="queued")}


def kill_the_worker_that_labels(trial: Trial) -> None:
    until(lambda: trial.vision("faults_unavailable"), "a call to Vision")
    dag_id = until(
        lambda: trial.cloud.one(
            "select min(dag_id) from core.paid_call where state = 'reserved'"
            " and sent_at < now() - interval '3 seconds'"
        ),
        "a call without an answer",
    )
    (task,) = trial.tasks(dag_id=dag_id, task_id="label_photos", state="running")
    ran = trial.kill_worker(task["hostname"])
    assert key_of(task) in ran
    trial.unanswered = trial.cloud.one(
        f"select count(*) from core.paid_call where state = 'reserved' and dag_id = '{dag_id}'"  # noqa: S608 - ours
    )
    trial.restart(task["hostname"])


def holder_at(trial: Trial, task_id: str, state: str) -> str | None:
    """Return who holds the machine, if no city before and as far as this."""
    dag_id = trial.holder()
    if dag_id is None or dag_id in trial.holders or trial.of_city(dag_id, task_id) != state:
        return None
    return dag_id


def kill_the_worker_that_starts_a_training(trial: Trial) -> None:
    dag_id = until(
        lambda: holder_at(trial, "train_model", "running"), "a training", pause_seconds=0.05
    )
    ran = trial.kill_worker("urgent-worker")
    assert "train_model" in {task_id for dag, _, task_id, _ in ran if dag == dag_id}
    trial.restart("urgent-worker")
    until(lambda: trial.of_city(dag_id, "train_model") == "deferred", "the training's second try")
    until(trial.jobs_under_way, "the trainer")
    trial.holders.append(dag_id)
    trial.let_go()


def kill_triggerer_and_scheduler_while_it_trains(trial: Trial) -> None:
    """The training ends before anybody is there to see it."""
    dag_id = until(lambda: holder_at(trial, "train_model", "deferred"), "the second training")
    (job, *_) = until(trial.jobs_under_way, "the trainer")
    trial.holders.append(dag_id)
    for name in ("triggerer", "scheduler"):
        trial.cluster.kill(name)
    trial.let_go()
    until((job / "exit_code").exists, "the training to end")
    assert trial.of_city(dag_id, "train_model") == "deferred"
    trial.restart("triggerer", "scheduler")


def end_a_training_while_crawls_hold_all_slots(trial: Trial) -> None:
    dag_id = until(lambda: holder_at(trial, "train_model", "deferred"), "the third training")
    until(trial.jobs_under_way, "the trainer")
    trial.holders.append(dag_id)
    first = trial.holders[0]
    assert trial.api.await_run(first, trial.runs[first], 300) == "success"
    # Asks for each photo anew, so that it lasts.
    trial.again = (first, trial.api.trigger(first, {"skip_known": "off"}))

    def crawls() -> int:
        return len(trial.tasks(run_id=trial.again[1], task_id="crawl_photos", state="running"))

    until(crawls, "the second crawl")
    trial.web.latency_seconds = SLOW_SECONDS
    until(lambda: crawls() == WORK_SLOTS, "crawls on all slots")
    trial.let_go()
    until(lambda: trial.cloud.instance_state() == "stopped", "the machine to be stopped")
    assert crawls() == WORK_SLOTS
    trial.web.latency_seconds = 0
