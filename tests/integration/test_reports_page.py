"""The page of reports: what visitors sent, who may decide, and that the photo is gone then."""

import io
from typing import Any

import httpx
import psycopg
import pytest
from PIL import Image

from sightscan.warehouse.labels.reports import delete_old_reports
from tests.integration.airflow_client import client_of

REPORT_ID = "00000000-0000-0000-0000-000000000001"
PHOTO = f"/sightscan/reports/{REPORT_ID}.jpeg"


@pytest.fixture(scope="module")
def viewer() -> httpx.Client:
    return client_of("vera", "viewer")


@pytest.fixture(scope="module")
def staff() -> httpx.Client:
    return client_of("ann", "user")


@pytest.fixture(autouse=True)
def report(warehouse: psycopg.Connection[Any]) -> None:
    """Leave a report in the inbox, as the app does."""
    buffer = io.BytesIO()
    Image.new("RGB", (320, 200), "#20b030").save(buffer, "JPEG")
    warehouse.execute(
        "insert into load.report (report_id, city_id, model_version, kind, class_name, x1, y1, x2,"
        " y2, message, photo) values (%s, 'Q597', 3, 'wrong', '<b>Gate</b>', 0.1, 0.2, 0.5, 0.6,"
        " 'wrong: named <b>Gate</b>', %s)",
        [REPORT_ID, buffer.getvalue()],
    )


def decide(client: httpx.Client, decision: str = "confirmed") -> httpx.Response:
    body = {"report_id": REPORT_ID, "decision": decision}
    return client.post("/sightscan/reports/decide", json=body)


def test_report_is_shown_with_its_photo(viewer: httpx.Client) -> None:
    read = viewer.get("/sightscan/reports/list").json()
    assert (read["waiting_count"], read["may_decide"]) == (1, False)
    (shown,) = read["reports"]
    assert (shown["kind"], shown["class_name"], shown["city_name"]) == (
        "wrong",
        "<b>Gate</b>",
        "Q597",
    )
    assert (shown["x1"], shown["has_photo"]) == (0.1, True)
    answer = viewer.get(PHOTO)
    with Image.open(io.BytesIO(answer.content)) as photo:
        assert photo.size == (320, 200)
    assert "no-store" in answer.headers["cache-control"]


def test_decision_is_kept_and_the_photo_is_not(
    staff: httpx.Client, warehouse: psycopg.Connection[Any]
) -> None:
    assert decide(staff).json() == {"decision": "confirmed"}
    kept = warehouse.execute("select decision, decided_by, class_name from core.report").fetchall()
    assert kept == [("confirmed", "ann", "<b>Gate</b>")]
    assert warehouse.execute("select count(*) from load.report").fetchone() == (0,)
    assert staff.get(PHOTO).status_code == 404
    again = decide(staff, "rejected")
    assert (again.status_code, "does not wait any more" in again.json()["detail"]) == (409, True)


def test_viewer_may_not_decide(viewer: httpx.Client, warehouse: psycopg.Connection[Any]) -> None:
    assert decide(viewer).status_code == 403
    assert warehouse.execute("select count(*) from load.report").fetchone() == (1,)


def test_report_that_nobody_decides_goes_after_three_months(
    warehouse: psycopg.Connection[Any],
) -> None:
    assert delete_old_reports(warehouse) == 0
    warehouse.execute("update load.report set reported_at = now() - interval '91 days'")
    assert delete_old_reports(warehouse) == 1
