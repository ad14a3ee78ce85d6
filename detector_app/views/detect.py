"""The page that the app is for: choose a city, show it a photo or the webcam, read the names."""

from datetime import UTC, datetime

import streamlit as st

from detector_app.catalogue import Catalogue, City, PublishedModel
from detector_app.city_search import search_cities
from detector_app.errors import AppError, ModelRefused, ModelUnavailable
from detector_app.models.inference import Detector
from detector_app.models.model_store import is_kept
from detector_app.photos.overlay import choose_colours
from detector_app.resources import current_catalogue, current_detector
from detector_app.settings import read_settings
from detector_app.texts import say
from detector_app.views.live_tab import show_live_tab
from detector_app.views.photo_tab import show_photo_tab
from detector_app.visitor import current_language
from detector_app.wording import (
    as_plain,
    describe_age,
    describe_city,
    describe_preparation,
    describe_quality,
    describe_signature,
    list_known_sights,
)

_MEGA = 1_000_000


def show() -> None:
    """Draw the page."""
    try:
        settings = read_settings()
    except AppError as error:
        st.error(as_plain(str(error)), icon=":material/settings:")
        return
    catalogue = current_catalogue()
    st.session_state["catalogue_shown"] = _signature(catalogue)
    st.title("What am I looking at?")
    st.html(
        '<p class="ss-lead">Choose a city, show a photo or point the camera: '
        "SightScan names its sights.</p>"
    )
    _show_state(catalogue)
    if catalogue.cities:
        _show_city(catalogue, settings.confidence_threshold)
    if catalogue.away:
        with st.expander("For whoever runs this app", icon=":material/settings:"):
            st.text(catalogue.away)
    # Last, so that what the visitor sees is complete before anything is looked up again.
    st.fragment(_watch_catalogue, run_every=settings.catalogue_refresh_seconds)()


def _show_state(catalogue: Catalogue) -> None:
    if catalogue.away is None:
        if not catalogue.cities:
            st.info(
                "SightScan knows no city yet. As soon as one is added, it appears here by itself.",
                icon=":material/travel_explore:",
            )
        return
    if catalogue.as_of is None:
        st.warning(
            "The warehouse is away, and this machine has not seen it before, so there is no city "
            "to choose. The page looks again by itself; if this stays, see the help page.",
            icon=":material/cloud_off:",
        )
    else:
        age = describe_age(catalogue.as_of, datetime.now(UTC))
        st.warning(
            f"The warehouse is away; these are the cities as of {age}. Detectors that were used "
            "on this machine before work as ever.",
            icon=":material/cloud_off:",
        )


def _show_city(catalogue: Catalogue, confidence_threshold: float) -> None:
    chooser, threshold_place = st.columns([3, 2], gap="large", vertical_alignment="bottom")
    with chooser:
        city = _choose_city(catalogue)
    if city is None:
        st.info("Choose a city above to begin.", icon=":material/arrow_upward:")
        return
    if city.model is None:
        st.info(as_plain(describe_preparation(city)), icon=":material/hourglass_top:")
        return
    _tell_of_new_model(city, city.model)
    detector = _load(city.model)
    if detector is None:
        return
    with threshold_place:
        min_confidence = _choose_confidence(detector, confidence_threshold)
    _show_model(city.model, detector)
    photo, live = st.tabs([":material/image: Photo", ":material/videocam: Live"])
    with photo:
        show_photo_tab(city, detector, min_confidence)
    with live:
        show_live_tab(city, city.model, min_confidence)


def _choose_confidence(detector: Detector, confidence_threshold: float) -> float | None:
    """Let the visitor see less sure names; None are the thresholds of the detector."""
    percent = round(confidence_threshold * 100)
    if detector.has_thresholds:
        shows_all = st.toggle(
            f"Show every name from {percent}% confidence on",
            key="shows_unsure",
            persist_state="session",
            help=(
                "Off: each sight is shown from the confidence on with which this detector was "
                "judged before it was published. On: more is shown, and more of it is wrong."
            ),
        )
        return confidence_threshold if shows_all else None
    percent = st.slider(
        "Show sights from this confidence on",
        min_value=5,
        max_value=95,
        value=percent,
        step=5,
        format="%d%%",
        key="confidence_percent",
        persist_state="session",
        help="Lower shows more and errs more often; higher shows only what is certain.",
    )
    return percent / 100


def _choose_city(catalogue: Catalogue) -> City | None:
    slugs = [city.slug for city in catalogue.cities]
    first = _first_choice(catalogue)
    chosen = st.selectbox(
        "City",
        slugs,
        index=slugs.index(first) if first else None,
        format_func=lambda one: _describe(catalogue, one),
        placeholder="Type the name of a city",
        key="city_slug",
        persist_state="session",
        # The browser's own search takes letters as they are written: what it does not find is
        # looked for here, without accents and by the city's other names.
        accept_new_options=True,
    )
    city = _find_typed(catalogue, chosen)
    if city:
        # The address of the page names the city, so that it can be kept and sent to others.
        st.query_params["city"] = city.slug
    else:
        _say_unknown(catalogue, chosen or st.query_params.get("city"))
    return city


def _find_typed(catalogue: Catalogue, typed: str | None) -> City | None:
    """Return the city of this slug, else the only one that has such a name."""
    if not typed:
        return None
    found = search_cities(catalogue, typed)
    return catalogue.find_city(typed) or (found[0] if len(found) == 1 else None)


def _say_unknown(catalogue: Catalogue, name: str | None) -> None:
    if not name:
        return
    near = ", ".join(as_plain(city.name) for city in search_cities(catalogue, name))
    advice = f"Did you mean one of these: {near}?" if near else "Choose one of the list."
    st.warning(
        f"SightScan knows no city “{as_plain(name)}” here. {advice}",
        icon=":material/wrong_location:",
    )
    ask_page = st.session_state.get("ask_page")
    if ask_page and st.button(say(current_language(), "detect.ask"), icon=":material/add:"):
        st.session_state["ask_name"] = name
        st.switch_page(ask_page)


def _first_choice(catalogue: Catalogue) -> str | None:
    """Return the city that the page's address asks for, else the only one that has a detector.

    An address that asks for an unknown one gets none, rather than another.
    """
    asked = st.query_params.get("city")
    if asked:
        found = _find_typed(catalogue, asked)
        return found.slug if found else None
    ready = [city.slug for city in catalogue.cities if _is_usable(catalogue, city)]
    return ready[0] if len(ready) == 1 else None


def _describe(catalogue: Catalogue, slug: str) -> str:
    city = _find_typed(catalogue, slug)
    return describe_city(city, is_here=_is_usable(catalogue, city)) if city else slug


def _is_usable(catalogue: Catalogue, city: City) -> bool:
    """Tell whether the city's model can be had now: from the warehouse, else from the disk."""
    if city.model is None:
        return False
    return catalogue.away is None or is_kept(city.model, read_settings().model_cache_dir)


def _load(model: PublishedModel) -> Detector | None:
    megabytes = model.onnx_bytes / _MEGA
    try:
        with st.spinner(f"Getting the detector ready ({megabytes:.0f} MB, fetched only once)"):
            return current_detector(model)
    except ModelUnavailable as error:
        st.warning(as_plain(str(error)), icon=":material/cloud_off:")
    except ModelRefused as error:
        st.error(as_plain(str(error)), icon=":material/gpp_bad:")
    return None


def _show_model(model: PublishedModel, detector: Detector) -> None:
    about, known = st.columns([3, 2], gap="large", vertical_alignment="center")
    about.markdown(
        f"**Version {model.model_version}** {describe_quality(model)}.",
        help=(
            f"mAP50 {model.map50:.2f}, mAP50-95 {model.map50_95:.2f}; published "
            f"{model.published_at:%Y-%m-%d}; "
            f"{describe_signature(model, is_checked=bool(read_settings().public_keys))}."
        ),
    )
    label = f"The {len(detector.shown_names)} sights it knows"
    with known.popover(label, icon=":material/account_balance:", type="tertiary"):
        st.html(list_known_sights(detector.shown_names, choose_colours(detector.class_names)))


def _tell_of_new_model(city: City, model: PublishedModel) -> None:
    """Say it once when the model of a city changed since this visitor last saw the city."""
    versions: dict[str, int] = st.session_state.setdefault("versions_seen", {})
    before = versions.get(city.slug)
    versions[city.slug] = model.model_version
    if before is not None and before != model.model_version:
        st.toast(
            f"{as_plain(city.name)} has another detector: version {model.model_version} in place of "
            f"{before}. It is in use now.",
            icon=":material/auto_awesome:",
        )


def _watch_catalogue() -> None:
    """Draw the page anew when cities or models have changed since it was drawn."""
    if st.session_state.get("catalogue_shown") != _signature(current_catalogue()):
        st.rerun(scope="app")


def _signature(catalogue: Catalogue) -> tuple[object, ...]:
    # Without the time of asking, which changes with every answer.
    return (catalogue.away is None, catalogue.cities)
