"""The about page: what this is, which detectors are in place, whose work is in it."""

from collections.abc import Sequence

import streamlit as st

from detector_app.catalogue import City
from detector_app.errors import AppError
from detector_app.resources import current_catalogue
from detector_app.texts import say
from detector_app.visitor import current_language, remember_visitor
from detector_app.wording import (
    as_plain,
    describe_city,
    describe_named_sights,
    describe_named_strangers,
)


def show() -> None:
    """Draw the page."""
    language = current_language()
    remember_visitor()
    st.title(say(language, "about.title"))
    st.markdown(say(language, "about.what"))
    try:
        catalogue = current_catalogue()
    except AppError as error:
        st.error(
            as_plain(say(language, "settings.wrong", detail=error)), icon=":material/settings:"
        )
        return
    st.header(say(language, "about.detectors"))
    cities = [city for city in catalogue.cities if city.model]
    if cities:
        _show_detectors(language, cities)
    else:
        st.caption(say(language, "about.none"))
    st.markdown(say(language, "about.privacy"))
    st.markdown(say(language, "about.credits"))


def _show_detectors(language: str, cities: Sequence[City]) -> None:
    models = [(describe_city(language, city), city.model) for city in cities if city.model]
    city_head, version_head, published_head = (
        say(language, f"about.{name}") for name in ("city", "version", "published")
    )
    st.dataframe(
        [
            {
                city_head: city,
                version_head: model.model_version,
                published_head: model.published_at,
                say(language, "about.sights"): len(model.class_names),
                say(language, "about.named"): describe_named_sights(language, model)
                or say(language, "about.named.unknown"),
                say(language, "about.strangers"): describe_named_strangers(language, model)
                or say(language, "about.strangers.unknown"),
            }
            for city, model in models
        ],
        hide_index=True,
        column_config={
            published_head: st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
        },
    )
    st.caption(say(language, "about.measured"))
    with st.expander(say(language, "about.debug"), icon=":material/bug_report:"):
        st.dataframe(
            [
                {
                    city_head: city,
                    version_head: model.model_version,
                    say(language, "about.test_photos"): model.test_photo_count,
                    "mAP50": model.map50,
                    "mAP50-95": model.map50_95,
                    "sha256": model.onnx_sha256[:12],
                }
                for city, model in models
            ],
            hide_index=True,
            column_config={
                "mAP50": st.column_config.NumberColumn(format="%.2f"),
                "mAP50-95": st.column_config.NumberColumn(format="%.2f"),
            },
        )
