"""The review page through Airflow's own API server: its login, its roles, what it asks and gets."""

import io
import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from PIL import Image

from tests.cities.doubtful_city import HOSTILE, DoubtfulCity, store_doubtful_city
from tests.integration.airflow_client import ORIGIN, client_of, stranger

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Staff:
    """Clients of a user who may decide, of one who may only look, of an admin, and of nobody."""

    boss: httpx.Client
    ann: httpx.Client
    vera: httpx.Client
    nobody: httpx.Client


@pytest.fixture(scope="module")
def staff() -> Staff:
    return Staff(
        boss=client_of("boss", "admin"),
        ann=client_of("ann", "user"),
        vera=client_of("vera", "viewer"),
        nobody=stranger(),
    )


@pytest.fixture
def city(warehouse: psycopg.Connection[Any]) -> DoubtfulCity:
    return store_doubtful_city(warehouse)


def next_labels(client: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    answer = client.post("/sightscan/review/next", json={"city": "vilanova"} | asked)
    assert answer.status_code == 200, answer.text
    labels: list[dict[str, Any]] = answer.json()["labels"]
    return labels


def decision_of(label_id: int, decision: str = "reject", **more: Any) -> dict[str, Any]:
    return {
        "decisions": [
            {"review_id": str(uuid4()), "label_id": label_id, "decision": decision} | more
        ]
    }


PATHS = (
    ("GET", "/sightscan/review/"),
    ("GET", "/sightscan/review/start"),
    ("GET", "/sightscan/review/waiting?city=vilanova"),
    ("GET", "/sightscan/gallery/"),
    ("GET", "/sightscan/gallery/start"),
    ("GET", "/sightscan/gallery/counts?city=vilanova"),
    ("GET", "/sightscan/gallery/kept?city=vilanova"),
    ("GET", "/sightscan/gallery/left-out?city=vilanova"),
    ("GET", f"/sightscan/photos/{'0' * 64}.jpeg"),
    ("GET", "/sightscan/requests/"),
    ("GET", "/sightscan/requests/list"),
    ("POST", "/sightscan/requests/decide"),
    ("POST", "/sightscan/review/next"),
    ("POST", "/sightscan/review/decide"),
    ("POST", "/sightscan/review/bulk"),
)


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_without_a_login_nothing_is_given(staff: Staff, method: str, path: str) -> None:
    answer = staff.nobody.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == 401


def test_forged_token_is_no_login(staff: Staff) -> None:
    answer = staff.nobody.get("/sightscan/review/start", headers={"Cookie": "_token=a.b.c"})
    assert answer.status_code in (401, 403)


def test_browser_without_a_login_is_led_to_it_and_back(staff: Staff) -> None:
    answer = staff.nobody.get(
        "/sightscan/review/", headers={"Accept": "text/html"}, follow_redirects=False
    )
    assert answer.status_code == 307
    assert "/auth/login" in answer.headers["location"]
    assert "sightscan%2Freview" in answer.headers["location"]


def test_viewer_may_look_but_not_decide(staff: Staff, city: DoubtfulCity) -> None:
    assert staff.vera.get("/sightscan/review/start").json()["may_decide"] is False
    answer = staff.vera.post("/sightscan/review/decide", json=decision_of(city.uncertain))
    assert answer.status_code == 403


def test_decision_is_stored_under_the_name_of_the_login(
    staff: Staff, city: DoubtfulCity, warehouse: psycopg.Connection[Any]
) -> None:
    label = next_labels(staff.ann)[0]
    body = decision_of(label["label_id"])
    body["decisions"][0]["reviewed_by"] = "somebody else"
    assert staff.ann.post("/sightscan/review/decide", json=body).json() == {"stored": 1}
    rows = warehouse.execute("select label_id, decision, reviewed_by from core.label_review")
    assert rows.fetchall() == [(city.held_back[0], "reject", "ann")]


def test_label_comes_with_what_a_person_needs_to_decide(staff: Staff, city: DoubtfulCity) -> None:
    label = next_labels(staff.ann)[0]
    assert label["sight_name"] == "White Tower"
    assert (label["reason"], label["query"], label["distance_meters"]) == ("low_score", "q", 1112)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": ORIGIN}, 200),
        # A proxy renamed the host; the browser itself says that it is the same origin.
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://airflow.example"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
)
def test_only_the_own_page_may_decide(
    staff: Staff, city: DoubtfulCity, headers: dict[str, str], status: int
) -> None:
    body = decision_of(city.uncertain)
    answer = staff.ann.post("/sightscan/review/decide", json=body, headers=headers)
    assert answer.status_code == status, answer.text


def test_page_runs_no_script_but_its_own(staff: Staff) -> None:
    answer = staff.ann.get("/sightscan/review/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "<script>" not in answer.text


def test_what_strangers_wrote_is_sent_as_json_that_no_browser_takes_for_a_page(
    staff: Staff, city: DoubtfulCity
) -> None:
    body = {"city": "vilanova", "kinds": ["unmatched"]}
    answer = staff.ann.post("/sightscan/review/next", json=body)
    assert answer.json()["labels"][0]["description"] == HOSTILE
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_photo_is_scaled_down_and_never_up(staff: Staff, city: DoubtfulCity) -> None:
    path = f"/sightscan/photos/{next_labels(staff.ann)[0]['sha256']}.jpeg"
    for side, expected in ((64, (64, 48)), (1280, (320, 240))):
        answer = staff.ann.get(path, params={"side": side})
        assert answer.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(answer.content)).size == expected


def test_bulk_that_is_not_as_large_as_was_said_is_a_conflict_with_a_sentence(
    staff: Staff, city: DoubtfulCity
) -> None:
    order = {
        "order_id": str(uuid4()),
        "city": "vilanova",
        "kind": "held_back",
        "reason": "low_score",
        "sight_id": city.sight_ids["White Tower"],
        "decision": "reject",
        "expected_count": 5,
    }
    answer = staff.ann.post("/sightscan/review/bulk", json=order)
    assert answer.status_code == 409
    assert "4 labels wait now" in answer.json()["detail"]
    answer = staff.ann.post("/sightscan/review/bulk", json=order | {"expected_count": 4})
    assert sorted(answer.json()["label_ids"]) == sorted(city.held_back)


def test_city_that_is_not_there_is_a_sentence(staff: Staff, city: DoubtfulCity) -> None:
    answer = staff.ann.post("/sightscan/review/next", json={"city": "vilanov"})
    assert answer.status_code == 404
    assert "vilanova" in answer.json()["detail"]


NOT_TO_BE_STORED = ("nul\\u0000", "half \\ud800", "\\udc00")


@pytest.mark.parametrize("text", NOT_TO_BE_STORED)
@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("next", "city"),
        ("next", "reason"),
        ("next", "kinds"),
        ("bulk", "city"),
        ("bulk", "reason"),
        ("bulk", "kind"),
        ("bulk", "decision"),
        ("bulk", "order_id"),
        ("decide", "decision"),
        ("decide", "review_id"),
    ],
)
def test_text_that_cannot_be_stored_is_refused_and_not_repeated(
    staff: Staff, city: DoubtfulCity, path: str, place: str, text: str
) -> None:
    order: dict[str, Any] = {
        "order_id": str(uuid4()),
        "city": "vilanova",
        "kind": "held_back",
        "reason": "low_score",
        "sight_id": city.sight_ids["White Tower"],
        "decision": "reject",
        "expected_count": 1,
    }
    if path == "decide":
        order = decision_of(city.uncertain)
        order["decisions"][0][place] = "X"
    else:
        order[place] = "X"
    body = json.dumps(order).replace('"X"', f'"{text}"')
    answer = staff.ann.post(f"/sightscan/review/{path}", content=body, headers=JSON)
    assert answer.status_code == 422, answer.text
    assert place in answer.json()["detail"][0]["loc"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_number_that_is_none_is_refused(staff: Staff, city: DoubtfulCity, number: str) -> None:
    body = f'{{"city": "vilanova", "min_score": {number}}}'
    answer = staff.ann.post("/sightscan/review/next", content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "min_score"]


@pytest.mark.parametrize(
    "path",
    [
        "review/waiting?city=%00",
        "gallery/counts?city=%00",
        "gallery/kept?city=%00",
        "gallery/kept?city=vilanova&photo=http://a.example/%00",
        "gallery/left-out?city=vilanova&reason=%00",
    ],
)
def test_address_that_cannot_be_asked_for_is_refused(
    staff: Staff, city: DoubtfulCity, path: str
) -> None:
    answer = staff.ann.get(f"/sightscan/{path}")
    assert answer.status_code == 422
    assert "without NUL" in answer.json()["detail"][0]["msg"]


def test_airflow_lists_the_page_in_its_menu(staff: Staff) -> None:
    plugins = staff.boss.get("/api/v2/plugins").json()["plugins"]
    views = [view["href"] for plugin in plugins for view in plugin["external_views"]]
    assert views == [
        f"/sightscan/{path}/"
        for path in ("overview", "review", "gallery", "models", "requests", "reports")
    ]
