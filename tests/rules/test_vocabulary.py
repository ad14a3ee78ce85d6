"""One word for one thing: bounds are MAX_ and MIN_, a log is a `logger`, a quantity has its unit."""

import ast
import itertools
import re
from collections.abc import Iterator

import pytest

from tests.rules.source_tree import ALL_PYTHON, REPOSITORY, Source, plant, sources

SOURCES = sources(*ALL_PYTHON)
# Words of a bound that are not the field's.
BOUNDS = "MOST|LARGEST|LONGEST|HIGHEST|BIGGEST|LEAST|SMALLEST|SHORTEST|LOWEST|FEWEST"
NO_BOUNDS = {"LOWEST_FIRST"}  # an order
# Quantities that do not say what they are counted in; in a name, a unit follows them.
BARE = (
    "age|budget|cost|deadline|delay|distance|duration|interval|lifetime|pause|period|price|radius"
    "|timeout|uptime|wait"
)
# Other spellings of units than the glossary's.
UNITS = "secs?|ms|msecs?|millis|mins?|hrs?|kb|mb|gb|px|km|metres?|dollars?|percent|pct"
UNNAMED = re.compile(rf"(?:^|_)(?:{BARE}|{UNITS})$")
COLUMN = re.compile(
    r"^\s+(?:add column (?:if not exists )?)?(\w+) (?:smallint|integer|bigint|real|double precision|numeric)",
    re.MULTILINE,
)


def names_assigned(source: Source) -> Iterator[ast.Name]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node


def wrong_bounds(source: Source) -> list[str]:
    pattern = re.compile(rf"_?(?:{BOUNDS})_")
    found = (node for node in names_assigned(source) if node.id.isupper())
    return [
        f"{source.path}:{node.lineno}: {node.id}"
        for node in found
        if pattern.match(node.id) and node.id not in NO_BOUNDS
    ]


def wrong_loggers(source: Source) -> list[str]:
    return [
        f"{source.path}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign)
        and ast.unparse(node.value).startswith("logging.getLogger(")
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id != "logger"
    ]


def wrong_messages(source: Source) -> list[str]:
    """Return sentences that are raised under another name than `msg`."""
    found = []
    for parent in ast.walk(source.tree):
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(parent, block, None)
            if not isinstance(statements, list):
                continue
            for before, after in itertools.pairwise(statements):
                match before, after:
                    case (
                        ast.Assign(targets=[ast.Name(id=given)]),
                        ast.Raise(exc=ast.Call(args=[ast.Name(id=raised)])),
                    ) if given == raised != "msg":
                        found.append(f"{source.path}:{before.lineno}: {given}")
    return found


def fields_without_unit(source: Source) -> list[str]:
    """Return the numeric fields of classes that do not say what they are counted in."""
    return [
        f"{source.path}:{node.lineno}: {node.target.id}"
        for found in ast.walk(source.tree)
        if isinstance(found, ast.ClassDef)
        for node in found.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if re.search(r"\b(?:int|float|PositiveInt|PositiveFloat)\b", ast.unparse(node.annotation))
        if UNNAMED.search(node.target.id)
    ]


def columns_without_unit(sql: str) -> list[str]:
    return [name for name in COLUMN.findall(sql) if UNNAMED.search(name)]


@pytest.mark.parametrize("find", [wrong_bounds, wrong_loggers, wrong_messages, fields_without_unit])
def test_one_vocabulary(find: object) -> None:
    assert callable(find)
    assert [complaint for source in SOURCES for complaint in find(source)] == []


def test_columns_say_what_they_are_counted_in() -> None:
    files = sorted((REPOSITORY / "include" / "sql" / "schema").glob("*.sql"))
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    assert sum(len(COLUMN.findall(text)) for text in texts.values()) > 50
    found = {name: columns_without_unit(text) for name, text in texts.items()}
    assert [(name, columns) for name, columns in found.items() if columns] == []


@pytest.mark.parametrize("word", BOUNDS.split("|"))
def test_another_bound_would_be_found(word: str) -> None:
    assert wrong_bounds(plant("a.py", f"{word}_PIXELS = 3")) == [f"a.py:1: {word}_PIXELS"]
    assert wrong_bounds(plant("a.py", f"_A, _{word}_PIXELS = 1, 3")) == [f"a.py:1: _{word}_PIXELS"]
    assert wrong_bounds(plant("a.py", f"MAX_{word}S = 3")) == []


def test_another_logger_would_be_found() -> None:
    assert len(wrong_loggers(plant("a.py", "log = logging.getLogger(__name__)"))) == 1
    assert wrong_loggers(plant("a.py", "logger = logging.getLogger(__name__)")) == []


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("text = 'no'\nraise ValueError(text)", True),
        ("try:\n    a()\nexcept E:\n    text = f'{a}'\n    raise ValueError(text) from None", True),
        ("msg = 'no'\nraise ValueError(msg)", False),
        ("reason = 'small'\nraise PhotoRefusedError(reason, detail)", False),
    ],
)
def test_another_message_would_be_found(text: str, is_found: bool) -> None:  # noqa: FBT001
    assert bool(wrong_messages(plant("a.py", text))) is is_found


@pytest.mark.parametrize(
    ("field", "is_found"),
    [
        ("timeout: float", True),
        ("retry_pause: int | None = None", True),
        ("size_mb: int", True),
        ("price: float", True),
        ("timeout_seconds: float", False),
        ("price_usd: float", False),
        ("page: int", False),
        ("timeout: Timeout", False),
    ],
)
def test_a_quantity_without_unit_would_be_found(field: str, is_found: bool) -> None:  # noqa: FBT001
    assert bool(fields_without_unit(plant("a.py", f"class A:\n    {field}"))) is is_found


def test_a_column_without_unit_would_be_found() -> None:
    sql = "create table a (\n    width integer,\n    timeout bigint not null\n);\n"
    more = "alter table a\n    add column size_mb real,\n    add column size_bytes bigint;\n"
    assert columns_without_unit(sql + more) == ["timeout", "size_mb"]
