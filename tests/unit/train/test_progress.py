"""What a GPU host says: whole lines of progress.jsonl count, and no result.json raises but in words."""

import pytest

from sightscan.errors import TrainingError
from sightscan.model_folder import parse_result
from sightscan.train.progress import parse_progress


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        ("", []),
        ('{"epoch": 1}\n', [1]),
        ('{"epoch": 1}\n{"epoch": 2}\n', [1, 2]),
        ('{"epoch": 1}\n{"epo', [1]),
        ('{"epoch": 1}\n17\n\n{"epoch": 3}', [1, 3]),
        (f'{"[" * 200_000}\n{{"epoch": 2}}', [2]),
    ],
)
def test_whole_objects_are_read(text: str, epochs: list[int]) -> None:
    assert [one["epoch"] for one in parse_progress(text)] == epochs


HASH = "0" * 64
ENDLESS = (
    f'{{"dataset_sha256": "{HASH}", "request_sha256": "{HASH}", "class_names": ["Tower"],'
    ' "image_size": Infinity}'
)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "\ufffd",
        "[]",
        ENDLESS,
    ],
    ids=["deep", "no json", "a list", "no size"],
)
def test_result_that_no_trainer_writes_is_refused_in_words(text: str) -> None:
    with pytest.raises(TrainingError, match=r"result\.json is not"):
        parse_result(text)
