"""A test says what number it expects; one that imports the number agrees with any."""

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.rules.source_tree import PROGRAMS, Source, constants, is_number, plant, sources

# (test, name): why a test may compare with the constant itself.
ALLOWED: dict[tuple[str, str], str] = {}


def numbers_of(modules: Iterable[Source]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (source.module, name)
        for source in modules
        for name, value in constants(source)
        if is_number(value)
    )


def names_of_numbers(test: Source, numbers: frozenset[tuple[str, str]]) -> set[str]:
    """Return the expressions by which a test's module may mean an imported number."""
    names = set()
    for node in ast.walk(test.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                given = alias.asname or alias.name
                if (node.module, alias.name.lstrip("_")) in numbers:
                    names.add(given)
                module = f"{node.module}.{alias.name}"
                names |= {f"{given}.{name}" for home, name in numbers if home == module}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                given = alias.asname or alias.name
                names |= {f"{given}.{name}" for home, name in numbers if home == alias.name}
    return names


def expectations(test: Source) -> Iterator[ast.AST]:
    """Yield asserts, and the decorators that say what is asserted."""
    for node in ast.walk(test.tree):
        if isinstance(node, ast.Assert):
            yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from node.decorator_list


def compared(
    tests: Iterable[Source], numbers: frozenset[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield each test's module and the imported number that it compares with."""
    for test in tests:
        names = names_of_numbers(test, numbers)
        if not names:
            continue
        for expectation in expectations(test):
            for node in ast.walk(expectation):
                if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in names:
                    yield test.path, ast.unparse(node)


def test_no_test_compares_with_the_number_under_test() -> None:
    found = set(compared(sources("tests"), numbers_of(sources(*PROGRAMS))))
    assert found == set(ALLOWED), "write the number: a test that imports it pins nothing"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from sightscan.a import MAX_DAYS\nassert keep() == MAX_DAYS", "MAX_DAYS"),
        ("from sightscan.a import MAX_DAYS as DAYS\nassert keep() > 2 * DAYS", "DAYS"),
        ("from sightscan import a\nassert keep() == a.MAX_DAYS", "a.MAX_DAYS"),
        ("import sightscan.a as b\nassert keep() == b.MAX_DAYS", "b.MAX_DAYS"),
        (
            (
                "from sightscan.a import MAX_DAYS\n"
                "@pytest.mark.parametrize('days', [MAX_DAYS])\ndef test(days): pass"
            ),
            "MAX_DAYS",
        ),
        ("from sightscan.a import MAX_DAYS\nkeep(MAX_DAYS + 1)", None),
        ("from sightscan.a import NAME\nassert NAME == 'b'", None),
        ("from tests.a import MAX_DAYS\nassert keep() == MAX_DAYS", None),
    ],
)
def test_a_comparison_with_the_constant_would_be_found(text: str, name: str | None) -> None:
    numbers = numbers_of([plant("plugins/sightscan/a.py", "MAX_DAYS = 7\nNAME = 'b'")])
    found = list(compared([plant("tests/unit/test_a.py", text)], numbers))
    assert found == ([("tests/unit/test_a.py", name)] if name else [])
