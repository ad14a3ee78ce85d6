"""Parts of Streamlit's pages that run in the browser: components of the modules that /camera is made of."""

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from detector_app.web.browser_files import BROWSER_FOLDER, version_of

# Streamlit loads this from a blob, from which no relative address leads anywhere.
_JAVASCRIPT: Final = """
export default async function ({ parentElement, data }) {
  const { mount } = await import(new URL("/browser/VERSION/MODULE", location.origin).href);
  return mount(parentElement, data);
}
"""


def declare_part(name: str, html: str, styles: tuple[str, ...], module: str) -> Callable[..., Any]:
    """Return what draws a part: its elements, with the style sheets and the module of `browser/`.

    Once a process for each name: Streamlit takes a second declaration for a mistake.
    """
    javascript = _JAVASCRIPT.replace("VERSION", version_of()).replace("MODULE", module)
    css = "\n".join(_read(style) for style in styles)
    return st.components.v2.component(name, html=html, css=css, js=javascript)


def _read(name: str) -> str:
    return (BROWSER_FOLDER / name).read_text(encoding="utf-8")
