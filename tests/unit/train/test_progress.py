"""progress.jsonl: whole lines count, a line that is being written waits."""

import pytest

from sightscan.train.progress import parse_progress


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        ("", []),
        ('{"epoch": 1}\n', [1]),
        ('{"epoch": 1}\n{"epoch": 2}\n', [1, 2]),
        ('{"epoch": 1}\n{"epo', [1]),
        ('{"epoch": 1}\n17\n\n{"epoch": 3}', [1, 3]),
    ],
)
def test_whole_objects_are_read(text: str, epochs: list[int]) -> None:
    assert [one["epoch"] for one in parse_progress(text)] == epochs
