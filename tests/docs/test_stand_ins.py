"""Each stand-in says what it was modelled on and what is invented, and has its row on the page."""

import ast
import re

import pytest

from sightscan.services.checks import CHECKS
from tests.rules.source_tree import REPOSITORY, Source, plant, sources

PAGE = (REPOSITORY / "docs" / "stand-ins.md").read_text(encoding="utf-8")
# Servers of the sandbox that stand in for nobody.
NO_STAND_INS = {
    "sandbox/control.py": "asks and breaks the sandbox itself",
    "sandbox/supervisor.py": "starts the stand-ins",
    "sandbox/web.py": "mounts the stand-ins",
}
LISTENERS = {"grpc.server", "asyncssh.listen", "web.Application"}


def serves(source: Source) -> bool:
    """Tell whether a module answers a network: by its routes, its base, or what it opens."""
    for node in ast.walk(source.tree):
        match node:
            case ast.ClassDef(bases=bases) if "WsgiServer" in map(ast.unparse, bases):
                return True
            case ast.ClassDef(body=body) if any(
                isinstance(each, ast.FunctionDef) and each.name == "routes" for each in body
            ):
                return True
            case ast.Call(func=function) if ast.unparse(function) in LISTENERS:
                return True
    return "stand-in of" in (ast.get_docstring(source.tree) or "").partition("\n")[0]


def lacks(source: Source) -> list[str]:
    """Return the parts that a stand-in's docstring does not have."""
    docstring = " ".join((ast.get_docstring(source.tree) or "").split())
    return [part for part in ("Modelled on ", "Invented: ") if part not in docstring]


STAND_INS = [
    source
    for source in sources("sandbox")
    if serves(source)
    if source.path not in NO_STAND_INS
    if not source.path.endswith("__init__.py")
]


def test_stand_ins_are_found_at_all() -> None:
    assert {source.path for source in STAND_INS} >= {
        "sandbox/catalogues/openverse.py",
        "sandbox/catalogues/places.py",
        "sandbox/catalogues/search_pages.py",
        "sandbox/commons/server.py",
        "sandbox/gpu/ec2.py",
        "sandbox/gpu/ssh_server.py",
        "sandbox/postgres/server.py",
        "sandbox/vision/server.py",
        "sandbox/wikidata/server.py",
    }


@pytest.mark.parametrize("source", STAND_INS, ids=lambda source: source.path)
def test_each_says_what_it_was_modelled_on_and_what_is_invented(source: Source) -> None:
    assert lacks(source) == []


def test_a_stand_in_that_does_not_say_it_would_be_found() -> None:
    silent = plant("sandbox/x.py", '"""Answer. Modelled on a page."""\nserver = grpc.server(pool)')
    assert (serves(silent), lacks(silent)) == (True, ["Invented: "])


def test_the_page_has_a_row_for_each_and_for_nothing_else() -> None:
    rows = set(re.findall(r"^\| [^|]+\| `(sandbox/[\w/.]+)` \|", PAGE, re.MULTILINE))
    assert rows == {source.path for source in STAND_INS}


def test_the_page_says_of_each_service_what_never_was_tried() -> None:
    sections = PAGE.split("\n## ")[1:]
    assert len(sections) >= 8
    assert [text.partition("\n")[0] for text in sections if "- **Never**" not in text] == []
    assert [text.partition("\n")[0] for text in sections if "- **Modelled on**" not in text] == []


def test_checks_that_pages_name_are_those_of_the_command() -> None:
    runbook = (REPOSITORY / "docs" / "runbooks" / "first-hour.md").read_text(encoding="utf-8")
    names = {check.name for check in CHECKS}
    assert set(re.findall(r"^\| `([\w-]+)` \|", runbook, re.MULTILINE)) == names
    cells = re.findall(r"^\| [^|]+\| [^|]+\| ([^|]+) \|$", PAGE, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`([a-z-]+)`", cell)}
    # Neither asks anybody.
    assert named == names - {"contact", "weights"}
