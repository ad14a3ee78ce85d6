"""ONNX Runtime is imported only where its reports to its maker have been switched off before."""

import ast
from collections.abc import Iterable

import pytest

from tests.rules.source_tree import PROGRAMS, REPOSITORY, Source, plant, sources

# Its process is isolated before it imports anything that is large.
SWITCHED_BY_ISOLATION = "trainer/export.py"
SWITCH = 'os.environ["ORT_DISABLE_TELEMETRY"] = "1"'


def reporting(callers: Iterable[Source]) -> list[str]:
    """Return the paths of modules that import ONNX Runtime before the switch, or without it."""
    return [source.path for source in callers if _reports(source)]


def _reports(source: Source) -> bool:
    switched = (
        node.lineno for node in source.tree.body if ast.unparse(node) == SWITCH.replace('"', "'")
    )
    first = next(switched, None)
    return any(first is None or node.lineno < first for node in _imports(source.tree))


def _imports(tree: ast.Module) -> Iterable[ast.stmt]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = [each.name for each in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case _:
                continue
        if any(module.partition(".")[0] == "onnxruntime" for module in modules):
            yield node


def test_every_import_of_onnx_runtime_comes_after_the_switch() -> None:
    callers = sources(*PROGRAMS, "dags", "benchmarks", "docs")
    assert reporting(callers) == [SWITCHED_BY_ISOLATION]
    isolation = (REPOSITORY / "trainer" / "isolation.py").read_text(encoding="utf-8")
    assert '"ORT_DISABLE_TELEMETRY": "1"' in isolation


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("import onnxruntime", True),
        ("def load():\n    from onnxruntime.capi import x", True),
        (f"import onnxruntime\nimport os\n{SWITCH}", True),
        (f"import os\n{SWITCH}\nimport onnxruntime", False),
        ("from sightscan.publish.onnx_runtime import InferenceSession", False),
        ("import onnx", False),
    ],
)
def test_import_that_reports_would_be_found(text: str, is_found: bool) -> None:  # noqa: FBT001
    path = "plugins/sightscan/odd.py"
    assert reporting([plant(path, text)]) == ([path] if is_found else [])


@pytest.mark.parametrize("name", ["pipeline", "detector_app", "trainer"])
def test_images_switch_the_reports_off(name: str) -> None:
    text = (REPOSITORY / "docker" / f"{name}.Dockerfile").read_text(encoding="utf-8")
    assert "ORT_DISABLE_TELEMETRY=1" in text
