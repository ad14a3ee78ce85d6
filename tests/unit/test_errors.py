"""Whoever catches the base catches every error of SightScan's own."""

import ast
import builtins
from pathlib import Path

from tests.rules.test_copies import COPIES

PACKAGE = Path(__file__).parents[2] / "plugins" / "sightscan"
# One text in two programs: it can know no base class of ours, and its callers turn what it raises.
SHARED = {Path(copy).name for _, *copies in COPIES.values() for copy in copies}
BUILT_IN = {
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}


def test_every_error_class_is_in_the_tree() -> None:
    roots = [
        f"{file.relative_to(PACKAGE)}: {node.name}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.name not in SHARED
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id in BUILT_IN for base in node.bases)
    ]
    assert roots == ["errors.py: SightScanError"], "derive it from SightScanError"
