"""The page of models: what each version is, how good it is by sight, and whose photos are in it."""

import re
from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from detector_app.curve import describe_curve, draw_curve
from detector_app.errors import WarehouseAway
from detector_app.model_facts import ListedVersion, Version
from detector_app.resources import listed_versions, version_facts
from detector_app.texts import say, write_share
from detector_app.views.model_photos import show_credits, show_examples
from detector_app.views.model_tables import show_confusions, show_sights
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
        show_sights(language, facts.sights)
        show_examples(language, facts.version, facts.examples)
        _show_curve(language, facts.version)
        show_confusions(language, facts.version)
        show_credits(language, facts.version)
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
    st.header(say(language, "models.standing"))
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
            st.markdown(as_plain(say(language, key, share=write_share(language, share))))


def _show_curve(language: str, version: Version) -> None:
    if not version.curve:
        return
    st.header(say(language, "curve.title"))
    st.image(draw_curve(version.curve), alt=describe_curve(language, version.curve))
    st.caption(say(language, "curve.caption"))


def _show_card(language: str, version: Version) -> None:
    if not version.markdown:
        st.caption(say(language, "models.no_card"))
        return
    with st.expander(say(language, "models.card"), icon=":material/description:"):
        # Below the headings of the page.
        st.markdown(re.sub(r"^#", "##", version.markdown, flags=re.MULTILINE))
        st.download_button(
            say(language, "models.card.download"),
            version.markdown,
            file_name=f"{version.city_slug}-{version.model_version}.md",
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
        )
