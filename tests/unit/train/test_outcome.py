"""What a failed training is said to have died of."""

import pytest

from sightscan.train.outcome import describe_failure

EPOCHS = "epoch 1/50\nepoch 2/50\n"


@pytest.mark.parametrize(
    ("status", "log", "expected"),
    [
        (
            1,
            f"{EPOCHS}TrainingFailed: the loss became nan\n",
            "itself failed): TrainingFailed: the",
        ),
        (2, "BadRequest: epochs must be 1\n\n", "would not help): BadRequest: epochs must be 1"),
        (3, "OutOfMemory: not even 1\n", "fits into the memory): OutOfMemory: not even 1"),
        (124, EPOCHS, "at its time limit): epoch 2/50"),
        (125, "docker: no such image", "container could not be started): docker: no such image"),
        (127, "timeout: pyhton: No such file", "is not found on the host): timeout: pyhton"),
        (137, EPOCHS, "memory was full): epoch 2/50"),
        (99, "", "for no reason that is known), and its log is empty"),
        (1, " \n\t\n", "the training itself failed), and its log is empty"),
    ],
)
def test_sentence_names_the_status_its_meaning_and_the_last_words(
    status: int, log: str, expected: str
) -> None:
    told = describe_failure(status, log)
    assert told.startswith(f"Remote job failed with exit code: {status} (")
    assert expected in told


def test_last_words_without_an_end_are_cut() -> None:
    assert len(describe_failure(1, "x" * 100_000)) < 600
