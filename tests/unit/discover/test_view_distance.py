"""From how far a sight is seen follows from kind and height, else from where photos of it were taken."""

from math import cos, radians
from typing import Any

import psycopg
import pytest

from sightscan.city import Place
from sightscan.discover.cards import learn_view_distances
from sightscan.discover.view_distance import learn_view_distance, view_distance
from sightscan.warehouse.registry.sight_facts import SightFacts, ViewDistance, save_sight_facts
from tests.cities.labelled_city import LabelledCity, draw_world, jpeg_of, store_city, store_photo

ARCHITECTURE, STATUE, SQUARE = "Q811979", "Q179700", "Q174782"
METERS_PER_DEGREE = 111_195
BRIDGE = Place(38.69, -9.17)
# On the antimeridian, as some of Fiji is.
ISLAND = Place(-16.8, 180.0)


@pytest.mark.parametrize(
    ("kinds", "height", "meters", "basis"),
    [
        ((), None, 1500, "usual"),
        ((ARCHITECTURE,), None, 1500, "usual"),
        ((ARCHITECTURE,), 10, 1500, "height"),
        ((ARCHITECTURE,), 100, 5000, "height"),
        ((ARCHITECTURE,), 900, 20000, "height"),
        ((STATUE, ARCHITECTURE), None, 300, "kind"),
        ((STATUE, ARCHITECTURE), 46, 2300, "height"),
        ((SQUARE, ARCHITECTURE), None, 500, "kind"),
    ],
)
def test_sight_is_seen_as_far_as_its_kind_and_height_let_it(
    kinds: tuple[str, ...], height: float | None, meters: float, basis: Any
) -> None:
    assert view_distance(kinds, height) == ViewDistance(meters, basis)


def east_of(place: Place, meters: float) -> Place:
    """Return the place so far east, by longitudes as GPS writes them."""
    degrees = meters / (METERS_PER_DEGREE * cos(radians(place.latitude)))
    return Place(place.latitude, (place.longitude + degrees + 180) % 360 - 180)


def along(place: Place, *meters: float) -> list[Place]:
    return [east_of(place, one) for one in meters]


@pytest.mark.parametrize(
    ("sight", "cameras", "meters", "basis"),
    [
        pytest.param(BRIDGE, [], 1500, "usual", id="none"),
        pytest.param(BRIDGE, along(BRIDGE, *range(50, 1000, 50)), 1500, "usual", id="nineteen"),
        # The farthest of twenty may be wrong, so the one before it counts.
        pytest.param(BRIDGE, along(BRIDGE, *range(50, 1050, 50)), 1900, "photos", id="twenty"),
        pytest.param(
            BRIDGE, along(BRIDGE, *range(50, 1000, 50), 9000), 1900, "photos", id="one is wrong"
        ),
        pytest.param(
            BRIDGE,
            [*along(BRIDGE, *range(50, 1050, 50)), *along(BRIDGE, 25_000, 90_000, 4_000_000)],
            1900,
            "photos",
            id="too far away to be seen",
        ),
        pytest.param(
            BRIDGE,
            [
                *along(BRIDGE, *range(50, 1050, 50)),
                Place(0.0, 0.0),
                Place(-9.17, 38.69),
                Place(38.69, 9.17),
            ],
            1900,
            "photos",
            id="nowhere, turned round, and without its sign",
        ),
        pytest.param(BRIDGE, [BRIDGE] * 500, 1500, "usual", id="copied from the sight"),
        pytest.param(
            BRIDGE, along(BRIDGE, *[400] * 300, 10, 800), 1500, "usual", id="three viewpoints"
        ),
        pytest.param(
            BRIDGE,
            [*along(BRIDGE, *range(50, 1050, 50)), *along(BRIDGE, *[7000] * 300)],
            2000,
            "photos",
            id="a burst from where it is wrong",
        ),
        pytest.param(BRIDGE, along(BRIDGE, *range(15, 515, 12)), 962, "photos", id="in a street"),
        pytest.param(BRIDGE, along(BRIDGE, *range(-140, 145, 10)), 300, "photos", id="least"),
        pytest.param(
            BRIDGE, along(BRIDGE, *range(10_000, 20_000, 400)), 20_000, "photos", id="most"
        ),
        pytest.param(
            ISLAND, along(ISLAND, *range(-1000, 1050, 50)), 1900, "photos", id="antimeridian"
        ),
    ],
)
def test_sight_of_which_nothing_is_known_is_seen_from_where_photos_of_it_were_taken(
    sight: Place, cameras: list[Place], meters: float, basis: Any
) -> None:
    learnt = learn_view_distance(sight, cameras)
    assert learnt.basis == basis
    # Places are rounded to some ten metres.
    assert learnt.meters == pytest.approx(meters, abs=25)


@pytest.fixture
def city(warehouse: psycopg.Connection[Any], tmp_path: Any) -> LabelledCity:
    return store_city(warehouse, draw_world(tmp_path, 1))


def store_views(warehouse: psycopg.Connection[Any], city: LabelledCity, basis: Any) -> None:
    facts = SightFacts(view=ViewDistance(1500, basis))
    save_sight_facts(warehouse, {sight.sight_id or 0: facts for sight in city.sights})


def store_labelled_photos(
    warehouse: psycopg.Connection[Any], city: LabelledCity, name: str, state: str
) -> None:
    """Store 40 photos of a sight, taken up to two kilometres away, with labels in this state."""
    sight = next(sight for sight in city.sights if sight.name == name)
    assert sight.place is not None
    for number in range(40):
        sha256 = store_photo(
            warehouse, jpeg_of(f"{name} from afar {number}"), [city.sight_id(name)]
        )
        camera = east_of(sight.place, 50 * number)
        warehouse.execute(
            "update core.photo_source set camera_latitude = %s, camera_longitude = %s"
            " where sha256 = %s",
            (camera.latitude, camera.longitude, sha256),
        )
        call = warehouse.execute(
            "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
            " run_id, state, price_usd, answer, settled_at) values ('google_vision',"
            " 'landmark_detection', %s, 1, %s, 'd', 'r', 'succeeded', 0, '{}', now())"
            " returning call_id",
            (sha256, city.city.city_id),
        ).fetchone()
        assert call is not None
        warehouse.execute(
            "insert into core.label (call_id, annotation_number, city_id, sha256, sight_id,"
            " description, score, x1, y1, x2, y2, state, reason)"
            " values (%s, 0, %s, %s, %s, %s, 0.9, 0.1, 0.1, 0.9, 0.9, %s, 'a_reason')",
            (call[0], city.city.city_id, sha256, city.sight_id(name), name, state),
        )


def views(warehouse: psycopg.Connection[Any], city: LabelledCity) -> dict[str, tuple[Any, str]]:
    rows = warehouse.execute(
        "select sight.name, round(view_meters), view_basis from core.sight_facts"
        " inner join core.sight using (sight_id) where city_id = %s",
        (city.city.city_id,),
    ).fetchall()
    return {name: (meters, basis) for name, meters, basis in rows}


def test_only_accepted_photos_say_from_how_far_a_sight_is_seen(
    warehouse: psycopg.Connection[Any], city: LabelledCity
) -> None:
    store_views(warehouse, city, "usual")
    store_labelled_photos(warehouse, city, "White Tower", "accepted")
    store_labelled_photos(warehouse, city, "Old Bridge", "held_back")
    assert learn_view_distances(warehouse, city.city) == 1
    learnt = views(warehouse, city)
    meters, basis = learnt.pop("White Tower")
    assert basis == "photos"
    assert meters == pytest.approx(3700, abs=25)
    assert learnt == {"Old Bridge": (1500, "usual"), "Cathedral of Light": (1500, "usual")}
    # What visitors' phones get.
    shown = warehouse.execute(
        "select view_meters from mart.sight_card where name = 'White Tower'"
    ).fetchone()
    assert shown is not None
    assert shown[0] == pytest.approx(3700, abs=25)


def test_what_was_learnt_from_photos_that_are_gone_is_forgotten(
    warehouse: psycopg.Connection[Any], city: LabelledCity
) -> None:
    store_views(warehouse, city, "usual")
    store_labelled_photos(warehouse, city, "White Tower", "accepted")
    learn_view_distances(warehouse, city.city)
    warehouse.execute("update core.label set state = 'held_back'")
    assert learn_view_distances(warehouse, city.city) == 0
    assert views(warehouse, city)["White Tower"] == (1500, "usual")


@pytest.mark.parametrize("basis", ["height", "kind", None])
def test_what_kind_or_height_say_is_not_learnt_anew(
    warehouse: psycopg.Connection[Any], city: LabelledCity, basis: Any
) -> None:
    store_views(warehouse, city, basis)
    store_labelled_photos(warehouse, city, "White Tower", "accepted")
    assert learn_view_distances(warehouse, city.city) == 0
    assert views(warehouse, city)["White Tower"] == (1500, basis)
