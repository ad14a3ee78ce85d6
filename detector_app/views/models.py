"""The page of models: what each version is, how good it is by sight, and whose photos are in it."""

import re
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Final

import streamlit as st
from PIL import Image

from detector_app.curve import describe_curve, draw_curve
from detector_app.errors import WarehouseAway
from detector_app.model_facts import (
    CREDITS_AT_ONCE,
    Credit,
    Example,
    ListedVersion,
    SightScore,
    Version,
)
from detector_app.models.detection import Detection
from detector_app.photos.overlay import choose_colours, draw_detections
from detector_app.resources import listed_versions, version_credits, version_facts
from detector_app.texts import say
from detector_app.visitor import current_language, remember_visitor
from detector_app.wording import as_plain

_PUBLISHED_STATES: Final = {True: "models.in_place", False: "models.published"}


def show() -> None:
    """Draw the page."""
    language = current_language()
    remember_visitor()
    st.title(say(language, "models.title"))
    st.html(f'<p class="ss-lead">{escape(say(language, "models.lead"))}</p>')
    try:
        versions = listed_versions()
        if not versions:
            st.info(say(language, "models.none"), icon=":material/hourglass_empty:")
            return
        chosen = _choose(language, versions)
        facts = version_facts(chosen.city_slug, chosen.model_version)
        if facts is None:
            st.warning(say(language, "models.gone"), icon=":material/help:")
            return
        _show_standing(language, facts.version)
        _show_sights(language, facts.sights)
        _show_examples(language, facts.version, facts.examples)
        _show_curve(language, facts.version)
        _show_confusions(language, facts.version)
        _show_credits(language, facts.version)
        _show_card(language, facts.version)
    except WarehouseAway:
        st.warning(say(language, "away.here"), icon=":material/cloud_off:")


def _choose(language: str, versions: Sequence[ListedVersion]) -> ListedVersion:
    by_slug = {one.city_slug: one for one in reversed(versions)}
    slugs = list(dict.fromkeys(one.city_slug for one in versions))
    asked = st.query_params.get("city")
    left, right = st.columns([3, 2])
    slug = left.selectbox(
        say(language, "ask.label"),
        slugs,
        index=slugs.index(asked) if asked in slugs else 0,
        format_func=lambda one: (
            by_slug[one].city_name + (f", {by_slug[one].country}" if by_slug[one].country else "")
        ),
    )
    own = [one for one in versions if one.city_slug == slug]
    number = right.selectbox(
        say(language, "models.version"),
        [one.model_version for one in own],
        format_func=lambda number: _describe(
            language, next(one for one in own if one.model_version == number)
        ),
        key=f"version_{slug}",
    )
    st.query_params["city"] = slug
    return next(one for one in own if one.model_version == number)


def _describe(language: str, one: ListedVersion) -> str:
    return f"{one.model_version}: {_state(language, one.state, is_in_place=one.is_in_place)}"


def _state(language: str, state: str, *, is_in_place: bool) -> str:
    return say(language, "models.refused" if state == "refused" else _PUBLISHED_STATES[is_in_place])


def _show_standing(language: str, version: Version) -> None:
    st.subheader(say(language, "models.standing"))
    standing = _state(language, version.state, is_in_place=version.is_in_place)
    st.markdown(f"**{as_plain(standing)}** · {version.recorded_at:%Y-%m-%d}")
    if version.decision:
        st.markdown(as_plain(say(language, "models.decision", decision=version.decision)))
    photos = say(
        language,
        "models.photos",
        train=version.train_count,
        val=version.val_count,
        test=version.test_count,
    )
    st.markdown(as_plain(photos))
    shares = {
        "models.precision": version.precision,
        "models.recall": version.recall,
        "models.false_alarms": version.false_alarms,
    }
    for key, share in shares.items():
        if share is not None:
            st.markdown(as_plain(say(language, key, share=f"{share:.0%}")))


def _show_sights(language: str, sights: Sequence[SightScore]) -> None:
    if not sights:
        return
    st.subheader(say(language, "models.sights"))
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


def _show_examples(language: str, version: Version, examples: Sequence[Example]) -> None:
    for is_right, key in ((True, "models.right"), (False, "models.wrong")):
        some = [one for one in examples if one.is_right == is_right]
        if not some:
            continue
        st.subheader(say(language, key))
        columns = st.columns(3)
        for number, example in enumerate(some):
            with columns[number % len(columns)]:
                _show_example(language, version, example)
    if not examples:
        st.caption(say(language, "models.no_examples"))


def _show_example(language: str, version: Version, example: Example) -> None:
    there = ", ".join(one[0] for one in example.there) or say(language, "models.nothing")
    shown = ", ".join(f"{one[0]} ({one[1]:.0%})" for one in example.shown)
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


def _show_curve(language: str, version: Version) -> None:
    if not version.curve:
        return
    st.subheader(say(language, "curve.title"))
    st.image(draw_curve(version.curve), alt=describe_curve(language, version.curve))
    st.caption(say(language, "curve.caption"))


def _show_confusions(language: str, version: Version) -> None:
    if not version.confusions or not any(map(any, version.confusions)):
        return
    st.subheader(say(language, "models.confusion"))
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


def _show_credits(language: str, version: Version) -> None:
    st.subheader(say(language, "models.credits"))
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


def _show_card(language: str, version: Version) -> None:
    if not version.markdown:
        st.caption(say(language, "models.no_card"))
        return
    with st.expander(say(language, "models.card"), icon=":material/description:"):
        # Below the headings of the page.
        st.markdown(re.sub(r"^#", "###", version.markdown, flags=re.MULTILINE))
        st.download_button(
            say(language, "models.card.download"),
            version.markdown,
            file_name=f"{version.city_slug}-{version.model_version}.md",
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
        )
