"""The figures of one run: `var/demo/report.json` and the table at the end of the demo.

The keys are described in the README under "What the numbers mean". Truth is the world's own
manifest, which the pipeline never sees.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from rich.table import Table
from rich.text import Text

from sandbox.demo.airflow_api import TaskState
from sandbox.demo.truth import truth_of
from sandbox.files import write_private
from sandbox.world.baseline import nearest_colour_baseline
from sandbox.world.world import World, WorldBox, WorldPhoto
from sightscan.box import Box
from sightscan.publish.detector import OnnxDetector
from sightscan.publish.reading import Entrant, JudgedPhoto, Reading, read_photos
from sightscan.run import Run
from sightscan.warehouse.marts.run_reports import list_reports
from sightscan.warehouse.models.datasets import stream_blobs
from sightscan.warehouse.statements import statement


@dataclass(frozen=True)
class DemoReport:
    """One run in figures; `paid_calls` are images of this run, mAP is on the frozen test photos."""

    city: str
    sights: int
    photos: int
    labels: int
    paid_calls: int
    paid_call_cap: int
    spend_usd: float
    trained: bool
    decision: str
    model_version: int | None
    map50: float | None
    map50_95: float | None
    truth_map50: float | None
    truth_map50_95: float | None
    truth_photos: int | None
    test_photos: int | None
    # What the app would show of those of known truth, from the model's own thresholds on: photos of
    # its sights, and on how many one is named right; photos without a sight, and how many of these
    # get a name all the same, of as many as there are in the test split.
    sight_photos: int | None
    named_sight_photos: int | None
    background_photos: int | None
    named_background_photos: int | None
    test_background_photos: int | None
    # How far confidence is from how often names are right, and of how many names that is told.
    calibration_error: float | None
    calibration_names: int | None
    baseline_map50: float | None
    stage_seconds: dict[str, float]
    total_seconds: float
    instance_states: list[str]
    stand_in_counts: dict[str, dict[str, int]]

    def write(self, path: Path) -> None:
        """Write the report as JSON, whole or not at all."""
        write_private(path, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")


@dataclass(frozen=True)
class StoredPhoto:
    """A photo as the warehouse has it, and the world's with boxes and size in its pixels."""

    sha256: bytes
    truth: WorldPhoto

    @property
    def path(self) -> Path:
        """Return where the world has it."""
        return self.truth.path

    @property
    def boxes(self) -> tuple[WorldBox, ...]:
        """Return what is on it."""
        return self.truth.boxes


@dataclass(frozen=True)
class PublishedModel:
    """A city's model in place with the splits of its dataset, as photos of the world.

    A photo that the world does not know has no truth and is in neither list; `test_photo_count`
    counts it, and so does `test_background_photo_count`. `shown_names` are the sights that the app
    names.
    """

    onnx: bytes
    shown_names: frozenset[str]
    train: tuple[StoredPhoto, ...]
    test: tuple[StoredPhoto, ...]
    test_photo_count: int
    test_background_photo_count: int | None


def make_report(
    connection: psycopg.Connection[Any],
    world: World,
    *,
    slug: str,
    run: Run,
    cap: int,
    tasks: Sequence[TaskState],
    total_seconds: float,
    instance_states: Sequence[str],
    stand_in_counts: Mapping[str, Mapping[str, int]],
) -> DemoReport:
    """Gather the figures of a finished run from the warehouse, Airflow and the stand-ins."""
    city = _one_row(connection, "demo/summarise_city", slug=slug)
    bought = _one_row(connection, "demo/summarise_run", dag_id=run.dag_id, run_id=run.run_id)
    model = published_model(connection, world, slug)
    reading = read_truth(connection, model) if model and model.test else None
    truth = reading.measure if reading else None
    shown = reading.measure_shipped(_hidden(reading, model)) if reading and model else None
    return DemoReport(
        city=city["city_name"],
        sights=city["sight_count"],
        photos=city["photo_count"],
        labels=city["label_count"],
        paid_calls=bought["paid_calls"],
        paid_call_cap=cap,
        spend_usd=round(bought["spend_usd"], 4),
        trained=bought["is_trained"],
        decision=_decision(connection, run),
        model_version=city["model_version"],
        map50=_rounded(city["map50"]),
        map50_95=_rounded(city["map50_95"]),
        truth_map50=_rounded(truth.map50) if truth else None,
        truth_map50_95=_rounded(truth.map50_95) if truth else None,
        truth_photos=len(model.test) if model else None,
        test_photos=model.test_photo_count if model else None,
        sight_photos=shown["sight_photos"] if shown else None,
        named_sight_photos=shown["named_sight_photos"] if shown else None,
        background_photos=shown["background_photos"] if shown else None,
        named_background_photos=shown["named_background_photos"] if shown else None,
        test_background_photos=model.test_background_photo_count if model else None,
        calibration_error=_rounded(shown["expected_calibration_error"]) if shown else None,
        calibration_names=shown["names"] if shown else None,
        baseline_map50=_rounded(_measure_baseline(model)) if model else None,
        stage_seconds=stage_seconds(tasks),
        total_seconds=round(total_seconds, 1),
        instance_states=list(instance_states),
        stand_in_counts={name: dict(counts) for name, counts in stand_in_counts.items()},
    )


def published_model(
    connection: psycopg.Connection[Any], world: World, slug: str
) -> PublishedModel | None:
    """Return the city's model in place with its dataset's photos, or None if there is none."""
    file = connection.execute(statement("demo/find_published_file"), {"slug": slug}).fetchone()
    if file is None:
        return None
    known = truth_of(world)
    rows = connection.execute(statement("demo/list_published_splits"), {"slug": slug}).fetchall()
    photos: dict[str, list[StoredPhoto]] = {"train": [], "val": [], "test": []}
    for split, sha256, width, height, addresses in rows:
        if (truth := known.of(addresses, width, height)) is not None:
            photos[split].append(StoredPhoto(bytes(sha256), truth))
    return PublishedModel(
        onnx=bytes(file[0]),
        shown_names=frozenset(file[1]),
        train=tuple(photos["train"]),
        test=tuple(photos["test"]),
        test_photo_count=sum(split == "test" for split, *_ in rows),
        test_background_photo_count=file[2],
    )


def read_test_photos(
    connection: psycopg.Connection[Any], model: PublishedModel
) -> Iterator[tuple[StoredPhoto, bytes]]:
    """Yield the test photos that have truth with their bytes in the warehouse, by hash."""
    by_hash = {photo.sha256: photo for photo in model.test}
    for sha256, content in stream_blobs(connection, list(by_hash)):
        yield by_hash[bytes(sha256)], content


def stage_seconds(tasks: Sequence[TaskState]) -> dict[str, float]:
    """Return how long each task took, mapped ones from the first start to the last end."""
    seconds: dict[str, float] = {}
    for task_id in dict.fromkeys(task.task_id for task in tasks):
        instances = [task for task in tasks if task.task_id == task_id and task.started_at]
        starts = [task.started_at for task in instances if task.started_at]
        ends = [task.ended_at for task in instances if task.ended_at]
        seconds[task_id] = (
            round((max(ends) - min(starts)).total_seconds(), 1) if starts and ends else 0.0
        )
    return seconds


def as_table(report: DemoReport) -> Table:
    """Draw the report for a terminal."""
    table = Table(title=Text(f"{report.city}: from its name to a detector"), show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, value in _table_rows(report):
        table.add_row(name, Text(value))
    return table


def _table_rows(report: DemoReport) -> Iterator[tuple[str, str]]:
    yield "sights", str(report.sights)
    yield "photos", str(report.photos)
    yield "labels", str(report.labels)
    yield "paid calls", f"{report.paid_calls} in this run, of at most {report.paid_call_cap}"
    yield "spend", f"${report.spend_usd:.4f} in this run (at the prices of include/prices.yaml)"
    yield "training", report.decision
    if report.model_version is not None:
        yield "model in place", f"version {report.model_version}"
        yield "by the pipeline's labels", f"mAP50 {report.map50}, mAP50-95 {report.map50_95}"
        yield (
            "by the world's truth",
            (
                f"mAP50 {report.truth_map50}, mAP50-95 {report.truth_map50_95}; "
                f"truth on {report.truth_photos} of {report.test_photos} test photos"
            ),
        )
        yield (
            "as people see it",
            (
                f"names a sight on {report.named_sight_photos} of {report.sight_photos} photos of "
                f"its sights; {_strangers(report)}; {_calibration(report)}"
            ),
        )
        yield "mean-colour baseline", f"mAP50 {report.baseline_map50}"
    yield "instance", " > ".join(report.instance_states)
    for task_id, seconds in report.stage_seconds.items():
        yield f"  {task_id}", f"{seconds:.1f} s"
    yield "in all", f"{report.total_seconds:.0f} s"


def _strangers(report: DemoReport) -> str:
    there = "" if report.test_background_photos is None else f" of {report.test_background_photos}"
    return (
        f"gives {report.named_background_photos} of {report.background_photos} photos without a sight "
        f"a name (truth on {report.background_photos}{there} such test photos)"
        if report.background_photos
        else "no test photo without a sight, so false names were not counted"
    )


def _calibration(report: DemoReport) -> str:
    return (
        f"calibration error {report.calibration_error} of {report.calibration_names} names"
        if report.calibration_names
        else "no name to tell a calibration error of"
    )


def _hidden(reading: Reading, model: PublishedModel) -> frozenset[str]:
    """Return the classes of the file that the app does not name."""
    return frozenset(reading.entrant.names) - model.shown_names


def read_truth(connection: psycopg.Connection[Any], model: PublishedModel) -> Reading:
    """Let the file as published answer its test photos, with the world's manifest as their truth."""
    photos = (
        (
            JudgedPhoto(
                photo.sha256,
                tuple((box.sight, _as_shares(box, photo.truth)) for box in photo.boxes),
            ),
            content,
        )
        for photo, content in read_test_photos(connection, model)
    )
    detector = OnnxDetector(model.onnx)
    (reading,) = read_photos([Entrant(detector, detector.class_names)], photos)
    return reading


def _measure_baseline(model: PublishedModel) -> float | None:
    train, test = ([photo.truth for photo in photos] for photos in (model.train, model.test))
    both_show_sights = all(any(photo.boxes for photo in photos) for photos in (train, test))
    return nearest_colour_baseline(train, test) if both_show_sights else None


def _as_shares(box: WorldBox, photo: WorldPhoto) -> Box:
    return Box.from_pixels([(box.x1, box.y1), (box.x2, box.y2)], photo.width, photo.height)


def _decision(connection: psycopg.Connection[Any], run: Run) -> str:
    reasons = [
        str(report["reason"])
        for task_id, _, report in list_reports(connection, run)
        if task_id in ("decide_training", "publish_model")
    ]
    return "; ".join(reasons)


def _one_row(connection: psycopg.Connection[Any], name: str, **values: str) -> dict[str, Any]:
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        row = cursor.execute(statement(name), values).fetchone()
    if row is None:
        msg = f"the warehouse has nothing for {values}; the run must have failed earlier"
        raise LookupError(msg)
    return row


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
