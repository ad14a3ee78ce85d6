"""Whoever catches the base catches every error of SightScan's own."""

import ast
import builtins
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "plugins" / "sightscan"
BUILT_IN = {
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}


def test_every_error_class_is_in_the_tree() -> None:
    roots = [
        f"{file.relative_to(PACKAGE)}: {node.name}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id in BUILT_IN for base in node.bases)
    ]
    assert roots == ["errors.py: SightScanError"], "derive it from SightScanError"
