"""Each name that is imported from a module of ours is there: a test would else say so when its turn comes."""

import ast
from collections.abc import Iterable

import pytest

from tests.rules.source_tree import ALL_PYTHON, Source, plant, sources

# Runs in a checkout of another release, whose modules it imports.
OF_ANOTHER_RELEASE = "tests/fixtures/older_release/make.py"
EVERYTHING = [source for source in sources(*ALL_PYTHON) if source.path != OF_ANOTHER_RELEASE]


def module_of(source: Source) -> str:
    return source.module.removesuffix(".__init__")


class ModuleNames(ast.NodeVisitor):
    """Collect what a module's own statements bind, under conditions too, but nothing of functions or classes."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: set[str] = set()
        self.visit(tree)

    def visit(self, node: ast.AST) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.names.add(node.name)
            case ast.Import() | ast.ImportFrom():
                self.names |= {(each.asname or each.name).split(".")[0] for each in node.names}
            case ast.Name(ctx=ast.Store()):
                self.names.add(node.id)
            case _:
                self.generic_visit(node)


def missing_names(readers: Iterable[Source], there: Iterable[Source]) -> list[str]:
    """Return what is imported from modules that are there, or ought to be, and is not."""
    modules = {module_of(source): ModuleNames(source.tree).names for source in there}
    parents = {name.rpartition(".")[0] for name in modules}
    rooms = {name.split(".")[0] for name in modules}
    missing = []
    for source in readers:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.ImportFrom) or node.level or node.module is None:
                continue
            if node.module.split(".")[0] not in rooms:
                continue
            if node.module not in modules and node.module not in parents:
                missing.append(f"{source.path}: no module {node.module}")
                continue
            missing += [
                f"{source.path}: no {alias.name} in {node.module}"
                for alias in node.names
                if alias.name not in modules.get(node.module, set())
                and f"{node.module}.{alias.name}" not in modules.keys() | parents
            ]
    return missing


def test_every_imported_name_is_there() -> None:
    assert missing_names(EVERYTHING, EVERYTHING) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("from tests.gone import name", ["tests/reader.py: no module tests.gone"]),
        ("from tests.here import gone, Here", ["tests/reader.py: no gone in tests.here"]),
        ("from tests import here", []),
        ("from tests.here import sometimes, read, otherwise", []),
        ("from tests.here import local", ["tests/reader.py: no local in tests.here"]),
        ("from elsewhere import gone", []),
    ],
)
def test_a_name_that_is_gone_is_seen(line: str, what: list[str]) -> None:
    here = plant(
        "tests/here.py",
        "class Here: ...\ntry:\n    from os import read\nexcept ImportError:\n    sometimes = 1\n"
        "if read:\n    pass\nelif sometimes:\n    def otherwise():\n        local = 1\n",
    )
    reader = plant("tests/reader.py", line)
    assert missing_names([reader], [here, reader]) == what
