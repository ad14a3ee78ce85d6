"""A statement lies in the folder of the one package that calls it; keys of locks are listed."""

import ast
import re
from collections.abc import Collection, Iterable

import pytest

from tests.rules.source_tree import REPOSITORY, Source, constants, plant, sources

QUERIES = REPOSITORY / "include" / "sql" / "queries"
STATEMENTS = frozenset(
    str(path.relative_to(QUERIES).with_suffix("")) for path in QUERIES.rglob("*.sql")
)
CALLERS = sources("plugins", "sandbox", "dags", "benchmarks")
LOCKS = next(source for source in CALLERS if source.module == "sightscan.warehouse.locks")


def strings_of(source: Source) -> set[str]:
    return {
        node.value
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def statements_called(source: Source, known: Collection[str]) -> set[str]:
    """Return what a module calls: by its whole name, or by an f-string of words that it has."""
    words = strings_of(source)
    called = words & set(known)
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Name(id="statement"), args=[ast.Constant(value=str(name))]):
                called.add(name)
            case ast.Call(func=ast.Name(id="statement"), args=[ast.JoinedStr(values=parts)]):
                pattern = re.compile(
                    "".join(
                        re.escape(str(part.value)) if isinstance(part, ast.Constant) else "(.+)"
                        for part in parts
                    )
                )
                matches = [found for name in known if (found := pattern.fullmatch(name))]
                called |= {found[0] for found in matches if words >= set(found.groups())}
    return called


def misplaced(callers: Iterable[Source], known: Collection[str]) -> list[str]:
    """Return what is wrong: a statement of another's folder, one that is not there, or not called."""
    complaints = []
    called = set()
    for source in callers:
        for name in sorted(statements_called(source, known)):
            called.add(name)
            if name not in known:
                complaints.append(f"{source.path} calls {name}, which is not there")
            elif name.partition("/")[0] != source.package:
                complaints.append(f"{source.path} calls {name}; move it, or call its package")
    return complaints + [f"nobody calls {name}" for name in sorted(set(known) - called)]


def test_a_statements_folder_is_its_only_callers_package() -> None:
    assert misplaced(CALLERS, STATEMENTS) == []


@pytest.mark.parametrize(
    ("path", "call", "complaint"),
    [
        ("photos/photos.py", 'statement("photos/merge")', None),
        ("photos/photos.py", '[statement(f"photos/{verb}") for verb in ("merge",)]', None),
        ("photos/photos.py", 'rows_of("photos/merge")', None),
        (
            "labels/labels.py",
            'statement("photos/merge")',
            (
                "plugins/sightscan/warehouse/labels/labels.py calls photos/merge; move it, or call its"
                " package"
            ),
        ),
        (
            "photos/photos.py",
            'statement("photos/merge"), statement("photos/gone")',
            "plugins/sightscan/warehouse/photos/photos.py calls photos/gone, which is not there",
        ),
        ("photos/photos.py", "pass", "nobody calls photos/merge"),
        (
            "photos/photos.py",
            '[statement(f"photos/{verb}") for verb in ("split",)]',
            "nobody calls photos/merge",
        ),
    ],
)
def test_a_misplaced_statement_would_be_found(path: str, call: str, complaint: str | None) -> None:
    planted = plant(f"plugins/sightscan/warehouse/{path}", call)
    assert misplaced([planted], {"photos/merge"}) == ([complaint] if complaint else [])


def lock_keys(sql: str) -> set[str]:
    """Return the keys of advisory locks that are taken by name, with `<parameter>` for a value."""
    keys = set()
    for key in re.findall(r"advisory_\w*lock\w*\(hashtextextended\((.+?), 0\)\)", sql):
        parts = [part.strip() for part in key.split("||")]
        keys.add("".join(re.sub(r"%\((\w+)\)s", r"<\1>", part).strip("'") for part in parts))
    return keys


def test_every_key_of_an_advisory_lock_is_listed_in_one_place() -> None:
    page = ast.get_docstring(LOCKS.tree) or ""
    taken = {
        key
        for path in (REPOSITORY / "include" / "sql").rglob("*.sql")
        for key in lock_keys(path.read_text(encoding="utf-8"))
    }
    assert set(re.findall(r"^\| `(.+?)` \|", page, re.MULTILINE)) == taken
    numbers = [int(number) for number in re.findall(r"^\| (\d+)", page, re.MULTILINE)]
    assert numbers == [ast.literal_eval(value) for _, value in constants(LOCKS)]
    assert len(set(numbers)) == len(numbers)


def numbered_locks(source: Source) -> set[str]:
    """Return where the number of a lock comes from: names, or literals, which should be names."""
    found = set()
    for node in ast.walk(source.tree):
        match node:
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "lock_number":
                        found.add(ast.unparse(value))
            case ast.Call(args=[ast.Constant(value=str(sql)), ast.List(elts=[value])]):
                if re.search(r"advisory_\w*lock", sql):
                    found.add(ast.unparse(value))
    return found


def test_numbers_of_locks_come_from_the_list() -> None:
    used = set().union(*(numbered_locks(source) for source in CALLERS))
    assert used == {name for name, _ in constants(LOCKS)}


def test_a_lock_that_is_not_listed_would_be_found() -> None:
    assert lock_keys(
        "select pg_advisory_xact_lock(hashtextextended('a.' || %(b)s || '/c', 0))"
    ) == {"a.<b>/c"}
    planted = plant("a.py", 'c.execute("select pg_advisory_lock(%s)", [7]); d = {"lock_number": 8}')
    assert numbered_locks(planted) == {"7", "8"}
