"""The pages speak the visitor's language: no sentence stands outside the texts, and German is whole."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from detector_app import visitor
from detector_app.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = Path(__file__).resolve().parents[2] / "detector_app"
# What visitors read is made here; elsewhere are sentences for the log and for whoever runs the app.
SPEAKING = (
    *sorted((APP / "views").glob("*.py")),
    *(APP / name for name in ("app.py", "wording.py", "asking_words.py", "curve.py")),
)
# A capital letter and two words, or a word with a space and another one in a label.
SENTENCE = re.compile(r"[A-ZÄÖÜ][a-zäöü]+ [\wäöü]")
# The name of the app and of the measures, which are the same in both languages.
SAME = {"Live", "Version", "Label", "SightScan", "Training"}


def literals(path: Path) -> Iterator[str]:
    """Yield the texts of a module, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node not in docstrings
        ):
            yield node.value


@pytest.mark.parametrize("path", SPEAKING, ids=lambda path: path.name)
def test_no_sentence_stands_outside_the_texts(path: Path) -> None:
    assert [text for text in literals(path) if SENTENCE.search(text)] == []


def test_german_repeats_no_english_sentence() -> None:
    english, german = LANGUAGES["en"], LANGUAGES["de"]
    same = {key for key, sentence in english.items() if sentence == german[key]}
    assert {english[key] for key in same} <= SAME


@pytest.mark.parametrize("page", ["detect", "guide", "about", "ask", "models", "improve"])
def test_page_in_german_shows_no_english_sentence(
    page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path))
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(visitor, "choose_language", lambda _locale: "de")

    def show(page: str) -> None:
        from importlib import import_module  # noqa: PLC0415 - AppTest runs the body alone

        import_module(f"detector_app.views.{page}").show()

    shown = AppTest.from_function(show, default_timeout=120, args=(page,)).run()
    assert not shown.exception
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "button")
    texts = [
        one.value if kind != "button" else one.label for kind in kinds for one in shown.get(kind)
    ]
    assert texts
    english = {text for text in LANGUAGES["en"].values() if text not in SAME}
    assert [text for text in texts if text in english] == []
    assert [text for text in texts if re.search(r"\b(the|is|and|of)\b", str(text))] == []
