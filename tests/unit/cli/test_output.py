"""What a person and a program read."""

import json

import pytest

from sightscan.cli import output
from sightscan.cli.main import main
from sightscan.cli.output import Progress, print_json, print_lines, print_table, visible
from tests.nasty_names import NASTY_NAMES


def test_table_has_a_line_a_row_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "images", "USD"), [("long " * 60, 1234, 0.5), ("[bold]", None, None)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-2:] for line in lines] == [
        ["images", "USD"],
        ["1,234", "0.5000"],
        ["-", "-"],
    ]
    assert lines[2].startswith("[bold]")


@pytest.mark.parametrize("name", NASTY_NAMES, ids=ascii)
def test_no_name_commands_a_terminal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [(name,)], title=name.replace("\n", " "))
    print_lines(f"the city {name!s} was added")
    assert main(["city", "disable", name]) == 2
    captured = capsys.readouterr()
    printed = captured.out + captured.err
    assert not {letter for letter in printed if visible(letter) != letter}
    assert not set(printed) & set("\x1b\x07\x9b\r\u202e\u2066\u2028")
    # The title, the heading and one row; what follows is the sentence.
    assert len(captured.out.split("the city ")[0].splitlines()) == 3


def test_json_keeps_names_and_writes_hashes_as_digits(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Málaga", "sha256": b"\x01\xff"})
    printed = capsys.readouterr().out
    assert "Málaga" in printed
    assert json.loads(printed) == {"name": "Málaga", "sha256": "01ff"}


def test_progress_without_a_terminal_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = iter([0.0, 1.0, 2.5, 2.5])
    monkeypatch.setattr(output.time, "monotonic", lambda: next(seconds))
    with Progress("moved") as progress:
        progress.tell(8, 30)
        progress.tell(16, 30)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "moved=16 of=30\n")
    assert progress.count == 16
