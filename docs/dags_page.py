"""docs/DAGS.md: every DAG with its schedule, its own words, and its tasks in the order they run."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

from sightscan.operators.work import SHOWN_SETTINGS
from sightscan.settings import settings

# Any city will do: the DAGs of all cities are the same but for the name.
EXAMPLE = {"slug": "lisbon", "name": "Lisbon", "country": "Portugal", "is_active": True}
DEFAULT_RULE = "all_success"
INTRODUCTION = """\
# DAGs

One DAG for each city of the registry, all alike, and four that look after the rest. The city's
DAG is shown for {name}. What a task does is the first sentence of its code; a task without a
trigger rule waits until everything before it has succeeded. `docs/architecture.md` says why the
tasks stand in this order, and what urgent means: it goes first, in slots of its own.
"""


def describe_dags(dags_folder: Path, scratch: Path) -> str:
    """Return the page; the DAGs are parsed with a snapshot of one city, written to `scratch`.

    Raises:
        RuntimeError: a DAG file does not import.

    """
    snapshot = scratch / "cities.json"
    snapshot.write_text(json.dumps([EXAMPLE]), encoding="utf-8")
    # The form says what holds: by the defaults, whatever is set here.
    unset = {name.upper() for name in SHOWN_SETTINGS}
    given = {name: value for name, value in os.environ.items() if name not in unset}
    with patch.dict(os.environ, given | {"REGISTRY_SNAPSHOT": str(snapshot)}, clear=True):
        settings.cache_clear()
        bag = DagBag(str(dags_folder))
    settings.cache_clear()
    if bag.import_errors:
        msg = f"a DAG file does not import: {bag.import_errors}; correct it and try again"
        raise RuntimeError(msg)
    city_first = sorted(bag.dags.values(), key=lambda dag: ("city" not in dag.tags, dag.dag_id))
    parts = [INTRODUCTION.format(**EXAMPLE), *(_describe_dag(dag) for dag in city_first)]
    return "\n".join(parts)


def _describe_dag(dag: DAG) -> str:
    title = dag.dag_id if "city" not in dag.tags else "city_<slug>"
    limits = f"at most {_runs(dag.max_active_runs)} at a time"
    limits += "" if dag.catchup else ", no catch-up"
    lines = [
        f"## `{title}`",
        "",
        f"Runs {_schedule_of(dag)}; {limits}. Tags: {', '.join(sorted(dag.tags))}.",
        "",
        _demote_headings(dag.doc_md or ""),
        "",
    ]
    if dag.params:
        lines += ["Trigger form:", "", "| field | default | meaning |", "|---|---|---|"]
        lines += list(_form_rows(dag))
        lines.append("")
    lines += [
        "| task | does | after | time-out | retries | notes |",
        "|---|---|---|---|---|---|",
        *(_task_row(task) for task in dag.topological_sort()),
        "",
    ]
    return "\n".join(lines)


def _schedule_of(dag: DAG) -> str:
    # A timetable's summary is its cron expression; that of a DAG without a schedule is a word.
    expression = dag.timetable.summary
    return f"at `{expression}` (UTC)" if " " in expression else "only when it is triggered"


def _runs(count: int) -> str:
    return "one run" if count == 1 else f"{count} runs"


def _demote_headings(markdown: str) -> str:
    """Return a DAG's own documentation without its heading's marks: the page has headings."""
    lines = markdown.strip().splitlines()
    if lines and lines[0].startswith("#"):
        lines[0] = f"**{lines[0].lstrip('# ')}**"
    return "\n".join(lines)


def _form_rows(dag: DAG) -> Iterator[str]:
    for name in dag.params:
        param = dag.params.get_param(name)
        # Of a choice, the entry that leaves things as they are.
        held = param.schema.get("values_display", {}).get("null", "")
        default = held if param.value is None else f"`{param.value}`"
        yield f"| {name} | {default} | {param.description or ''} |"


def _task_row(task: Any) -> str:
    after = ", ".join(f"`{name}`" for name in sorted(task.upstream_task_ids)) or "-"
    cells = [
        f"`{task.task_id}`",
        _sentence_of(task),
        after,
        _duration(task.execution_timeout) if task.execution_timeout else "none",
        str(task.retries or 0),
        "; ".join(_notes(task)) or "-",
    ]
    return f"| {' | '.join(cells)} |"


def _sentence_of(task: Any) -> str:
    """Return the first sentence of what the task's function or class says of itself."""
    # A stage, and a task of Airflow's decorator, or one that is mapped.
    function = getattr(task, "function", None) or getattr(task, "python_callable", None)
    text = (function or task.__class__).__doc__ or ""
    first = " ".join(text.strip().split("\n\n")[0].split())
    return first.split(". ")[0].rstrip(".") + "."


def _notes(task: Any) -> Iterator[str]:
    if task.queue == "urgent":
        yield "urgent"
    if task.is_mapped:
        yield "one for each sight"
    if task.is_setup:
        yield "setup"
    if task.is_teardown:
        setups = [f"`{name}`" for name in sorted(task.upstream_task_ids) if _is_setup(task, name)]
        of = f" of {', '.join(setups)}" if setups else ""
        fails = ", fails the run if it fails" if task.on_failure_fail_dagrun else ""
        yield f"teardown{of}{fails}"
    elif task.trigger_rule != DEFAULT_RULE:
        yield f"trigger rule `{task.trigger_rule.value}`"


def _is_setup(task: Any, name: str) -> bool:
    return bool(task.dag.task_dict[name].is_setup)


def _duration(time: timedelta) -> str:
    hours, seconds = divmod(int(time.total_seconds()), 3600)
    minutes = seconds // 60
    return " ".join(
        part
        for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")
        if part
    )
