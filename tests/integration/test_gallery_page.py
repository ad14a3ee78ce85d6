"""The page of photos: what crawls kept and left out, as the API server gives it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from sightscan.warehouse.photos.photos import RejectedPhoto, merge_photos
from tests.cities.doubtful_city import DoubtfulCity, store_doubtful_city
from tests.integration.airflow_client import client_of
from tests.photo_batches import found_photo


@pytest.fixture(scope="module")
def viewer() -> httpx.Client:
    return client_of("vera", "viewer")


@pytest.fixture
def city(warehouse: psycopg.Connection[Any]) -> DoubtfulCity:
    return store_doubtful_city(warehouse)


def get(client: httpx.Client, path: str, **asked: object) -> dict[str, Any]:
    answer = client.get(f"/sightscan/gallery/{path}", params={"city": "vilanova", **asked})
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json()
    return read


def test_photos_come_page_by_page_each_once_with_credit(
    viewer: httpx.Client, city: DoubtfulCity, warehouse: psycopg.Connection[Any]
) -> None:
    kept = {bytes(row[0]).hex() for row in warehouse.execute("select sha256 from core.photo")}
    pages, after = [], dict[str, object]()
    while photos := get(viewer, "kept", most=3, **after)["photos"]:
        pages.append(photos)
        last = photos[-1]
        names = ("recorded_at", "sha256", "sight_id")
        after = {f"after_{name}": last[name] for name in names}
    shown = [photo["sha256"] for page in pages for photo in page]
    assert [len(page) for page in pages] == [3, 3, 2]
    assert sorted(shown) == sorted(kept)
    assert {photo["licence"] for page in pages for photo in page} != {None}


def test_photo_that_was_taken_down_is_not_shown(
    viewer: httpx.Client, city: DoubtfulCity, warehouse: psycopg.Connection[Any]
) -> None:
    shown = get(viewer, "kept")["photos"]
    warehouse.execute(
        "insert into core.removed_photo (sha256, reason, removed_by) values (%s, 'asked', 'ann')",
        (bytes.fromhex(shown[0]["sha256"]),),
    )
    assert get(viewer, "kept")["photos"] == shown[1:]


@pytest.mark.parametrize(
    "name",
    [
        "{sha256}",
        "https://a.example/castle.jpg?w=9",
        "https://www.flickr.com/photos/ann/517/",
        "flickr:517",
    ],
)
def test_photo_is_found_by_whatever_it_is_known_by(
    viewer: httpx.Client, city: DoubtfulCity, warehouse: psycopg.Connection[Any], name: str
) -> None:
    found = replace(
        found_photo(7).attribution,
        url="https://a.example/castle.jpg?w=9",
        identifiers=("flickr:517",),
    )
    castle = replace(found_photo(7), attribution=found)
    merge_photos(warehouse, city.sight_ids["Old Bridge"], [castle], [])
    sha256 = castle.file.sha256.hex()
    photos = get(viewer, "kept", photo=name.format(sha256=sha256))["photos"]
    assert [photo["sha256"] for photo in photos] == [sha256]


def test_name_that_names_no_photo_is_a_sentence(viewer: httpx.Client, city: DoubtfulCity) -> None:
    asked = {"city": "vilanova", "photo": "my house"}
    answer = viewer.get("/sightscan/gallery/kept", params=asked)
    assert answer.status_code == 422
    assert "'my house' is no photo: expected its sha256" in answer.json()["detail"]
    assert get(viewer, "kept", photo="File:None.jpg") == {"photos": []}


def test_what_was_left_out_is_told_with_its_reason_and_counted(
    viewer: httpx.Client, city: DoubtfulCity, warehouse: psycopg.Connection[Any]
) -> None:
    bridge = city.sight_ids["Old Bridge"]
    left_out = [
        RejectedPhoto(f"https://a.example/{number}.jpg", "wikimedia_commons", reason, detail)
        for number, (reason, detail) in enumerate(
            [("licence", "cc-by-nc-4.0"), ("too_small", None)]
        )
    ]
    merge_photos(warehouse, bridge, [], left_out)
    photos = get(viewer, "left-out", sight_id=bridge, reason="licence")["photos"]
    assert [(photo["url"], photo["detail"]) for photo in photos] == [
        ("https://a.example/0.jpg", "cc-by-nc-4.0")
    ]
    counts = get(viewer, "counts")["counts"]
    of_bridge = {row["reason"]: row["photo_count"] for row in counts if row["sight_id"] == bridge}
    assert of_bridge == {None: 0, "licence": 1, "too_small": 1}


@pytest.mark.parametrize(
    "asked",
    [{"sight_id": 0}, {"most": 121}, {"after_sha256": "g"}, {"after_recorded_at": "yesterday"}],
)
def test_senseless_question_is_refused_by_name(viewer: httpx.Client, asked: dict[str, Any]) -> None:
    answer = viewer.get("/sightscan/gallery/kept", params={"city": "vilanova", **asked})
    assert answer.status_code == 422
    assert next(iter(asked)) in answer.text


def test_times_have_a_zone(viewer: httpx.Client, city: DoubtfulCity) -> None:
    recorded_at = datetime.fromisoformat(get(viewer, "kept")["photos"][0]["recorded_at"])
    assert recorded_at.tzinfo is not None
    assert recorded_at <= datetime.now(UTC)
