"""What the pages say is there is there: links, commands, settings, statements, figures."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.demo.report import DemoReport
from sightscan.settings import Settings
from sightscan.training import lease_seconds, max_session_seconds

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        *(REPOSITORY / "tests").rglob("*.md"),
    ]
)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")

# A word with a slash or with the ending of a file; no URL, no absolute path, no option.
PATH = re.compile(r"`(?![/~$.-])(?![a-z0-9]+://)([\w./<>{},*-]+(?:/[\w.<>{},*-]*|\.\w+))`")
ENDINGS = {"py", "sql", "md", "yaml", "toml", "sh", "svg", "cfg", "html", "js", "Dockerfile"}
# A page may name a path from here, too.
ROOTS = [REPOSITORY, REPOSITORY / "plugins", REPOSITORY / "plugins" / "sightscan"]
# What these pages name is made when something runs, or is somebody else's.
MADE_BY_RUNNING = (
    re.compile(r"var/.*"),
    # The folders of a training, on the GPU host.
    re.compile(r"(?:images|labels)/(?:\{train,val,test\}/.*)?|(?:sightscan|runs)/"),
    re.compile(r"sightscan/(?:images|verified\.index)"),
    re.compile(r"PHOTO_FOLDER/.*|include/sights/.*"),
)

TABLE = re.compile(r"`((?:load|core|mart)\.\w+)(?:\.(\w+))?`")


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


by_name = pytest.mark.parametrize("page", PAGES, ids=name_of)


@by_name
def test_links_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def missing_paths(text: str, folders: list[Path]) -> list[str]:
    """Return the paths within backquotes that no folder has; `<name>` stands for anything."""
    missing = []
    for path in PATH.findall(text):
        ending = path.rpartition(".")[2]
        if any(made.fullmatch(path) for made in MADE_BY_RUNNING):
            continue
        if "/" not in path and ending not in ENDINGS:
            continue
        pattern = re.sub(r"<\w+>|NNNN_what", "*", path).rstrip("/")
        if not any(next(folder.glob(pattern), None) for folder in folders):
            missing.append(path)
    return missing


def folders_of(page: Path, text: str) -> list[Path]:
    """Return where a page's paths begin: a bare name lies beside what the page names in full."""
    named = [REPOSITORY / path for path in PATH.findall(text) if "/" in path and "*" not in path]
    beside = {path if path.is_dir() else path.parent for path in named if path.exists()}
    return [page.parent, *ROOTS, *sorted(beside)]


# The changelog names what was there once.
@pytest.mark.parametrize(
    "page", [each for each in PAGES if each.name != "CHANGELOG.md"], ids=name_of
)
def test_paths_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert missing_paths(text, folders_of(page, text)) == []


@pytest.mark.parametrize(
    ("path", "is_missing"),
    [
        ("plugins/sightscan/crawl/crawl.py", False),
        ("warehouse/schema/migrate.py", False),
        ("include/sql/marts/<name>.sql", False),
        ("plugins/sightscan/crawl/sources/", False),
        ("var/demo/report.json", False),
        ("request.json", False),
        ("plugins/sightscan/crawl/commons.py", True),
        ("warehouse/migrate.py", True),
        ("commons.py", True),
        ("include/sql/gone/<name>.sql", True),
        ("plugins/sightscan/gone/", True),
    ],
)
def test_a_path_that_is_not_there_would_be_found(path: str, is_missing: bool) -> None:  # noqa: FBT001
    assert missing_paths(f"as in `{path}`, see", ROOTS) == ([path] if is_missing else [])


def test_folders_of_the_readme_are_those_of_the_tree() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    block = text.partition("## Where things live\n\n")[2].partition("\n\n")[0]
    block = re.sub(r"\n {20,}", " ", block)
    listed = dict(re.findall(r"^    (\S+) +(.+)$", block, re.MULTILINE))
    assert [path for path in listed if not (REPOSITORY / path).exists()] == []
    ignored = {"var", "build", "logs"}
    top = {
        f"{path.name}/"
        for path in REPOSITORY.iterdir()
        if path.is_dir() and path.name[0] not in "._" and path.name not in ignored
    }
    assert {path.partition("/")[0] + "/" for path in listed if "/" in path} == top - {
        name for name in top if name.endswith(".egg-info/")
    }
    tests = {path.name for path in (REPOSITORY / "tests").iterdir() if path.is_dir()}
    left = {name for name in tests if name[0] not in "._" and name not in listed["tests/"]}
    assert left == set()
    kinds = re.findall(r"[:,] ([a-z_, ]+)(?=;)", listed["tests/"])
    named = {name for kind in kinds for name in kind.split(", ")}
    assert named - tests == set()


@by_name
def test_make_commands_exist(page: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    used = set(re.findall(r"(?:`|    )make ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert used - known == set()


@by_name
def test_settings_that_are_named_exist(page: Path) -> None:
    listed = re.findall(r"^([A-Z0-9_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
    known = {*listed, *(name.upper() for name in Settings.model_fields), "MART_ORDER"}
    pattern = r"`((?:MTS|MIN|MAX|AWS|PG|MAPS|VISION|CRAWL|WIKIDATA|REGISTRY)_?[A-Z_]+)`"
    assert set(re.findall(pattern, page.read_text(encoding="utf-8"))) - known == set()


def test_tables_and_columns_that_are_named_exist(warehouse: psycopg.Connection[Any]) -> None:
    rows = warehouse.execute(
        "select table_schema || '.' || table_name, array_agg(column_name::text)"
        " from information_schema.columns where table_schema in ('load', 'core', 'mart')"
        " group by 1"
    )
    columns: dict[str, set[str]] = {name: {"", *names} for name, names in rows}
    functions = warehouse.execute(
        "select pronamespace::regnamespace || '.' || proname from pg_proc"
        " where pronamespace::regnamespace::text in ('load', 'core', 'mart')"
    )
    columns |= {name: {""} for (name,) in functions}
    unknown = [
        (page.name, table, column)
        for page in PAGES
        for table, column in TABLE.findall(page.read_text(encoding="utf-8"))
        if column not in columns.get(table, set())
    ]
    assert unknown == []


def test_hours_of_an_instance_are_those_that_the_code_adds_up() -> None:
    pattern = re.compile(
        r"(leased|billed) for (?:at most )?`MTS_TIME_LIMIT_SECONDS` plus (\d+) h (\d+) min"
    )
    found = {
        (word, int(hours) * 3600 + int(minutes) * 60)
        for page in PAGES
        for word, hours, minutes in pattern.findall(page.read_text(encoding="utf-8"))
    }
    assert found == {("leased", lease_seconds(0)), ("billed", max_session_seconds(0))}


def test_readme_explains_every_figure_of_the_report() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    table = text.split("| key | meaning |")[1].split("\n\n")[0]
    keys = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    explained = {key for cell in keys for key in re.findall(r"`(\w+)`", cell)}
    assert explained == {field.name for field in fields(DemoReport)}


def test_every_decision_and_runbook_is_listed() -> None:
    for folder in (REPOSITORY / "docs" / "decisions", REPOSITORY / "docs" / "runbooks"):
        listed = set(LINK.findall((folder / "README.md").read_text(encoding="utf-8")))
        assert {page.name for page in folder.glob("*.md")} - {"README.md"} == listed


def test_the_drawing_has_every_task_of_a_city() -> None:
    page = (REPOSITORY / "docs" / "DAGS.md").read_text(encoding="utf-8")
    city = page.split("\n## ")[1]
    tasks = re.findall(r"^\| `(\w+)` \|", city, re.MULTILINE)
    drawing = (REPOSITORY / "docs" / "images" / "task-graph.svg").read_text(encoding="utf-8")
    assert tasks
    assert [task for task in tasks if f">{task}<" not in drawing] == []


def test_every_benchmark_has_its_row_with_figures() -> None:
    page = (REPOSITORY / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^(bench-[a-z-]+):", makefile, re.MULTILINE)
    assert targets
    assert [name for name in targets if f"| `make {name}" not in page] == []
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")][1:]
    without = [row[2].strip() for row in rows if not re.search(r"\d", row[3])]
    assert without == []
