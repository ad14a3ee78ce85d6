"""The page SightScan: each of its parts is asked for by itself, so that none waits for another."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from sightscan.alerts.kinds import KINDS
from sightscan.operators.airflow_seen import find_red_runs
from sightscan.pages.navigation import page_of
from sightscan.pages.overview.runs import find_last_runs, find_paused, tell_run
from sightscan.pages.staff import Text, Viewer
from sightscan.pages.warehouse import open_warehouse
from sightscan.settings import settings
from sightscan.spend.limits import list_limits
from sightscan.warehouse.incidents.incidents import ListedIncident, list_incidents
from sightscan.warehouse.models.lease_queue import list_waiting
from sightscan.warehouse.models.machines import list_machines
from sightscan.warehouse.overview.cities import (
    Page,
    Search,
    count_cities,
    count_models,
    list_cities,
    list_models,
    list_sights,
)
from sightscan.warehouse.overview.machines import list_work
from sightscan.warehouse.overview.money import find_counted_until, list_months
from sightscan.warehouse.overview.waiting import count_waiting, list_reviews
from sightscan.warehouse.registry.cities import find_city
from sightscan.warehouse.spend.budgets import sum_usd_of_month

ROWS_OF_A_PAGE = 25
# The others are behind the links: what is shown first is enough to begin with.
MAX_SHOWN = 20
MAX_CITIES_WITH_REVIEWS = 8

router = APIRouter(prefix="/overview")

Typed = Annotated[Text, Query(max_length=200)]
PageNumber = Annotated[int, Query(ge=1, lt=2**31)]
Stage = Literal["added", "discovered", "crawled", "labelled", "published"]


@router.get("/")
def show_page(_: Viewer) -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(page_of("overview"), headers={"Cache-Control": "no-cache"})


@router.get("/waiting")
def show_waiting(_: Viewer) -> dict[str, Any]:
    """Return what needs a person."""
    red = find_red_runs()
    with open_warehouse() as connection:
        waiting = count_waiting(connection)
        reviews = list_reviews(connection, MAX_CITIES_WITH_REVIEWS)
        incidents = list_incidents(connection, closed_after=datetime.now(UTC), most=MAX_SHOWN)
    return {
        "counts": asdict(waiting)
        | {
            "label_count": reviews[0].all_label_count if reviews else 0,
            "contributed_count": reviews[0].all_contributed_count if reviews else 0,
            "reviewed_city_count": reviews[0].city_count if reviews else 0,
            "failed_run_count": len(red),
        },
        "reviews": [asdict(city) for city in reviews],
        "incidents": [_shown(one) for one in incidents if one.closed_at is None],
        "failed_runs": [
            {"dag_id": one.subject, "sentence": one.sentence} for one in red[:MAX_SHOWN]
        ],
    }


@router.get("/gpu")
def show_gpu(_: Viewer) -> dict[str, Any]:
    """Return the GPU instances, what runs on them, and who waits for one."""
    with open_warehouse() as connection:
        machines = list_machines(connection, settings().listed_instance_ids)
        work = list_work(connection, [machine.instance_id for machine in machines])
        queue = list_waiting(connection)
    return {
        "machines": [
            asdict(machine) | {"state": machine.state} | asdict(work[machine.instance_id])
            for machine in machines
        ],
        "waiting_count": len(queue),
        "waiting": [
            {
                "slug": one.slug,
                "dag_id": one.run.dag_id,
                "run_id": one.run.run_id,
                "asked_at": one.asked_at,
                "people": one.people,
                "is_overdue": one.is_overdue,
                "is_awake": one.is_awake,
            }
            for one in queue[:MAX_SHOWN]
        ],
    }


@router.get("/money")
def show_money(_: Viewer) -> dict[str, Any]:
    """Return what months have cost, and what is used up of the budgets."""
    with open_warehouse() as connection:
        months = list_months(connection)
        this_month = sum_usd_of_month(connection)
        limits = list_limits(connection, settings())
        counted_until = find_counted_until(connection)
    return {
        "months": [asdict(month) for month in months],
        "spent_usd": this_month.spent_usd,
        "under_way_usd": this_month.under_way_usd,
        "limits": [asdict(limit) for limit in limits],
        "counted_until": counted_until,
    }


@router.get("/cities")
def show_cities(
    _: Viewer, search: Typed = "", stage: Stage | None = None, page: PageNumber = 1
) -> dict[str, Any]:
    """Return a page of the cities that are searched for; of one behind the last page, the last."""
    wanted = Search(search)
    with open_warehouse() as connection:
        by_stage = count_cities(connection, wanted)
        count = sum(by_stage.values()) if stage is None else by_stage[stage]
        shown = _within(page, count)
        cities = list_cities(connection, wanted, shown, stage=stage)
        counted_until = find_counted_until(connection)
    dag_ids = [city.dag_id for city in cities]
    runs, paused = find_last_runs(dag_ids), find_paused(dag_ids)
    return {
        "by_stage": by_stage,
        "cities": [
            asdict(city)
            | {
                "dag_id": city.dag_id,
                "last_run": tell_run(city, runs.get(city.dag_id)),
                # A retired one does not run anyhow.
                "is_paused": city.dag_id in paused and city.state == "active",
            }
            for city in cities
        ],
        "counted_until": counted_until,
        **_paging(shown, count),
    }


@router.get("/models")
def show_models(_: Viewer, search: Typed = "", page: PageNumber = 1) -> dict[str, Any]:
    """Return a page of the models in place, of the cities that are searched for."""
    wanted = Search(search)
    with open_warehouse() as connection:
        count = count_models(connection, wanted)
        shown = _within(page, count)
        models = list_models(connection, wanted, shown)
    return {"models": [asdict(model) for model in models], **_paging(shown, count)}


@router.get("/sights")
def show_sights(_: Viewer, city: Typed) -> dict[str, Any]:
    """Return what is there of each sight of a city."""
    with open_warehouse() as connection:
        found = find_city(connection, city)
        sights = list_sights(connection, found.city_id)
        counted_until = find_counted_until(connection)
    return {
        "city": {"slug": found.slug, "name": found.name},
        "sights": [asdict(sight) for sight in sights],
        "counted_until": counted_until,
    }


def _within(page: int, count: int) -> Page:
    last = max(-(-count // ROWS_OF_A_PAGE), 1)
    return Page(min(page, last), ROWS_OF_A_PAGE)


def _paging(page: Page, count: int) -> dict[str, int]:
    return {"count": count, "page": page.number, "page_size": page.size}


def _shown(incident: ListedIncident) -> dict[str, Any]:
    kind = KINDS.get(incident.kind)
    return {
        "kind": incident.kind,
        "title": kind.title if kind else incident.kind,
        "subject": incident.subject,
        "sentence": incident.sentence,
        "link": incident.link,
        "opened_at": incident.opened_at,
        "silent_until": incident.silent_until,
    }
