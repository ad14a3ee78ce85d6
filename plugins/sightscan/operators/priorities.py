"""Who goes first: what stops a GPU, or holds one, before everything that can wait.

Each task of ours takes one of these sets of arguments. Whatever may hold a slot for long and can
wait is in a pool of its own, which is smaller than `[core] parallelism`. What is urgent stays in
Airflow's default pool, which always exists: should the other one be missing, crawls wait, and no
stop does. On Celery the urgent tasks have a queue, and a worker, of their own; other executors do
not look at queues. Weights are absolute: by Airflow's default a task inherits those of all that
come after it, so that a crawl outweighs the stop at its end.
"""

from typing import Any

WORK_POOL = "work"
URGENT_QUEUE = "urgent"

# The reaper, and two tasks of sync_cities. Each instance has at most one urgent task at a time:
# one run holds it, and its tasks follow each other. All others end in seconds.
SLOTS_BESIDE_INSTANCES = 3


def _urgent(weight: int) -> dict[str, Any]:
    return {
        "pool": "default_pool",
        "queue": URGENT_QUEUE,
        "priority_weight": weight,
        "weight_rule": "absolute",
    }


def _work(weight: int) -> dict[str, Any]:
    return {"pool": WORK_POOL, "priority_weight": weight, "weight_rule": "absolute"}


# Ends what costs money.
STOP = _urgent(1000)
# A GPU is on, or is about to be, and waits for this. A deferred training comes back as this, too.
HOLD_INSTANCE = _urgent(900)
# Somebody waits for this: for the end of a run, a place in the queue, a new city.
AWAITED = _urgent(800)
# A few seconds every five minutes; behind what it would tell of if that came too late.
TELL = _urgent(700)
# Of each hour, and of what people look at.
MARTS = _work(30)
# What is nearly done is finished first.
STAGE = _work(20)
CRAWL = _work(10)


def work_slots(parallelism: int, instance_count: int) -> int:
    """Return how many slots the pool of what can wait has, at least one."""
    return max(parallelism - _urgent_slots(instance_count), 1)


def parallelism_problem(parallelism: int, instance_count: int) -> str | None:
    """Return what is wrong with `[core] parallelism`, and what to do; None: nothing."""
    needed = _urgent_slots(instance_count) + 1
    if parallelism >= needed:
        return None
    return (
        f"[core] parallelism is {parallelism}: expected at least {needed}, so that {instance_count} "
        f"instances can be stopped while a crawl runs; set AIRFLOW__CORE__PARALLELISM={needed} or "
        "more, and on Celery give its workers as many slots"
    )


def _urgent_slots(instance_count: int) -> int:
    return max(instance_count, 1) + SLOTS_BESIDE_INSTANCES
