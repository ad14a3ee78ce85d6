"""POST /api/report: what a person reports is small, bounded and without metadata before it is stored."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import anyio
import pytest
from PIL import Image
from starlette.requests import Request

from detector_app.catalogue import Catalogue, City
from detector_app.errors import WarehouseAway
from detector_app.warehouse import Warehouse
from detector_app.web import report_route
from detector_app.web.limits import RateLimit

if TYPE_CHECKING:
    from detector_app.catalogue import PublishedModel

WHOLE = {"city": "malaga", "version": "3", "kind": "wrong", "name": "Green Gate"}
BOX = {"x1": "0.1", "y1": "0.2", "x2": "0.5", "y2": "0.6"}


@pytest.fixture
def stored(model: PublishedModel, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what comes into the inbox of a server that knows one city."""
    city = City("malaga", "Málaga", "Spain", "published", 5, 400, 350, model, city_id="Q8851")
    rows: list[dict[str, Any]] = []
    monkeypatch.setattr(report_route, "current_catalogue", lambda: Catalogue((city,), None))
    monkeypatch.setattr(Warehouse, "add_report", lambda _, row: rows.append(row))
    monkeypatch.setattr(report_route, "_client_limit", RateLimit(1, 3))
    monkeypatch.setattr(report_route, "_limit_of_all", RateLimit(1, 100))
    return rows


@dataclass(frozen=True)
class Answer:
    """What a browser gets."""

    status_code: int
    text: str

    def json(self) -> Any:
        """Return the body."""
        return json.loads(self.text)


def ask(query: dict[str, str], body: bytes, headers: dict[str, str]) -> Answer:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/report",
        "query_string": urlencode(query).encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 40000),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    response = anyio.run(report_route.take_report, Request(scope, receive))
    return Answer(response.status_code, bytes(response.body).decode())


def photo(size: tuple[int, int] = (2000, 1000)) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (36.0, 43.0, 0.0)}
    Image.new("RGB", size, "#20b030").save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def report(body: bytes | None = None, **asked: str) -> Answer:
    return ask(asked, body or photo(), {"content-type": "image/jpeg"})


def test_report_is_stored_with_a_small_photo_without_its_metadata(
    stored: list[dict[str, Any]],
) -> None:
    assert report(**WHOLE, **BOX).status_code == 201
    (row,) = stored
    with Image.open(io.BytesIO(row.pop("photo"))) as small:
        assert small.size == (1280, 640)
        assert not small.getexif()
    del row["report_id"]
    assert row == {
        "city_id": "Q8851",
        "model_version": 3,
        "kind": "wrong",
        "class_name": "Green Gate",
        "x1": 0.1,
        "y1": 0.2,
        "x2": 0.5,
        "y2": 0.6,
        "message": "wrong: named Green Gate",
    }


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"city": "atlantis"}, 404),
        ({"kind": "rude"}, 422),
        ({"name": "<b>Gate</b>"}, 422),
        ({"version": "many"}, 422),
        ({"x1": "2"}, 422),
        ({"x1": "nan"}, 422),
    ],
)
def test_what_is_not_whole_is_not_stored(
    stored: list[dict[str, Any]], changed: dict[str, str], status: int
) -> None:
    assert report(**(WHOLE | BOX | changed)).status_code == status
    assert report(**WHOLE, x1="0.5").status_code == 422
    assert stored == []


def test_what_is_no_photo_is_not_stored(stored: list[dict[str, Any]]) -> None:
    answer = report(b"<script>", **WHOLE)
    assert (answer.status_code, answer.json()["reason"]) == (422, "photo")
    assert stored == []


def test_form_of_another_site_is_refused(stored: list[dict[str, Any]]) -> None:
    for headers in (
        {"content-type": "text/plain"},
        {"content-type": "image/jpeg", "sec-fetch-site": "cross-site"},
    ):
        answer = ask(WHOLE, photo(), headers)
        assert answer.status_code in {403, 415}
    assert stored == []


def test_one_device_cannot_fill_the_inbox(stored: list[dict[str, Any]]) -> None:
    answers = [report(**WHOLE).status_code for _ in range(5)]
    assert answers == [201, 201, 201, 429, 429]
    assert len(stored) == 3


def test_all_together_cannot_fill_the_inbox(
    stored: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_route, "_limit_of_all", RateLimit(0.001, 1))
    assert report(**WHOLE).status_code == 201
    assert report(**WHOLE).status_code == 429
    assert len(stored) == 1


def test_warehouse_that_is_away_is_not_named(
    stored: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(*_: object) -> None:
        msg = "the warehouse at app@db.example did not answer"
        raise WarehouseAway(msg)

    monkeypatch.setattr(Warehouse, "add_report", be_away)
    answer = report(**WHOLE)
    assert (answer.status_code, answer.json()["reason"]) == (503, "not_stored")
    assert "example" not in answer.text
    assert stored == []


def test_city_of_an_older_warehouse_takes_no_reports(
    stored: list[dict[str, Any]],
    model: PublishedModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    city = City("malaga", "Málaga", "Spain", "published", 5, 400, 350, replace(model))
    monkeypatch.setattr(report_route, "current_catalogue", lambda: Catalogue((city,), None))
    assert report(**WHOLE).status_code == 404
    assert stored == []
