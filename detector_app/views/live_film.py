"""The live film on the Detect page: a Streamlit component that runs the modules of `browser/`.

Nothing of it runs in Python while it plays: the browser looks at its own frames.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st

from detector_app.catalogue import City, PublishedModel
from detector_app.web.browser_files import version_of

_STYLES: Final = ("film.css", "sight_card.css", "live_film.css")
_HTML: Final = """
<button type="button" class="start"></button>
<section class="stage" hidden>
  <video muted playsinline></video>
  <canvas class="boxes" aria-hidden="true"></canvas>
  <div class="plate"></div>
</section>
<p class="reports" hidden>
  <button type="button" class="wrong" data-text="report.wrong"></button>
  <button type="button" class="missing" data-text="report.missing"></button>
</p>
<p class="notice" role="status" hidden></p>
<p class="progress" role="status" hidden></p>
<p class="step" hidden></p>
<label class="switch"><input type="checkbox" /> <span data-text="place.use"></span></label>
<p class="place-status" hidden></p>
<p class="only-heard" aria-live="polite"></p>
<dialog class="sight-card about"></dialog>
<dialog class="sight-card report"></dialog>
"""
# Streamlit loads this from a blob, from which no relative address leads anywhere.
_JAVASCRIPT: Final = """
export default async function ({ parentElement, data }) {
  const { mount } = await import(new URL("/browser/VERSION/component.js", location.origin).href);
  return mount(parentElement, data);
}
"""


def show_live_film(
    language: str, model: PublishedModel, city: City, min_confidence: float | None = None
) -> None:
    """Draw the film of a city's model: a button, and once it runs, the film with names on it.

    Each sight is named from its own threshold on, or all from `min_confidence` on.
    """
    _declare_film()(
        key="live_film",
        data={
            "city": city.slug,
            "city_name": city.name,
            "model": model.onnx_sha256,
            "language": language,
            "min_confidence": min_confidence,
        },
    )


@cache
def _declare_film() -> Callable[..., Any]:
    # Once a process: Streamlit takes a second declaration of a name for a mistake.
    folder = Path(__file__).resolve().parents[1] / "browser"
    styles = "\n".join((folder / name).read_text(encoding="utf-8") for name in _STYLES)
    javascript = _JAVASCRIPT.replace("VERSION", version_of())
    return st.components.v2.component("live_film", html=_HTML, css=styles, js=javascript)
