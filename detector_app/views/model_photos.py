"""The photos of a version on the page of models: examples right and wrong, and whom to name for all."""

from collections.abc import Sequence
from html import escape
from io import BytesIO

import streamlit as st
from PIL import Image

from detector_app.model_facts import CREDITS_AT_ONCE, Credit, Example, Version
from detector_app.models.detection import Detection
from detector_app.photos.overlay import choose_colours, draw_detections
from detector_app.resources import version_credits
from detector_app.texts import say, write_share
from detector_app.wording import as_plain


def show_examples(language: str, version: Version, examples: Sequence[Example]) -> None:
    """Draw test photos with what was shown on them."""
    for is_right, key in ((True, "models.right"), (False, "models.wrong")):
        some = [one for one in examples if one.is_right == is_right]
        if not some:
            continue
        st.header(say(language, key))
        columns = st.columns(3)
        for number, example in enumerate(some):
            with columns[number % len(columns)]:
                _show_example(language, version, example)
    if not examples:
        st.caption(say(language, "models.no_examples"))


def _show_example(language: str, version: Version, example: Example) -> None:
    there = ", ".join(one[0] for one in example.there) or say(language, "models.nothing")
    shown = ", ".join(f"{one[0]} ({write_share(language, one[1])})" for one in example.shown)
    told = say(
        language,
        "models.example",
        there=there,
        shown=shown or say(language, "models.no_name"),
    )
    st.image(_draw(version, example), alt=told)
    st.markdown(as_plain(told))
    author = _link(example.author or say(language, "models.no_author"), example.page_url)
    licence = _link_licence(language, example)
    st.html(f'<p class="ss-credit">{author}, {licence}</p>')


def _draw(version: Version, example: Example) -> Image.Image:
    with Image.open(BytesIO(example.thumbnail)) as opened:
        photo = opened.convert("RGB")
    width, height = photo.size
    detections = [
        Detection(name, confidence, x1 * width, y1 * height, x2 * width, y2 * height)
        for name, confidence, _, x1, y1, x2, y2 in example.shown
    ]
    return draw_detections(photo, detections, choose_colours(version.class_names))


def _link(text: str, address: str | None) -> str:
    """Return a link that opens elsewhere; anything but a web address is no link."""
    if address is None or not address.startswith(("https://", "http://")):
        return escape(text)
    return (
        f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(text)}</a>'
    )


def _link_licence(language: str, one: Example | Credit) -> str:
    """Return the licence's name, as a link to its text: most licences ask for both."""
    return _link(one.licence or say(language, "models.no_licence"), one.licence_url)


def show_credits(language: str, version: Version) -> None:
    """Draw a page of whom to name for the photos of a version."""
    st.header(say(language, "models.credits"))
    page = st.session_state.get("credits_page", 0)
    shown = (version.city_slug, version.model_version)
    if st.session_state.get("credits_of") != shown:
        st.session_state["credits_of"], page = shown, 0
    found = version_credits(version.city_slug, version.model_version, page)
    if not found:
        st.caption(say(language, "models.no_credits"))
        return
    total = found[0].credit_count
    first = page * CREDITS_AT_ONCE + 1
    last = first + len(found) - 1
    st.caption(say(language, "models.credits.count", first=first, last=last, total=total))
    rows = "".join(
        f"<li>{_link(one.title or say(language, 'models.photo'), one.page_url)} "
        f"<small>{escape(one.author or say(language, 'models.no_author'))}, "
        f"{_link_licence(language, one)}</small></li>"
        for one in found
    )
    label = escape(say(language, "models.credits"))
    st.html(
        f'<div class="ss-scroll ss-credits" tabindex="0" role="region" aria-label="{label}">'
        f"<ul>{rows}</ul></div>"
    )
    back, on = st.columns(2)
    if page and back.button(say(language, "models.earlier"), icon=":material/chevron_left:"):
        _turn(page - 1)
    if last < total and on.button(say(language, "models.later"), icon=":material/chevron_right:"):
        _turn(page + 1)
    st.session_state["credits_page"] = page


def _turn(page: int) -> None:
    st.session_state["credits_page"] = page
    st.rerun()
