"""POST /api/report: what is reported is small, without metadata, faces and plates before it is stored."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import anyio
import numpy as np
import pytest
from PIL import Image
from starlette.requests import Request

from detector_app.catalogue import Catalogue, City
from detector_app.errors import ServerBusy, WarehouseAway
from detector_app.photos.blurring import find_private_regions
from detector_app.photos.stored_photo import prepare_photo
from detector_app.warehouse import Warehouse
from detector_app.web import report_route
from detector_app.web.limits import RateLimit
from tests.drawn_face import face

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
    monkeypatch.setattr(report_route, "_client_limit", RateLimit(0.001, 3))
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


def street() -> bytes:
    """Return a photo of 1600 x 1200 with a face at 1000, 200, and the sight, which is red, at 200, 600."""
    drawn = Image.new("RGB", (1600, 1200), "#9fb4c8")
    drawn.paste("#d02020", (200, 600, 600, 1000))
    drawn.paste(face(300), (1000, 200))
    exif = Image.Exif()
    exif[0x010F] = "Camera of Ann"
    buffer = io.BytesIO()
    drawn.save(buffer, "JPEG", quality=92, exif=exif, comment=b"Ann was here")
    return buffer.getvalue()


def test_face_is_blurred_in_what_is_reported_before_it_is_stored(
    stored: list[dict[str, Any]],
) -> None:
    body = street()
    with Image.open(io.BytesIO(body)) as sent:
        assert find_private_regions(sent.convert("RGB"))[0] != []
    assert report(body, **WHOLE).status_code == 201
    with Image.open(io.BytesIO(stored[0]["photo"])) as picture:
        assert not any(
            left < 920 < right and top < 280 < bottom and right - left < 480
            for left, top, right, bottom in find_private_regions(picture.convert("RGB"))[0]
        )
        # Flat where eyes and brows were.
        inside = np.asarray(picture.crop((870, 210, 970, 330)).convert("L"), dtype=float)
    assert np.abs(np.diff(inside, axis=0)).max() < 20
    for secret in (b"Camera of Ann", b"Ann was here", b"Exif"):
        assert secret not in stored[0]["photo"]


def test_what_is_stored_is_what_is_shown_and_what_sharing_would_make_of_it(
    stored: list[dict[str, Any]],
) -> None:
    body = street()
    answer = report(body, **WHOLE).json()
    shown = base64.b64decode(answer.pop("picture"))
    assert shown == stored[0]["photo"]
    assert answer == {"stored": True, "faces": 1, "plates": 0}
    same = prepare_photo(
        body,
        "a.jpg",
        max_side_pixels=report_route.MAX_REPORT_SIDE_PIXELS,
        jpeg_quality=report_route.REPORT_JPEG_QUALITY,
    )
    assert same.content == shown


def test_box_is_where_it_was_in_the_picture_that_is_stored(stored: list[dict[str, Any]]) -> None:
    box = {"x1": "0.125", "y1": "0.5", "x2": "0.375", "y2": "0.8333"}
    assert report(street(), **WHOLE, **box).status_code == 201
    row = stored[0]
    with Image.open(io.BytesIO(row["photo"])) as picture:
        width, height = picture.size
        corners = (row["x1"] * width, row["y1"] * height, row["x2"] * width, row["y2"] * height)
        inside = np.asarray(picture.crop([round(edge) for edge in corners]), dtype=int)
        left = picture.getpixel((round(corners[0]) - 6, round(corners[1]) + 20))
    # All of the red, and nothing but it.
    assert (inside[3:-3, 3:-3, 0] > inside[3:-3, 3:-3, 1] + 100).all()
    assert left[1] > 120


def test_report_of_an_older_model_is_stored_with_the_version_that_answered(
    stored: list[dict[str, Any]],
) -> None:
    assert report(**(WHOLE | {"version": "1"})).status_code == 201
    assert stored[0]["model_version"] == 1


def test_picture_that_stays_too_large_is_refused(
    stored: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_route, "MAX_STORED_REPORT_BYTES", 100)
    answer = report(**WHOLE)
    assert (answer.status_code, answer.json()["reason"]) == (422, "photo")
    assert stored == []


def test_server_without_a_turn_for_it_says_when_to_try_again(
    stored: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_busy(*_: object, **__: object) -> None:
        raise ServerBusy(key="busy.photos")

    monkeypatch.setattr(report_route, "prepare_photo", be_busy)
    answer = report(**WHOLE)
    assert (answer.status_code, answer.json()["reason"]) == (503, "busy")
    assert stored == []


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
    answers = [report(**WHOLE) for _ in range(5)]
    assert [one.status_code for one in answers] == [201, 201, 201, 429, 429]
    assert answers[-1].json()["reason"] == "too_often"
    assert len(stored) == 3


def test_all_together_cannot_fill_the_inbox(
    stored: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_route, "_limit_of_all", RateLimit(0.001, 1))
    assert report(**WHOLE).status_code == 201
    refused = report(**WHOLE)
    # The pages' sentence for too_often says that it is this device.
    assert (refused.status_code, refused.json()["reason"]) == (429, "not_stored")
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
