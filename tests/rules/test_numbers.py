"""A number has one home: no two modules of the pipeline define a constant of the same name."""

import ast
from collections import defaultdict
from collections.abc import Iterable

import pytest

from tests.rules.source_tree import Source, constants, is_number, plant, sources


def defined_twice(modules: Iterable[Source]) -> list[str]:
    """Return numbers of one name in two modules, and other constants of one name and one value.

    Texts may differ under one name, as each photo source has its SOURCE.
    """
    homes = defaultdict(set)
    for source in modules:
        for name, value in constants(source):
            key = name if is_number(value) else f"{name} = {ast.unparse(value)}"
            if "__file__" not in key:
                homes[key].add(source.path)
    return [f"{key}: {', '.join(sorted(paths))}" for key, paths in homes.items() if len(paths) > 1]


def test_no_two_modules_define_one_number() -> None:
    twice = defined_twice(sources("plugins"))
    assert twice == [], "import it from one home, or, if they are two things, say so by their names"


@pytest.mark.parametrize(
    ("one", "other", "is_found"),
    [
        ("PAUSE_SECONDS = 5", "PAUSE_SECONDS = 5", True),
        ("PAUSE_SECONDS = 5", "PAUSE_SECONDS: float = 2 * 60", True),
        ("PAUSE_SECONDS = 5", "MAX_TRIES, _PAUSE_SECONDS = 3, 7", True),
        ("PAUSE = timedelta(hours=1)", "PAUSE = timedelta(hours=2)", True),
        ("SUFFIX = '.part'", "SUFFIX = '.part'", True),
        ("SUFFIX = '.part'", "SUFFIX = '.jpg'", False),
        ("PAUSE_SECONDS = 5", "from a import PAUSE_SECONDS", False),
    ],
)
def test_a_second_home_would_be_found(one: str, other: str, is_found: bool) -> None:  # noqa: FBT001
    assert bool(defined_twice([plant("a.py", one), plant("b.py", other)])) is is_found
