"""The live film on the Detect page: a Streamlit component that runs the modules of `browser/`.

Nothing of it runs in Python while it plays: the browser looks at its own frames.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from detector_app.catalogue import City, PublishedModel
from detector_app.views.browser_part import declare_part

_STYLES: Final = ("film.css", "sight_card.css", "in_streamlit.css", "live_film.css")
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
<p class="notice" role="status"></p>
<p class="progress" hidden><span></span> <progress max="1"></progress></p>
<p class="step" hidden></p>
<label class="switch"><input type="checkbox" /> <span data-text="place.use"></span></label>
<p class="place-status" hidden></p>
<p class="only-heard" aria-live="polite"></p>
<dialog class="sight-card about"></dialog>
<dialog class="sight-card report"></dialog>
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
    return declare_part("live_film", _HTML, _STYLES, "component.js")
