"""Choose a city on the Detect page: by the list, by the page's address, by any of its names."""

import streamlit as st

from detector_app.catalogue import Catalogue, City
from detector_app.city_search import search_cities
from detector_app.models.model_store import is_kept
from detector_app.settings import read_settings
from detector_app.texts import say
from detector_app.wording import as_plain, describe_city


def choose_city(language: str, catalogue: Catalogue) -> City | None:
    """Draw the list and return the city that is chosen; say it if there is none of that name."""
    slugs = [city.slug for city in catalogue.cities]
    first = _first_choice(catalogue)
    chosen = st.selectbox(
        say(language, "ask.label"),
        slugs,
        index=slugs.index(first) if first else None,
        format_func=lambda one: _describe(language, catalogue, one),
        placeholder=say(language, "detect.type"),
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
        _say_unknown(language, catalogue, chosen or st.query_params.get("city"))
    return city


def _find_typed(catalogue: Catalogue, typed: str | None) -> City | None:
    """Return the city of this slug, else the only one that has such a name."""
    if not typed:
        return None
    found = search_cities(catalogue, typed)
    return catalogue.find_city(typed) or (found[0] if len(found) == 1 else None)


def _say_unknown(language: str, catalogue: Catalogue, name: str | None) -> None:
    if not name:
        return
    near = ", ".join(as_plain(city.name) for city in search_cities(catalogue, name))
    unknown = say(language, "detect.unknown", name=as_plain(name))
    advice = say(language, "detect.unknown.near" if near else "detect.unknown.list", names=near)
    st.warning(f"{unknown} {advice}", icon=":material/wrong_location:")
    ask_page = st.session_state.get("ask_page")
    if ask_page and st.button(say(language, "detect.ask"), icon=":material/add:"):
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


def _describe(language: str, catalogue: Catalogue, slug: str) -> str:
    city = _find_typed(catalogue, slug)
    return describe_city(language, city, is_here=_is_usable(catalogue, city)) if city else slug


def _is_usable(catalogue: Catalogue, city: City) -> bool:
    """Tell whether the city's model can be had now: from the warehouse, else from the disk."""
    if city.model is None:
        return False
    return catalogue.away is None or is_kept(city.model, read_settings().model_cache_dir)
