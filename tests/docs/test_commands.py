"""Each `sightscan ...` that the repository tells somebody to type can be typed so."""

import re
from pathlib import Path

import pytest

from tests.command_tree import complaint_about

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for path in (*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"))
    # What was typed once, under the names of its time.
    if path.name != "CHANGELOG.md"
)
FILES = [REPOSITORY / "Makefile", *sorted((REPOSITORY / "docker").glob("*.*"))]
SOURCES = sorted((REPOSITORY / "plugins").rglob("*.py")) + sorted(
    (REPOSITORY / "dags").glob("*.py")
)
# Within backquotes: may be a part, as in a sentence.
SPAN = re.compile(r"`(?:[A-Z]+=\S+ )?(?:\.venv/airflow/bin/)?(sightscan(?: [^`\n]+)?)`")
# The line of a block of code: whole.
LINE = re.compile(r"^ {4,}(?:\| xargs )?(sightscan [^\n]+)$", re.MULTILINE)
# In a shell of a container, and in the Makefile.
CALL = re.compile(r"(?:&& sightscan|\$\(SIGHTSCAN\)) ([a-z][^\n\]$\"]+)")


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_of_a_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [f"{part}: {why}" for part in SPAN.findall(text) if (why := complaint(part))] == []
    # xargs brings the arguments that such a line lacks.
    wrong = [
        f"{match[1]}: {why}"
        for match in LINE.finditer(text)
        if (why := complaint_about(match[1], is_whole="xargs" not in match[0]))
    ]
    assert wrong == []


def complaint(part: str) -> str:
    return complaint_about(part, is_whole=False)


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_commands_in_sentences_of_the_code_exist(source: Path) -> None:
    text = source.read_text(encoding="utf-8").replace('\\"', '"')
    parts = [part for part in SPAN.findall(text) if "GROUP" not in part and "{" not in part]
    assert [f"{part}: {why}" for part in parts if (why := complaint(part))] == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_commands_that_are_run_exist(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    calls = [f"sightscan {words}" for words in CALL.findall(text)]
    assert [f"{call}: {why}" for call in calls if (why := complaint(call))] == []


def test_commands_of_make_need_the_airflow_environment_only() -> None:
    rules = re.findall(
        r"^([a-z-]+):(.*?)##.*\n\t@exec \$\(SIGHTSCAN\)", FILES[0].read_text(), re.MULTILINE
    )
    assert {target: needs.strip() for target, needs in rules} == {
        "new-city": ".venv/airflow/.installed",
        "backup": ".venv/airflow/.installed",
        "restore": ".venv/airflow/.installed",
    }


def test_pages_name_commands_at_all() -> None:
    lines = [line for page in PAGES for line in LINE.findall(page.read_text(encoding="utf-8"))]
    spans = [part for page in PAGES for part in SPAN.findall(page.read_text(encoding="utf-8"))]
    makefile = CALL.findall(FILES[0].read_text(encoding="utf-8"))
    assert (len(lines) > 10, len(spans) > 20, len(makefile)) == (True, True, 3)


@pytest.mark.parametrize(
    "line",
    [
        "sightscan city ad Lisbon",
        "sightscan city add Lisbon --radius 8",
        "sightscan city add",
        "sightscan photos remove a",
        "sightscan warehouse migrate --statement-seconds soon",
    ],
)
def test_a_wrong_line_would_be_found(line: str) -> None:
    assert complaint_about(line) != ""


def test_no_module_of_a_stage_is_run_as_a_program() -> None:
    # The one that is named runs the version before, which had no command of its own yet.
    run = re.compile(r"(?<!98da476/plugins python )-m sightscan\.")
    places = [*PAGES, *FILES, *SOURCES, REPOSITORY / ".env.example"]
    assert [name_of(path) for path in places if run.search(path.read_text("utf-8"))] == []
    mains = sorted((REPOSITORY / "plugins").rglob("__main__.py"))
    assert [name_of(path) for path in mains] == ["plugins/sightscan/__main__.py"]
