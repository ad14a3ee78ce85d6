"""Show a city's run while it goes on: a live table in a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from rich.console import Console
from rich.live import Live
from rich.table import Table

from sandbox.demo.airflow_api import FINAL_RUN_STATES, AirflowApi, TaskState
from sightscan.run import Run
from sightscan.warehouse.marts.run_reports import list_reports
from sightscan.warehouse.statements import statement

POLL_SECONDS = 1.0
STAGES = (
    "estimate_spend",
    "discover_sights",
    "crawl_photos",
    "label_photos",
    "refresh_marts",
    "decide_training",
    "freeze_dataset",
    "reserve_instance",
    "start_instance",
    "await_host",
    "upload_dataset",
    "train_model",
    "register_model",
    "publish_model",
    "stop_instance",
    "conclude_run",
)
MARKS = {
    "success": "[green]done[/]",
    "failed": "[red]failed[/]",
    "upstream_failed": "[red]not run[/]",
    "skipped": "[dim]skipped[/]",
    "running": "[cyan]running[/]",
    "deferred": "[cyan]running[/]",
    "up_for_retry": "[yellow]trying again[/]",
}


def watch_run(
    api: AirflowApi,
    connection: psycopg.Connection[Any],
    run: Run,
    *,
    console: Console,
    timeout_seconds: float,
    still_running: Callable[[], None],
) -> tuple[str, list[TaskState]]:
    """Follow a run to its end; return its state and its task instances.

    Raises:
        TimeoutError: it has not ended in time; it goes on in Airflow.

    """
    deadline = time.monotonic() + timeout_seconds
    printed: dict[str, str] = {}
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while time.monotonic() < deadline:
            still_running()
            state = api.run_state(run.dag_id, run.run_id)
            tasks = api.task_states(run.dag_id, run.run_id)
            notes = _notes(connection, run)
            if console.is_terminal:
                live.update(_table(run.dag_id, tasks, notes))
            else:
                _say_changes(console, tasks, notes, printed)
            if state in FINAL_RUN_STATES:
                return state, tasks
            time.sleep(POLL_SECONDS)
    msg = f"run {run.run_id} of {run.dag_id} has not ended after {timeout_seconds:.0f} s"
    raise TimeoutError(msg)


def _table(dag_id: str, tasks: Sequence[TaskState], notes: dict[str, str]) -> Table:
    table = Table(title=dag_id, box=None)
    table.add_column("stage", min_width=18)
    table.add_column("state", min_width=12)
    table.add_column("seconds", justify="right")
    table.add_column("", overflow="fold")
    for stage in STAGES:
        instances = [task for task in tasks if task.task_id == stage]
        mark, seconds = _summary(instances)
        table.add_row(stage, mark, seconds, notes.get(stage, ""))
    return table


def _say_changes(
    console: Console, tasks: Sequence[TaskState], notes: dict[str, str], printed: dict[str, str]
) -> None:
    """Print a stage when its state changes, and the training when a tenth of it is done."""
    for stage in STAGES:
        mark, seconds = _summary([task for task in tasks if task.task_id == stage])
        note = notes.get(stage, "")
        key = f"{mark} {note if 'running' not in mark or stage == 'train_model' else ''}"
        if mark and key != printed.get(stage):
            printed[stage] = key
            console.print(f"{stage:18} {mark:24} {seconds:>6} {note}", highlight=False)


def _summary(instances: Sequence[TaskState]) -> tuple[str, str]:
    """Return the mark and the seconds of a stage; of a mapped one, how many are done."""
    states = [task.state for task in instances if task.state]
    if not states:
        return "", ""
    seconds = f"{max(task.seconds for task in instances):.0f}"
    for state in ("failed", "running", "deferred", "up_for_retry", "upstream_failed"):
        if state in states:
            break
    else:
        state = states[0] if len(set(states)) == 1 else "running"
    mark = MARKS.get(state, state)
    if len(instances) > 1:
        mark += f" {states.count('success')}/{len(instances)}"
    return mark, seconds


def _notes(connection: psycopg.Connection[Any], run: Run) -> dict[str, str]:
    notes: dict[str, str] = {}
    kept = 0
    for task_id, _, report in list_reports(connection, run):
        if task_id == "crawl_photos":
            kept += int(report["kept"])
            notes[task_id] = f"{kept} photos kept"
        else:
            notes[task_id] = _note(report)
    row = connection.execute(
        statement("demo/list_epochs"), {"dag_id": run.dag_id, "run_id": run.run_id}
    ).fetchone()
    if row and row[0]:
        last = row[0][-1]
        left = (last["epochs"] - last["epoch"]) * sum(e["seconds"] for e in row[0]) / len(row[0])
        notes["train_model"] = (
            f"epoch {last['epoch']}/{last['epochs']}, validation mAP50 {last['val_map50']:.2f}, "
            f"about {left / 60:.0f} min left"
        )
    return notes


def _note(report: dict[str, Any]) -> str:
    if "sentence" in report:
        return str(report["sentence"])
    if "reason" in report:
        return str(report["reason"])
    counts = (
        f"{name.replace('_', ' ')} {value}"
        for name, value in report.items()
        if isinstance(value, int | str) and value not in (0, "")
    )
    return ", ".join(counts)
