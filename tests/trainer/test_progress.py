"""The lines that people watch."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from trainer.progress import (
    EpochRecord,
    append_progress,
    describe_duration,
    describe_epoch,
    write_progress,
)


def record(epoch: int) -> EpochRecord:
    return EpochRecord(epoch, 50, 8.0, 0.05, 0.01, 0.02, 0.61, 0.34)


def test_each_epoch_is_one_json_line(tmp_path: Path) -> None:
    write_progress(tmp_path, [])
    append_progress(tmp_path, record(1))
    append_progress(tmp_path, record(2))
    lines = (tmp_path / "progress.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [asdict(record(1)), asdict(record(2))]


def test_half_a_line_of_a_killed_run_is_mended(tmp_path: Path) -> None:
    (tmp_path / "progress.jsonl").write_text('{"epoch": 1, "epo')
    write_progress(tmp_path, [record(1)])
    assert json.loads((tmp_path / "progress.jsonl").read_text()) == asdict(record(1))


def test_line_for_eyes_tells_epoch_quality_and_time_left() -> None:
    line = describe_epoch(record(2), 384.0)
    assert line.startswith("epoch  2/50")
    assert "mAP50 0.610" in line
    assert line.endswith("6 min 24 s left")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (320, "5 min 20 s"), (7380, "2 h 03 min")],
)
def test_duration_reads_as_said(seconds: float, text: str) -> None:
    assert describe_duration(seconds) == text
