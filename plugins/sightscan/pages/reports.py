"""The page where people look at what visitors report: wrong names, and sights without one."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from sightscan.pages.navigation import page_of
from sightscan.pages.photos import scale_down
from sightscan.pages.staff import Decider, FromOwnPage, Viewer, may_decide
from sightscan.pages.warehouse import open_warehouse
from sightscan.warehouse.labels.reports import (
    ReportDecision,
    decide_report,
    list_reports,
    read_report_photo,
)

MAX_REPORTS_SHOWN = 50
SHOWN_SIDE_PIXELS = 1280

router = APIRouter(prefix="/reports")


class Decided(BaseModel):
    """What somebody decided about one report."""

    report_id: UUID
    decision: ReportDecision


@router.get("/")
def show_page(_: Viewer) -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(page_of("reports"), headers={"Cache-Control": "no-cache"})


@router.get("/list")
def list_waiting(_: Viewer, user: GetUserDep) -> dict[str, Any]:
    """Return the reports that wait."""
    with open_warehouse() as connection:
        reports = list_reports(connection, MAX_REPORTS_SHOWN)
    return {
        "may_decide": may_decide(user),
        "waiting_count": reports[0].waiting_count if reports else 0,
        "reports": [asdict(report) for report in reports],
    }


@router.get("/{report_id}.jpeg")
def show_photo(_: Viewer, report_id: UUID) -> Response:
    """Return what a visitor sent, scaled down."""
    with open_warehouse() as connection:
        content = read_report_photo(connection, report_id)
    if content is None:
        raise HTTPException(404, f"no photo of the report {report_id}: it was decided, or had none")
    # Gone from the browser as soon as from the warehouse.
    headers = {"Cache-Control": "private, no-store"}
    return Response(
        scale_down(content, SHOWN_SIDE_PIXELS), media_type="image/jpeg", headers=headers
    )


@router.post("/decide", dependencies=[FromOwnPage])
def decide(decider: Decider, body: Decided) -> dict[str, str]:
    """Note a decision; the photo is deleted."""
    with open_warehouse() as connection:
        decide_report(connection, body.report_id, decision=body.decision, decided_by=decider)
    return {"decision": body.decision}
