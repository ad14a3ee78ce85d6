"""What needs a person, on the page SightScan: each incident leads to where something can be done about it, or nowhere."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from sightscan.alerts.kinds import KINDS

pytestmark = pytest.mark.slow

PAGE = "/sightscan/overview/"
REFRESH = "../../dags/refresh_data_marts"
# By kind: what its incidents are about, and where they lead.
PLACES = {
    "run_failed": ("city_lisbon", "../../dags/city_lisbon"),
    "stop_failed": ("stop_idle_instances", "../../dags/stop_idle_instances"),
    "crawl_empty": ("city_lisbon", "../../dags/city_lisbon"),
    "gpu_over_lease": ("i-0123", "#gpu"),
    "budget_80": ("MAX_USD_PER_MONTH 2026-11", "#money"),
    "budget_100": ("MAX_USD_PER_MONTH 2026-11", "#money"),
    "check_failed": ("city_overview__labelled_photos_were_found", REFRESH),
    "marts_old": ("refresh_data_marts", REFRESH),
    "reaper_silent": ("stop_idle_instances", "../../dags/stop_idle_instances"),
    "reviews_waiting": ("labels", "../review/"),
    "approvals_waiting": ("cities", "../requests/"),
    # Nothing in Airflow can be done about these.
    "parse_slow": ("cities_03.py", None),
    "backup_missing": ("warehouse", None),
    "restore_failed": ("warehouse", None),
    "warehouse_away": ("warehouse", None),
    "warehouse_unwritable": ("warehouse", None),
    "scheduler_unseen": ("tell_incidents", None),
    "doctor": ("disk", None),
    "test": ("test", None),
}


def test_each_incident_leads_to_where_something_can_be_done(
    open_staff_page: Callable[..., Page], warehouse: psycopg.Connection[Any]
) -> None:
    assert set(PLACES) == set(KINDS)
    told = [(kind, subject, None, href) for kind, (subject, href) in PLACES.items()]
    told += [
        # Of more red DAGs than are named one by one.
        ("run_failed", "and others", None, "../../dags"),
        # A place that the incident itself names comes first.
        ("run_failed", "city_porto", "https://airflow.example/x", "https://airflow.example/x"),
        # Of a version that knew more kinds.
        ("forgotten_kind", "city_lisbon", None, None),
    ]
    # The page shows the first twenty.
    for part in (told[:12], told[12:]):
        warehouse.execute("delete from core.incident")
        for number, (kind, subject, link, _) in enumerate(part):
            warehouse.execute(
                "insert into core.incident (kind, subject, sentence, link) values (%s, %s, %s, %s)",
                [kind, subject, f"Sentence {number}.", link],
            )
        page = open_staff_page(PAGE)
        expect(page.locator("#incidents li")).to_have_count(len(part))
        for number, (kind, _, _, href) in enumerate(part):
            shown = page.locator("#incidents li", has_text=f". Sentence {number}.")
            title = KINDS[kind].title if kind in KINDS else kind
            expect(shown).to_contain_text(f"{title} since ")
            links = [link.get_attribute("href") for link in shown.locator("a").all()]
            assert links == ([href] if href else []), kind
