"""The help reads as a manual, and comes before anything heavy is imported."""

import subprocess
import sys

import pytest

from sightscan.cli.main import main
from tests.command_tree import Command, complaint_about, walk

COMMANDS = dict(walk())
by_command = pytest.mark.parametrize("words", COMMANDS)


def test_the_commands_are_these() -> None:
    assert sorted(COMMANDS) == [
        "alerts list",
        "alerts silence",
        "alerts test",
        "check-services",
        "city add",
        "city approve",
        "city disable",
        "city forget",
        "city list",
        "city refuse",
        "city set",
        "city waiting",
        "dataset export",
        "doctor",
        "labels relabel",
        "labels resend-unknown",
        "machines",
        "model card",
        "model compare",
        "model keygen",
        "model publish",
        "model rollback",
        "model sign",
        "photos move",
        "photos remove",
        "sights preview",
        "spend estimate",
        "spend show",
        "takeover",
        "upkeep backup",
        "upkeep clean",
        "upkeep drill",
        "upkeep night",
        "warehouse backup",
        "warehouse migrate",
        "warehouse refresh-marts",
        "warehouse restore",
    ]


@by_command
def test_help_says_what_changes_with_examples_and_statuses(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words.split(), "--help"]) == 0
    output = capsys.readouterr().out
    examples = output.split("\n  Examples:\n")[1].split("\n\n")[0].splitlines()
    assert examples
    assert all(line.startswith(f"    sightscan {words}") for line in examples)
    assert [why for line in examples if (why := complaint_about(line))] == []
    assert "\n  Changes: " in output
    assert "\n  Exit statuses:\n    0    done\n" in output


@by_command
def test_each_option_and_argument_has_a_line_of_meaning(words: str) -> None:
    command: Command = COMMANDS[words]
    assert [parameter.name for parameter in command.params if not parameter.help] == []


def test_help_and_completion_import_nothing_heavy() -> None:
    script = (
        "import sys; from sightscan.cli.main import main; main(['warehouse', 'migrate', '--help']);"
        " print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = {"airflow", "numpy", "psycopg", "pydantic_settings", "cv2", "onnxruntime", "rich.table"}
    assert heavy & set(done.stderr.split()) == set()


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["city", "ad", "Lisbon"], "error: No such command 'ad'"),
        (["city", "add"], "error: Missing argument 'NAME'; see `sightscan city add --help`\n"),
        (["spend", "estimate", "one", "--epochs", "many"], "error: Invalid value for '--epochs'"),
        (["labels", "resend-unknown", "one", "--dry-run", "--yes"], "exclude each other"),
    ],
)
def test_wrong_words_are_one_sentence_on_the_error_channel(
    arguments: list[str], output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert output in captured.err


def test_a_group_alone_shows_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["photos"]) == 2
    assert "Take photos down for good" in capsys.readouterr().err
