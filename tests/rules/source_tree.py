"""The repository's Python and SQL as the rules read them: by text and syntax tree, not by import."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAMS = ("plugins", "trainer", "detector_app", "sandbox")
ALL_PYTHON = (*PROGRAMS, "dags", "benchmarks", "docs", "tests")


@dataclass(frozen=True)
class Source:
    """A Python file: its path from the repository's root, and its tree."""

    path: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The name of its folder."""
        return PurePosixPath(self.path).parent.name

    @property
    def module(self) -> str:
        """The name by which others import it."""
        return self.path.removeprefix("plugins/").removesuffix(".py").replace("/", ".")


def plant(path: str, text: str) -> Source:
    """Return a file that is not there, for a test of a rule."""
    return Source(path, ast.parse(text))


def sources(*folders: str) -> tuple[Source, ...]:
    """Return every Python file of these folders."""
    return tuple(source for folder in folders for source in _sources_of(folder))


@cache
def _sources_of(folder: str) -> tuple[Source, ...]:
    return tuple(
        Source(str(path.relative_to(REPOSITORY)), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted((REPOSITORY / folder).rglob("*.py"))
    )


def constants(source: Source) -> Iterator[tuple[str, ast.expr]]:
    """Yield the upper-case names that a module defines, without a leading underscore, and values."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign):
            pairs = [pair for target in node.targets for pair in _pairs(target, node.value)]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs = [(node.target, node.value)]
        else:
            continue
        for target, value in pairs:
            if isinstance(target, ast.Name) and target.id.isupper():
                yield target.id.lstrip("_"), value


def is_number(value: ast.expr) -> bool:
    """Tell whether an expression is made of numbers alone, such as `24 * 3600` or a timedelta."""
    match value:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(operand=operand):
            return is_number(operand)
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
        case ast.Call(func=ast.Name(id="timedelta"), args=args, keywords=keywords):
            return all(is_number(each) for each in (*args, *(word.value for word in keywords)))
    return False


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]
