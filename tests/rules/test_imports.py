"""What import-linter cannot see: who runs SQL, and that its contracts name every module."""

import ast
import tomllib
from collections.abc import Iterable
from typing import Any

import pytest

from tests.rules.source_tree import ALL_PYTHON, REPOSITORY, Source, plant, sources

# Who else may execute a statement, and why; a folder ends in a slash.
RUNS_SQL = {
    "plugins/sightscan/warehouse/": "the only one that touches the warehouse's SQL",
    "plugins/sightscan/takeover/source_database.py": "reads the first system's database",
    "plugins/sightscan/takeover/store.py": "stores what only a takeover stores",
    "plugins/sightscan/services/doctor/airflow_database.py": "asks Airflow's own, from outside Airflow",
    "detector_app/warehouse.py": "another program, which imports nothing of the pipeline",
    "sandbox/demo/city_request.py": "asks for a city as a visitor of the app would",
    "sandbox/demo/picture.py": "reads what only the demo shows",
    "sandbox/demo/progress.py": "reads what only the demo shows",
    "sandbox/demo/report.py": "reads what only the demo shows",
    "sandbox/postgres/databases.py": "creates the databases in which a warehouse is made",
    "benchmarks/": "fill and vacuum databases of their own",
    "docs/warehouse_entities.py": "reads the catalogue, to write the dictionary",
    "docs/warehouse_page.py": "reads the catalogue, to write the dictionary",
    "docs/warehouse_roles.py": "reads the catalogue, to write the dictionary",
}
CALLERS = sources("plugins", "trainer", "detector_app", "sandbox", "dags", "benchmarks", "docs")


def runs_sql(source: Source) -> bool:
    """Tell whether a module executes statements; Airflow's operators execute, too, by `super()`."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")))):
                continue
            case ast.Call(func=ast.Attribute(attr="execute" | "executemany")):
                return True
            case ast.Call(
                func=ast.Attribute(attr="copy"), args=[ast.Call(func=ast.Name(id="statement")), *_]
            ):
                return True
    return False


def exceptions_used(callers: Iterable[Source]) -> set[str]:
    """Return the exceptions that are made use of, and the paths of modules that have none."""
    return {
        next((each for each in RUNS_SQL if source.path.startswith(each)), source.path)
        for source in callers
        if runs_sql(source)
    }


def test_only_the_warehouse_and_named_exceptions_run_sql() -> None:
    assert exceptions_used(CALLERS) == set(RUNS_SQL)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("connection.execute('select 1')", True),
        ("rows = cursor.executemany(statement('a/b'), rows)", True),
        ("with cursor.copy(statement('a/b')) as copy: pass", True),
        ("super().execute(context)", False),
        ("image.copy()", False),
    ],
)
def test_sql_elsewhere_would_be_found(text: str, is_found: bool) -> None:  # noqa: FBT001
    path = "plugins/sightscan/crawl/crawl.py"
    assert exceptions_used([plant(path, text)]) == ({path} if is_found else set())


def contract(name: str) -> dict[str, Any]:
    table = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = table["tool"]["importlinter"]["contracts"]
    (found,) = [each for each in contracts if each["name"].startswith(name)]
    return dict(found)


def modules_of(folder: str, package: str) -> set[str]:
    return {
        f"{package}.{path.stem}"
        for path in (REPOSITORY / folder).iterdir()
        if (path.is_dir() or path.suffix == ".py")
        if not path.name.startswith("__")
        if path.is_file() or any(path.glob("*.py"))
    }


def layers_of(found: dict[str, Any]) -> set[str]:
    return {name for layer in found["layers"] for name in layer.split(" | ")}


def test_every_module_of_the_pipeline_has_its_layer() -> None:
    layers = layers_of(contract("Commands and pages over operators"))
    assert modules_of("plugins/sightscan", "sightscan") == layers


def test_every_module_of_the_warehouse_has_its_layer() -> None:
    layers = layers_of(contract("Inside the warehouse"))
    assert modules_of("plugins/sightscan/warehouse", "sightscan.warehouse") == layers


def test_only_operators_and_pages_are_left_out_of_the_contract_about_airflow() -> None:
    named = set(contract("Only operators and pages import Airflow")["source_modules"])
    left = modules_of("plugins/sightscan", "sightscan") - named
    assert left == {"sightscan.operators", "sightscan.pages"}


def test_only_the_command_line_may_import_a_takeover() -> None:
    named = set(contract("A takeover is run once")["source_modules"])
    layers = contract("Commands and pages over operators")["layers"]
    # The layers forbid it to the values below the warehouse.
    values = {
        name
        for layer in layers[layers.index("sightscan.settings") :]
        for name in layer.split(" | ")
    }
    left = modules_of("plugins/sightscan", "sightscan") - named - values
    assert left == {"sightscan.cli", "sightscan.takeover"}
    assert {"sandbox", "trainer", "detector_app"} <= named


def test_only_the_demo_of_the_sandbox_may_import_the_pipeline() -> None:
    named = set(contract("Of the sandbox, only the demo")["source_modules"])
    assert modules_of("sandbox", "sandbox") - named == {"sandbox.demo"}


def postpones_annotations_needlessly(source: Source) -> bool:
    """Tell whether a module postpones annotations without a name that is imported for types only."""
    text = ast.unparse(source.tree)
    return "from __future__ import annotations" in text and "if TYPE_CHECKING:" not in text


def test_annotations_are_postponed_only_for_names_imported_for_types() -> None:
    found = [each.path for each in sources(*ALL_PYTHON) if postpones_annotations_needlessly(each)]

    assert found == []


def test_a_module_that_postpones_annotations_needlessly_is_found() -> None:
    module = plant(
        "plugins/sightscan/odd.py", "from __future__ import annotations\nNUMBER: int = 1\n"
    )

    assert postpones_annotations_needlessly(module)
