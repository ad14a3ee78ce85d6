"""Two tables on the page of models: how well each sight is found, and what is taken for what."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from detector_app.model_facts import SightScore, Version
from detector_app.texts import say


def show_sights(language: str, sights: Sequence[SightScore]) -> None:
    """Draw the table of the sights."""
    if not sights:
        return
    st.header(say(language, "models.sights"))
    rows = "".join(_sight_row(language, one) for one in sights)
    heads = "".join(
        f'<th scope="col">{escape(say(language, key))}</th>'
        for key in ("models.sight", "models.score", "models.test_photos")
    )
    st.html(
        f'<div class="ss-scroll" tabindex="0" role="region" '
        f'aria-label="{escape(say(language, "models.sights"))}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    st.caption(say(language, "models.sights.caption"))


def _sight_row(language: str, one: SightScore) -> str:
    name = escape(one.sight_name)
    hidden = "" if one.is_shown else f" <small>({escape(say(language, 'models.hidden'))})</small>"
    score = "-" if one.ap50 is None else f"{one.ap50:.2f}"
    width = 0 if one.ap50 is None else max(0.0, min(one.ap50, 1.0))
    bar = f'<span class="ss-bar" aria-hidden="true"><span style="width:{width:.0%}"></span></span>'
    count = "-" if one.test_photo_count is None else one.test_photo_count
    return f'<tr><th scope="row">{name}{hidden}</th><td>{score} {bar}</td><td>{count}</td></tr>'


def show_confusions(language: str, version: Version) -> None:
    """Draw the matrix of what is there and what is shown."""
    if not version.confusions or not any(map(any, version.confusions)):
        return
    st.header(say(language, "models.confusion"))
    st.markdown(say(language, "models.confusion.how"))
    numbers = range(1, len(version.class_names) + 1)
    names = [
        *(f"{number} {name}" for number, name in zip(numbers, version.class_names, strict=True)),
        say(language, "models.nothing"),
    ]
    heads = [say(language, "models.there"), *map(str, numbers), say(language, "models.no_name")]
    top = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(
            f'<td class="{_kind(row, column, value, len(version.class_names))}">{value}</td>'
            for column, value in enumerate(counts)
        )
        + "</tr>"
        for row, (name, counts) in enumerate(zip(names, version.confusions, strict=False))
    )
    st.html(
        f'<div class="ss-scroll" tabindex="0" role="region" '
        f'aria-label="{escape(say(language, "models.confusion"))}">'
        f'<table class="ss-matrix"><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _kind(row: int, column: int, value: int, class_count: int) -> str:
    if row == column < class_count:
        return "right"
    return "wrong" if value else "none"
