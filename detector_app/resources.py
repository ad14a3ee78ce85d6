"""What all visitors of one app share: the catalogue for some seconds, the loaded models, the shelf.

Streamlit runs a page's code anew at every click; these caches keep the warehouse from being asked
and the models from being loaded each time.
"""

import logging
import time
from uuid import UUID

import streamlit as st

from detector_app.asking import LOOK_SECONDS
from detector_app.catalogue import Catalogue, PublishedModel, read_catalogue
from detector_app.errors import WarehouseAway
from detector_app.model_facts import (
    Credit,
    ListedVersion,
    VersionFacts,
    list_credits,
    list_versions,
    read_version,
)
from detector_app.models.inference import Detector, load_detector
from detector_app.models.model_store import obtain_model
from detector_app.settings import read_settings
from detector_app.sharing import SHARING_CITIES, SHARING_SIGHTS, SharingCity, SharingSight
from detector_app.sight_cards import SightCards, read_cards
from detector_app.warehouse import Warehouse
from detector_app.web.model_shelf import ModelShelf

# Models that visitors use at the same time stay loaded; each takes about 30 MB.
MAX_LOADED_MODELS = 8
# Photos that were taken down leave the cards within this time.
CARDS_REFRESH_SECONDS = 300
# Some 30 KB each.
MAX_CITIES_WITH_CARDS = 500
# However many look at the page of a city, it is asked about as often as this.
CITY_PROGRESS_SECONDS = 4
MAX_KEPT_PROGRESS = 200
# However many have the page of a request open, and however often a page draws itself.
MAX_KEPT_ANSWERS = 1000
# What a version is changes with a publication or a take-down; a picture that was taken down is gone by then.
VERSION_SECONDS = 60
# With at most twelve pictures of 100 KB each.
MAX_KEPT_VERSIONS = 20

logger = logging.getLogger(__name__)


def current_catalogue() -> Catalogue:
    """Return the cities and models, at most `CATALOGUE_REFRESH_SECONDS` old."""
    settings = read_settings()
    return _catalogue_of_period(int(time.time() / settings.catalogue_refresh_seconds))


def current_warehouse() -> Warehouse:
    """Return where the warehouse is."""
    return Warehouse.from_settings(read_settings())


@st.cache_data(max_entries=MAX_KEPT_ANSWERS, ttl=LOOK_SECONDS, show_spinner=False)
def city_answer(request_id: str) -> dict[str, object] | None:
    """Return what became of a request, some seconds old at most; raise `WarehouseAway`."""
    return current_warehouse().find_city_answer(UUID(request_id))


@st.cache_data(max_entries=MAX_KEPT_PROGRESS, ttl=CITY_PROGRESS_SECONDS, show_spinner=False)
def city_progress(city_slug: str) -> dict[str, object] | None:
    """Return how far a city is, some seconds old at most; raise `WarehouseAway`."""
    return current_warehouse().find_city_progress(city_slug)


@st.cache_data(max_entries=1, ttl=VERSION_SECONDS, show_spinner=False)
def listed_versions() -> tuple[ListedVersion, ...]:
    """Return the judged versions of all cities, a minute old at most; raise `WarehouseAway`."""
    return list_versions(current_warehouse())


@st.cache_data(max_entries=MAX_KEPT_VERSIONS, ttl=VERSION_SECONDS, show_spinner=False)
def version_facts(city_slug: str, model_version: int) -> VersionFacts | None:
    """Return what is known of a version, a minute old at most; raise `WarehouseAway`."""
    return read_version(current_warehouse(), city_slug, model_version)


@st.cache_data(max_entries=MAX_KEPT_VERSIONS, ttl=VERSION_SECONDS, show_spinner=False)
def version_credits(city_slug: str, model_version: int, page: int) -> tuple[Credit, ...]:
    """Return a page of whom to name, a minute old at most; raise `WarehouseAway`."""
    return list_credits(current_warehouse(), city_slug, model_version, page)


@st.cache_data(max_entries=1, ttl=VERSION_SECONDS, show_spinner=False)
def sharing_cities() -> tuple[SharingCity, ...]:
    """Return the cities that photos can be shared for; raise `WarehouseAway`."""
    cities: tuple[SharingCity, ...] = SHARING_CITIES.validate_python(
        current_warehouse().ask("list_sharing_cities", {})
    )
    return cities


@st.cache_data(max_entries=MAX_KEPT_PROGRESS, ttl=VERSION_SECONDS, show_spinner=False)
def sharing_sights(city_id: str) -> tuple[SharingSight, ...]:
    """Return the sights of a city; raise `WarehouseAway`."""
    sights: tuple[SharingSight, ...] = SHARING_SIGHTS.validate_python(
        current_warehouse().ask("list_sharing_sights", {"city_id": city_id})
    )
    return sights


def current_detector(model: PublishedModel) -> Detector:
    """Return the loaded detector of a published model; it is loaded once for all visitors.

    Raises `ModelUnavailable` or `ModelRefused`; neither is remembered, so a later try may succeed.
    """
    return _detector_of(model.onnx_sha256, model.class_names, model)


def current_cards(city_slug: str) -> SightCards:
    """Return the cards of a city's sights, at most `CARDS_REFRESH_SECONDS` old; none while the warehouse is away."""
    if current_catalogue().away:
        return SightCards()
    try:
        return _cards_of_period(city_slug, int(time.time() / CARDS_REFRESH_SECONDS))
    except WarehouseAway as error:
        logger.warning("cards of %s: %s", city_slug, error)
        return SightCards()


def shown_card_photos() -> frozenset[str]:
    """Return the hashes of all photos that cards show now.

    Raises `WarehouseAway`: an answer that lacks some city's would take its photos for removed ones.
    """
    catalogue = current_catalogue()
    if catalogue.away:
        raise WarehouseAway(catalogue.away)
    period = int(time.time() / CARDS_REFRESH_SECONDS)
    cards = (_cards_of_period(city.slug, period) for city in catalogue.cities if city.model)
    return frozenset(
        card.photo_sha256 for one in cards for card in one.by_name.values() if card.photo_sha256
    )


@st.cache_resource(show_spinner=False)
def model_shelf() -> ModelShelf:
    """Return the shelf of models that browsers may have."""
    return ModelShelf(_obtain, read_settings().model_cache_dir)


# One for all, as it cannot be changed: a copy for each question takes as long as the answer.
@st.cache_resource(max_entries=1, show_spinner=False)
def _catalogue_of_period(period: int) -> Catalogue:
    # The number of the period is the key: when it changes, the answer is too old.
    del period
    settings = read_settings()
    return read_catalogue(Warehouse.from_settings(settings), settings.model_cache_dir)


@st.cache_resource(max_entries=MAX_CITIES_WITH_CARDS, show_spinner=False)
def _cards_of_period(city_slug: str, period: int) -> SightCards:
    del period
    return read_cards(Warehouse.from_settings(read_settings()), city_slug)


@st.cache_resource(max_entries=MAX_LOADED_MODELS, show_spinner=False)
def _detector_of(
    onnx_sha256: str, shown_names: tuple[str, ...], _model: PublishedModel
) -> Detector:
    del onnx_sha256
    return load_detector(_obtain(_model), shown_names)


def _obtain(model: PublishedModel) -> bytes:
    settings = read_settings()
    return obtain_model(
        model, Warehouse.from_settings(settings), settings.model_cache_dir, settings.public_keys
    )
