"""What failed in a run, first in the graph's order, and with the first line of its error.

A task knows the states of the others and not their errors, which stand in their logs. So each task of
a city leaves the first line of its own as an XCom, which goes when the task is tried again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sightscan.errors import SightScanError

CITY_DAG_PREFIX: Final = "city_"
ERROR_KEY: Final = "error"
MAX_LINE_CHARACTERS: Final = 300
# What is after a task that failed has no error of its own.
BLAMED_STATES = ("failed", "removed")
FAILED_STATES = frozenset({*BLAMED_STATES, "upstream_failed"})


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task instance that failed; of a mapped task, which one."""

    task_id: str
    map_index: int
    state: str

    @property
    def name(self) -> str:
        """Return how the UI names it."""
        return self.task_id if self.map_index < 0 else f"{self.task_id} [{self.map_index}]"


def keep_error(instance: Any, error: object) -> None:
    """Leave the first line of why a task of a city failed; a listener of its process calls it."""
    from airflow.sdk.execution_time.secrets_masker import redact

    # Somebody who marks a task failed by hand gives a sentence, and is no worker.
    if isinstance(error, BaseException) and instance.dag_id.startswith(CITY_DAG_PREFIX):
        instance.xcom_push(key=ERROR_KEY, value=redact(first_line(error)))


def first_line(error: BaseException) -> str:
    """Return an error in a line: our own are sentences, others need their name."""
    lines = str(error).strip().splitlines()
    text = " ".join(lines[0].split()) if lines else ""
    if not isinstance(error, SightScanError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) <= MAX_LINE_CHARACTERS else f"{text[: MAX_LINE_CHARACTERS - 1]}…"


def list_failed(order: Iterable[str], states: Mapping[str, str | None]) -> list[FailedTask]:
    """Return what failed, first what has an error, each in the graph's order.

    `states` are by task id, and of mapped tasks by `<task id>_<map index>`, as Airflow gives them.
    """
    places = {task_id: place for place, task_id in enumerate(order)}
    failed = [
        FailedTask(*_instance_of(key, places), state)
        for key, state in states.items()
        if state in FAILED_STATES
    ]
    return sorted(
        failed,
        key=lambda one: (
            one.state not in BLAMED_STATES,
            places.get(one.task_id, len(places)),
            one.map_index,
        ),
    )


def graph_order(group: Any) -> Iterator[str]:
    """Return the ids of a DAG's tasks in the graph's order, given its outermost group."""
    for node in group.topological_sort():
        if hasattr(node, "children"):
            yield from graph_order(node)
        else:
            yield node.task_id


def sentence_of(failed: list[FailedTask], error: str | None) -> str:
    """Return what failed first and why, and what failed beside it."""
    first, *others = failed
    why = f"failed: {error}" if error else "failed; its log says why"
    beside = ", ".join(one.name for one in others if one.state in BLAMED_STATES)
    return f"{first.name} {why}{f' (also failed: {beside})' if beside else ''}"


def _instance_of(key: str, known: Mapping[str, int]) -> tuple[str, int]:
    task_id, _, number = key.rpartition("_")
    if key not in known and task_id in known and number.isdigit():
        return task_id, int(number)
    return key, -1
