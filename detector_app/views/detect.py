"""The page that the app is for: choose a city, show it a photo or the webcam, read the names."""

from datetime import UTC, datetime

import streamlit as st

from detector_app.catalogue import Catalogue, City, PublishedModel
from detector_app.errors import AppError, ModelRefused, ModelUnavailable
from detector_app.models.inference import Detector
from detector_app.photos.overlay import choose_colours
from detector_app.resources import current_catalogue, current_detector
from detector_app.settings import read_settings
from detector_app.texts import count, say, write_number, write_share
from detector_app.views.city_choice import choose_city
from detector_app.views.live_tab import show_live_tab
from detector_app.views.photo_tab import show_photo_tab
from detector_app.visitor import current_language, remember_visitor
from detector_app.wording import (
    as_plain,
    describe_age,
    describe_preparation,
    describe_quality,
    describe_signature,
    list_known_sights,
)

_MEGA = 1_000_000


def show() -> None:
    """Draw the page."""
    language = current_language()
    try:
        settings = read_settings()
    except AppError as error:
        st.error(
            as_plain(say(language, "settings.wrong", detail=error)), icon=":material/settings:"
        )
        return
    catalogue = current_catalogue()
    st.session_state["catalogue_shown"] = _signature(catalogue)
    # Without a link to itself, which whoever has no mouse would pass on the way to the camera.
    st.title(say(language, "detect.title"), anchor=False)
    st.html(f'<p class="ss-lead">{say(language, "detect.lead")}</p>')
    _show_state(language, catalogue)
    if catalogue.cities:
        _show_city(language, catalogue, settings.confidence_threshold)
    if catalogue.away:
        with st.expander(say(language, "detect.operator"), icon=":material/settings:"):
            st.text(catalogue.away)
    # After the answers, of which it tells those who listen.
    remember_visitor()
    # Last, so that what the visitor sees is complete before anything is looked up again.
    st.fragment(_watch_catalogue, run_every=settings.catalogue_refresh_seconds)()


def _show_state(language: str, catalogue: Catalogue) -> None:
    if catalogue.away is None:
        if not catalogue.cities:
            st.info(say(language, "detect.no_city"), icon=":material/travel_explore:")
        return
    if catalogue.as_of is None:
        st.warning(say(language, "detect.away.new"), icon=":material/cloud_off:")
    else:
        age = describe_age(language, catalogue.as_of, datetime.now(UTC))
        st.warning(say(language, "detect.away.known", age=age), icon=":material/cloud_off:")


def _show_city(language: str, catalogue: Catalogue, confidence_threshold: float) -> None:
    chooser, threshold_place = st.columns([3, 2], gap="large", vertical_alignment="bottom")
    with chooser:
        city = choose_city(language, catalogue)
    if city is None:
        st.info(say(language, "detect.choose"), icon=":material/arrow_upward:")
        return
    if city.model is None:
        st.info(as_plain(describe_preparation(language, city)), icon=":material/hourglass_top:")
        return
    _tell_of_new_model(language, city, city.model)
    detector = _load(language, city.model)
    if detector is None:
        return
    with threshold_place:
        min_confidence = _choose_confidence(language, detector, confidence_threshold)
    photo, live = st.tabs(
        [
            f":material/image: {say(language, 'photo.tab')}",
            f":material/videocam: {say(language, 'live.tab')}",
        ]
    )
    with photo:
        show_photo_tab(language, city, city.model, detector, min_confidence)
    with live:
        show_live_tab(language, city, city.model, min_confidence)
    # Below what people come for, so that photo and camera are near.
    _show_model(language, city.model, detector)


def _choose_confidence(
    language: str, detector: Detector, confidence_threshold: float
) -> float | None:
    """Let the visitor see less sure names; None are the thresholds of the detector."""
    if detector.has_thresholds:
        shows_all = st.toggle(
            say(language, "detect.all", percent=write_share(language, confidence_threshold)),
            key="shows_unsure",
            persist_state="session",
            help=say(language, "detect.all.help"),
        )
        return confidence_threshold if shows_all else None
    percent = st.slider(
        say(language, "detect.from"),
        min_value=5,
        max_value=95,
        value=round(confidence_threshold * 100),
        step=5,
        format="%d%%",
        key="confidence_percent",
        persist_state="session",
        help=say(language, "detect.from.help"),
    )
    return percent / 100


def _load(language: str, model: PublishedModel) -> Detector | None:
    megabytes = write_number(language, model.onnx_bytes / _MEGA)
    try:
        with st.spinner(say(language, "detect.fetching", megabytes=megabytes)):
            return current_detector(model)
    except ModelUnavailable as error:
        st.warning(as_plain(error.told(language)), icon=":material/cloud_off:")
    except ModelRefused as error:
        st.error(as_plain(say(language, "model.refused", detail=error)), icon=":material/gpp_bad:")
    return None


def _show_model(language: str, model: PublishedModel, detector: Detector) -> None:
    about, known = st.columns([3, 2], gap="large", vertical_alignment="center")
    version = f"{say(language, 'models.version')} {model.model_version}"
    figures = say(
        language,
        "detect.figures",
        map50=write_number(language, model.map50, 2),
        map50_95=write_number(language, model.map50_95, 2),
        day=f"{model.published_at:%Y-%m-%d}",
        signature=describe_signature(language, model, is_checked=bool(read_settings().public_keys)),
    )
    about.markdown(f"**{version}** {describe_quality(language, model)}.", help=figures)
    label = count(language, "detect.knows", len(detector.shown_names))
    with known.popover(label, icon=":material/account_balance:", type="tertiary"):
        colours = choose_colours(detector.class_names)
        names = detector.names_in(language)
        st.html(list_known_sights(language, detector.shown_names, colours, names))


def _tell_of_new_model(language: str, city: City, model: PublishedModel) -> None:
    """Say it once when the model of a city changed since this visitor last saw the city."""
    versions: dict[str, int] = st.session_state.setdefault("versions_seen", {})
    before = versions.get(city.slug)
    versions[city.slug] = model.model_version
    if before is not None and before != model.model_version:
        told = say(
            language,
            "detect.other_model",
            city=as_plain(city.name),
            version=model.model_version,
            before=before,
        )
        st.toast(told, icon=":material/auto_awesome:")


def _watch_catalogue() -> None:
    """Draw the page anew when cities or models have changed since it was drawn."""
    if st.session_state.get("catalogue_shown") != _signature(current_catalogue()):
        st.rerun(scope="app")


def _signature(catalogue: Catalogue) -> tuple[object, ...]:
    # Without the time of asking, which changes with every answer.
    return (catalogue.away is None, catalogue.cities)
