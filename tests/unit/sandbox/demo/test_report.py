"""The demo's report: its keys, its seconds, its table."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from rich.console import Console

from sandbox.demo.airflow_api import TaskState
from sandbox.demo.report import DemoReport, as_table, stage_seconds
from tests.nasty_names import NASTY_NAMES

KEYS = [
    "city", "sights", "photos", "labels", "paid_calls", "paid_call_cap", "spend_usd", "trained",
    "decision", "model_version", "map50", "map50_95", "truth_map50", "truth_map50_95",
    "truth_photos", "test_photos", "sight_photos", "named_sight_photos", "background_photos",
    "named_background_photos", "test_background_photos", "calibration_error", "calibration_names",
    "baseline_map50", "stage_seconds", "total_seconds", "instance_states", "stand_in_counts",
]  # fmt: skip
START = datetime(2026, 11, 1, tzinfo=UTC)


def task(task_id: str, begin: float | None, end: float | None, map_index: int = -1) -> TaskState:
    return TaskState(
        task_id=task_id,
        map_index=map_index,
        label="",
        state="success",
        started_at=None if begin is None else START + timedelta(seconds=begin),
        ended_at=None if end is None else START + timedelta(seconds=end),
        try_number=1,
    )


def report(**changes: object) -> DemoReport:
    values: dict[str, object] = {
        "city": "Valmória", "sights": 5, "photos": 500, "labels": 480, "paid_calls": 480,
        "paid_call_cap": 700, "spend_usd": 0.5, "trained": True, "decision": "because",
        "model_version": 1, "map50": 0.9, "map50_95": 0.5, "truth_map50": 0.91,
        "truth_map50_95": 0.52, "truth_photos": 67, "test_photos": 67, "sight_photos": 58,
        "named_sight_photos": 51, "background_photos": 9, "named_background_photos": 1,
        "test_background_photos": 12, "calibration_error": 0.07, "calibration_names": 55,
        "baseline_map50": 0.03, "stage_seconds": {"label_photos": 4.2},
        "total_seconds": 600.0, "instance_states": ["stopped"],
        "stand_in_counts": {"vision": {"images": 480}},
    }  # fmt: skip
    return DemoReport(**(values | changes))  # type: ignore[arg-type]


def test_report_has_the_documented_keys(tmp_path: Path) -> None:
    assert [field.name for field in fields(DemoReport)] == KEYS
    path = tmp_path / "report.json"
    report().write(path)
    assert list(json.loads(path.read_text())) == KEYS


def test_mapped_tasks_count_from_the_first_start_to_the_last_end() -> None:
    tasks = [
        task("crawl_photos", 1, 5, 0),
        task("crawl_photos", 3, 9.5, 1),
        task("skipped", None, None),
    ]
    assert stage_seconds(tasks) == {"crawl_photos": 8.5, "skipped": 0.0}


def test_names_are_no_markup_in_the_table() -> None:
    for name in NASTY_NAMES:
        line = " ".join(name.split())
        console = Console(file=StringIO(), width=1_000)
        console.print(as_table(report(city=line, decision=f"{line} was lost")))
        shown = console.file.getvalue()  # type: ignore[attr-defined]
        # Rich rings no bell.
        seen = line.replace("\x07", "")
        assert f"{seen}: from its name" in shown
        assert f"{seen} was lost" in shown


def test_table_says_on_how_many_photos_truth_was_measured() -> None:
    console = Console(file=StringIO(), width=200)
    console.print(as_table(report(truth_photos=42)))
    assert "truth on 42 of 67 test photos" in console.file.getvalue()  # type: ignore[attr-defined]


def printed(**changes: object) -> str:
    console = Console(file=StringIO(), width=400)
    console.print(as_table(report(**changes)))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_table_says_of_how_many_photos_and_names_the_rest_was_told() -> None:
    text = printed()
    assert "names a sight on 51 of 58 photos of its sights; " in text
    assert (
        "gives 1 of 9 photos without a sight a name (truth on 9 of 12 such test photos); "
        "calibration error 0.07 of 55 names" in text
    )


def test_table_says_what_could_not_be_told() -> None:
    text = printed(background_photos=0, calibration_names=0, calibration_error=None)
    assert "no test photo without a sight, so false names were not counted" in text
    assert "no name to tell a calibration error of" in text


def test_table_of_a_city_without_a_model_shows_no_measures() -> None:
    console = Console(file=StringIO(), width=100)
    console.print(as_table(report(model_version=None, map50=None, truth_map50=None)))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "480 in this run, of at most 700" in text
    assert "mAP50" not in text
