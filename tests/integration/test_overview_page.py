"""The page SightScan through Airflow's own API server: each figure is what another query says, and who may see it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from airflow.api_fastapi.app import get_auth_manager
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.types import DagRunType
from lxml import html
from sqlalchemy import delete

from sightscan.settings import settings
from tests.cities.busy_cities import (
    HOSTILE,
    store_busy_cities,
    store_many_cities,
)
from tests.integration.airflow_client import client_of, stranger

PARTS = ("", "waiting", "gpu", "money", "cities", "models", "sights?city=city-1")
Warehouse = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def viewer() -> httpx.Client:
    return client_of("vera", "viewer")


@pytest.fixture
def busy(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    store_busy_cities(warehouse)
    monkeypatch.setenv("MTS_EC2_INSTANCE_ID", "i-other,i-gpu")
    settings.cache_clear()
    return warehouse


@pytest.fixture
def airflow_runs(viewer: httpx.Client) -> Iterator[None]:
    """Have Airflow know runs of cities; the second's last is red, the fourth's was a moment ago."""
    now = datetime.now(UTC)
    dags = ("city_city-1", "city_city-2", "city_city-4")
    with create_session(scoped=False) as session:
        session.merge(DagBundleModel(name="test"))
        session.flush()
        for dag_id in dags:
            session.add(
                DagModel(dag_id=dag_id, bundle_name="test", owners="sightscan", fileloc="x")
            )
        session.flush()
        for dag_id, run_id, state, began_minutes_ago, ended_minutes_ago in (
            ("city_city-1", "run-8", "success", 1800, 1740),
            ("city_city-1", "run-9", "running", 120, None),
            ("city_city-2", "run-8", "success", 2400, 2340),
            ("city_city-2", "run-9", "failed", 180, 120),
            ("city_city-4", "run-8", "failed", 20, 8),
            ("city_city-4", "run-9", "success", 7, 4),
        ):
            run = DagRun(dag_id=dag_id, run_id=run_id, run_type=DagRunType.MANUAL, state="running")
            run.run_after = run.start_date = now - timedelta(minutes=began_minutes_ago)
            session.add(run)
            session.flush()
            run.state = state
            if ended_minutes_ago is not None:
                run.end_date = now - timedelta(minutes=ended_minutes_ago)
    yield
    with create_session(scoped=False) as session:
        session.execute(delete(DagRun).where(DagRun.dag_id.in_(dags)))
        session.execute(delete(DagModel).where(DagModel.dag_id.in_(dags)))
        session.execute(delete(DagBundleModel).where(DagBundleModel.name == "test"))


def read(client: httpx.Client, path: str, **asked: object) -> dict[str, Any]:
    answer = client.get(f"/sightscan/overview/{path}", params=asked or None)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def one(warehouse: Warehouse, query: str, *parameters: object) -> Any:
    row = warehouse.execute(query, parameters).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0] if len(row) == 1 else tuple(row)


def gpu_within(warehouse: Warehouse, month: str) -> tuple[float, float]:
    """Return the seconds that instances ran in the month that begins then, and their price."""
    found: tuple[float, float] = one(
        warehouse,
        "select coalesce(sum(seconds), 0)::float, coalesce(sum(seconds / 3600 * price_per_hour_usd), 0)::float"
        " from (select %s::timestamptz at time zone 'UTC' as begins_at) as month"
        " cross join core.instance_session cross join lateral ("
        "  select tstzrange(begins_at at time zone 'UTC', (begins_at + interval '1 month') at time zone 'UTC')"
        "  * tstzrange(running_at, coalesce(stopped_at, now())) as part) as cut"
        " cross join lateral (select extract(epoch from upper(part) - lower(part)) as seconds) as counted",
        month,
    )
    return found


@pytest.mark.usefixtures("airflow_runs")
def test_what_needs_a_person_is_what_waits(viewer: httpx.Client, busy: Warehouse) -> None:
    shown = read(viewer, "waiting")
    waiting = "select {} from mart.label_to_review join core.city using (city_id) where kind in ('held_back', 'uncertain') and city.state <> 'waiting'"
    assert shown["counts"] == {
        "label_count": one(busy, waiting.format("count(*)")),
        "contributed_count": one(busy, waiting.format("count(*)") + " and reason = 'contributed'"),
        "reviewed_city_count": one(busy, waiting.format("count(distinct city_id)")),
        "city_count": one(busy, "select count(*) from core.city where state = 'waiting'"),
        "report_count": one(busy, "select count(*) from load.report"),
        "contribution_count": one(busy, "select count(*) from load.contribution"),
        "incident_count": one(busy, "select count(*) from core.incident where closed_at is null"),
        "failed_run_count": 1,
    }
    # Of 24 held back three were decided and one of them taken back; four were accepted in doubt.
    assert shown["counts"]["label_count"] == 24 - 2 + 4
    assert [
        shown["counts"][name] for name in ("contributed_count", "city_count", "report_count")
    ] == [1, 1, 2]
    assert [(city["slug"], city["label_count"]) for city in shown["reviews"]] == busy.execute(
        "select city.slug, count(*) from mart.label_to_review join core.city using (city_id)"
        " where kind in ('held_back', 'uncertain') group by slug order by 2 desc, 1"
    ).fetchall()
    assert {incident["kind"] for incident in shown["incidents"]} == {"crawl_empty", "run_failed"}
    (failed,) = shown["failed_runs"]
    assert failed["dag_id"] == "city_city-2"
    assert failed["sentence"].startswith("The run run-9 of city_city-2 is red since ")


def test_machine_shows_its_holder_its_training_and_what_it_costs(
    viewer: httpx.Client, busy: Warehouse
) -> None:
    shown = read(viewer, "gpu")
    other, machine = shown["machines"]
    assert (other["instance_id"], other["state"], other["dag_id"]) == ("i-other", "stopped", None)
    assert (machine["instance_id"], machine["slug"], machine["run_id"]) == (
        "i-gpu",
        "city-1",
        "run-9",
    )
    assert machine["state"] == "running"
    assert (machine["epoch_count"], machine["asked_epoch_count"]) == (7, 40)
    assert machine["curve"] == pytest.approx([epoch / 10 for epoch in range(1, 8)])
    # Two hours at three dollars, of which the holder has had it for half of one.
    seconds, price = one(
        busy,
        "select extract(epoch from now() - running_at)::float, price_per_hour_usd::float"
        " from core.instance_session where stopped_at is null",
    )
    assert machine["session_usd"] == pytest.approx(seconds / 3600 * price, abs=0.05)
    assert machine["run_usd"] == pytest.approx(1.5, abs=0.05)
    deadline = one(busy, "select deadline_at from core.instance_lease")
    assert datetime.fromisoformat(machine["deadline_at"]) == deadline
    # Who waits for more than a day goes first.
    assert [(row["slug"], row["is_overdue"]) for row in shown["waiting"]] == [
        ("city-3", True),
        ("city-2", False),
    ]
    assert shown["waiting_count"] == one(busy, "select count(*) from core.lease_request")


def test_months_and_budgets_are_what_was_paid(
    viewer: httpx.Client, busy: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_USD_PER_MONTH", "80")
    monkeypatch.setenv("MAX_GOOGLE_VISION_CALLS_PER_MONTH", "1000")
    settings.cache_clear()
    shown = read(viewer, "money")
    assert len(shown["months"]) == 12
    for month in shown["months"]:
        images, free, vision, other = one(
            busy,
            "select coalesce(sum(units) filter (where provider = 'google_vision'), 0),"
            " coalesce(sum(free_units) filter (where provider = 'google_vision'), 0),"
            " coalesce(sum(spend_usd) filter (where provider = 'google_vision'), 0)::float,"
            " coalesce(sum(spend_usd) filter (where provider = 'google_places'), 0)::float"
            " from mart.spend_by_month where month_at = %s",
            month["begins_at"],
        )
        assert (month["image_count"], month["free_image_count"]) == (images, free)
        assert (month["vision_usd"], month["other_usd"]) == pytest.approx((vision, other))
        seconds, usd = gpu_within(busy, month["begins_at"])
        assert month["gpu_seconds"] == pytest.approx(seconds, abs=30)
        assert month["gpu_usd"] == pytest.approx(usd, abs=0.05)
    assert sum(month["image_count"] for month in shown["months"]) == 240 + 60
    assert sum(month["free_image_count"] for month in shown["months"]) == 20
    usd, images = shown["limits"]
    assert (usd["setting"], usd["most"], usd["used"]) == (
        "MAX_USD_PER_MONTH",
        80,
        pytest.approx(shown["spent_usd"], abs=0.05),
    )
    assert (images["setting"], images["most"]) == ("MAX_GOOGLE_VISION_CALLS_PER_MONTH", 1000)
    assert images["used"] == one(
        busy,
        "select count(*) from core.paid_call where provider = 'google_vision'"
        " and reserved_at >= date_trunc('month', now(), 'UTC')",
    )
    # The run that trains may cost 21 dollars, of which it has cost some.
    assert shown["under_way_usd"] == pytest.approx(21 - 1.5, abs=0.05)


@pytest.mark.usefixtures("airflow_runs")
def test_cities_are_counted_as_core_has_them(viewer: httpx.Client, busy: Warehouse) -> None:
    shown = read(viewer, "cities")
    assert shown["by_stage"] == {
        "added": 0,
        "discovered": 0,
        "crawled": 0,
        "labelled": 1,
        "published": 2,
    }
    assert [city["slug"] for city in shown["cities"]] == ["city-1", "city-2", "city-3"]
    for city in shown["cities"]:
        key = city["city_id"]
        counted = one(
            busy,
            "select (select count(*) from core.sight where city_id = %s and state in ('active', 'retired')),"
            " (select count(distinct sha256) from core.photo_source join core.sight using (sight_id) where city_id = %s),"
            " (select count(distinct sha256) from mart.accepted_label where city_id = %s),"
            " (select count(*) from mart.accepted_label where city_id = %s)",
            *[key] * 4,
        )
        names = ("sight_count", "photo_count", "labelled_photo_count", "box_count")
        assert tuple(city[name] for name in names) == counted
        assert (city["dataset_version"], city["dataset_photo_count"]) == one(
            busy,
            "select dataset_version, train_count + val_count + test_count from core.dataset where city_id = %s"
            " order by dataset_version desc limit 1",
            key,
        )
        assert city["model_version"] == one(
            busy,
            "select (array_agg(model_version order by publication_id desc))[1] from core.publication where city_id = %s",
            key,
        )
    runs = {city["slug"]: city["last_run"] for city in shown["cities"]}
    assert {slug: (run["run_id"], run["state"], run["outcome"]) for slug, run in runs.items()} == {
        "city-1": ("run-9", "running", "the training runs"),
        "city-2": ("run-9", "failed", "model refused: Sight 1 is worse"),
        # Airflow knows no run of it any more.
        "city-3": ("run-9", "forgotten", "stopped by a budget: MAX_USD_PER_RUN=1 is passed"),
    }


@pytest.mark.usefixtures("airflow_runs")
def test_active_city_that_is_paused_in_airflow_says_so(
    viewer: httpx.Client, busy: Warehouse
) -> None:
    with create_session(scoped=False) as session:
        dags = ("city_city-1", "city_city-2")
        session.query(DagModel).filter(DagModel.dag_id.in_(dags)).update({"is_paused": True})
        session.query(DagModel).filter(DagModel.dag_id == "city_city-4").update(
            {"is_paused": False}
        )
    busy.execute("update core.city set state = 'disabled' where slug = 'city-2'")
    shown = {city["slug"]: city["is_paused"] for city in read(viewer, "cities")["cities"]}
    assert shown == {"city-1": True, "city-2": False, "city-3": False}


def test_models_and_sights_are_those_in_place(viewer: httpx.Client, busy: Warehouse) -> None:
    first, second = read(viewer, "models")["models"]
    assert (first["slug"], first["model_version"], first["map50"]) == (
        "city-1",
        1,
        pytest.approx(0.9),
    )
    assert (first["named_sight_photo_count"], first["sight_photo_count"]) == (7, 9)
    assert (second["version_count"], second["newest_version"], second["newest_state"]) == (
        2,
        2,
        "refused",
    )
    shown = read(viewer, "sights", city="city-1")
    assert shown["city"] == {"slug": "city-1", "name": "City 1"}
    assert len(shown["sights"]) == 2
    for sight in shown["sights"]:
        number = sight["sight_id"]
        assert (
            sight["photo_count"],
            sight["labelled_photo_count"],
            sight["box_count"],
            sight["held_back_count"],
        ) == one(
            busy,
            "select (select count(distinct sha256) from core.photo_source where sight_id = %s),"
            " (select count(distinct sha256) from mart.accepted_label where sight_id = %s),"
            " (select count(*) from mart.accepted_label where sight_id = %s),"
            " (select count(*) from mart.decided_label where sight_id = %s and state = 'held_back')",
            *[number] * 4,
        )
        assert sight["reviewed_count"] == one(
            busy,
            "select count(*) from mart.label_to_review where sight_id = %s and kind = 'decided'",
            number,
        )
        assert sight["test_photo_count"] == one(
            busy,
            "select count(distinct dataset_box.sha256) from core.dataset_box join core.dataset_photo using (city_id, dataset_version, sha256)"
            " join core.dataset using (city_id, dataset_version)"
            " where city_id = 'Q1' and split = 'test' and class_number = array_position(sight_ids, %s) - 1",
            number,
        )
        assert sight["ap50"] == pytest.approx(0.9)
    assert sum(sight["reviewed_count"] for sight in shown["sights"]) > 0
    assert sum(sight["test_photo_count"] for sight in shown["sights"]) > 0


def test_empty_warehouse_has_nothing_and_says_so(
    viewer: httpx.Client, warehouse: Warehouse
) -> None:
    counts = read(viewer, "waiting")["counts"]
    assert set(counts.values()) == {0}
    assert read(viewer, "gpu") == {"machines": [], "waiting_count": 0, "waiting": []}
    money = read(viewer, "money")
    assert (money["limits"], money["spent_usd"], money["counted_until"]) == ([], 0, None)
    assert read(viewer, "cities")["cities"] == []
    assert read(viewer, "models")["models"] == []


def test_cities_are_searched_for_and_paged(viewer: httpx.Client, warehouse: Warehouse) -> None:
    store_many_cities(warehouse, 60)
    warehouse.execute(
        "update core.city set name = 'São Tomé', slug = 'sao-tome' where city_id = 'Q1030'"
    )
    slugs = [
        city["slug"] for page in (1, 2, 3) for city in read(viewer, "cities", page=page)["cities"]
    ]
    assert slugs == sorted(slugs)
    assert len(set(slugs)) == 60
    behind = read(viewer, "cities", page=99)
    assert (behind["page"], behind["count"], len(behind["cities"])) == (3, 60, 10)
    for search in ("sao t", "São", "Q1030", "  SÃO TOMÉ "):
        assert [city["slug"] for city in read(viewer, "cities", search=search)["cities"]] == [
            "sao-tome"
        ]
    # What means something to SQL means nothing here.
    for search in ("%", "_", "' or 1=1 --", "\\"):
        assert read(viewer, "cities", search=search)["count"] == 0
    assert read(viewer, "cities", stage="published")["count"] == 0
    assert read(viewer, "cities", stage="added")["by_stage"]["added"] == 60


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("cities", {"page": "0"}),
        ("cities", {"page": "-1"}),
        ("cities", {"page": "two"}),
        ("cities", {"page": "1e9"}),
        ("cities", {"page": str(2**31)}),
        ("cities", {"stage": "gone"}),
        ("cities", {"search": "a\0b"}),
        ("cities", {"search": "x" * 201}),
        ("models", {"page": "0"}),
        ("models", {"search": "a\0b"}),
        ("sights", {}),
        ("sights", {"city": "\0"}),
    ],
)
def test_senseless_question_is_refused(
    viewer: httpx.Client, warehouse: Warehouse, path: str, asked: dict[str, str]
) -> None:
    answer = viewer.get(f"/sightscan/overview/{path}", params=asked)
    assert answer.status_code == 422, answer.text
    (problem,) = answer.json()["detail"]
    assert problem["loc"][0] == "query"


def test_unknown_city_is_a_sentence_with_the_nearest(
    viewer: httpx.Client, warehouse: Warehouse
) -> None:
    store_many_cities(warehouse, 2)
    answer = viewer.get("/sightscan/overview/sights", params={"city": "town-0003"})
    assert answer.status_code == 404
    assert "no city 'town-0003' in the registry (have: town-0001" in answer.json()["detail"]


@pytest.mark.parametrize("part", PARTS)
def test_nobody_sees_a_part_without_a_login_or_a_role(
    viewer: httpx.Client, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    assert stranger().get(f"/sightscan/overview/{part}").status_code == 401
    monkeypatch.setattr(get_auth_manager(), "is_authorized_dag", lambda **_: False)
    answer = viewer.get(f"/sightscan/overview/{part}")
    assert (answer.status_code, "may not see DAGs" in answer.json()["detail"]) == (403, True)


@pytest.mark.parametrize("part", PARTS)
def test_page_only_shows(viewer: httpx.Client, part: str) -> None:
    assert viewer.post(f"/sightscan/overview/{part}", json={}).status_code == 405


@pytest.mark.parametrize("name", ["overview", "review", "gallery", "models", "requests", "reports"])
def test_pages_lead_to_each_other(viewer: httpx.Client, warehouse: Warehouse, name: str) -> None:
    page = html.document_fromstring(viewer.get(f"/sightscan/{name}/").text)
    (line,) = page.xpath("//nav[@class='pages']")
    links = {link.get("href"): link.get("aria-current") for link in line}
    assert [href for href, current in links.items() if current] == [f"../{name}/"]
    for href in links:
        assert viewer.get(f"/sightscan/{name}/{href}").status_code == 200


def test_hostile_names_are_text(viewer: httpx.Client, busy: Warehouse) -> None:
    page = viewer.get("/sightscan/overview/")
    assert HOSTILE not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert read(viewer, "cities", search="img src")["cities"][0]["name"] == HOSTILE
