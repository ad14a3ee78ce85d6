"""The bill before the run."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from sightscan.city import City, Place, Sight
from sightscan.crawl.report import CrawlReport, SourceReport, save_crawl_report
from sightscan.operators.work import form_overrides
from sightscan.run import Run
from sightscan.settings import read_settings
from sightscan.spend.estimate import authorise_spend, estimate_spend
from sightscan.training import TrainingRequest
from sightscan.warehouse.connection import connect
from sightscan.warehouse.models.instances import open_session
from sightscan.warehouse.models.trainings import insert_training, start_training
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.budgets import end_estimate, find_promise
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS, Caps, reserve_calls
from sightscan.warehouse.spend.prices import UnitPrice

CITY = City("Q1", "one", "One", "X", Place(1, 1), 1_000)
OTHER_CITY = City("Q2", "two", "Two", "X", Place(1, 1), 1_000)
DAG_IDS = {city.city_id: city.dag_id for city in (CITY, OTHER_CITY)}


@pytest.fixture
def city(warehouse: psycopg.Connection[Any]) -> City:
    return add_city(warehouse, CITY)


def test_first_run_costs_at_most_its_calls_and_the_whole_time_limit(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    config = read_settings(
        max_google_vision_calls_per_new_city=3000,
        max_sights_per_city=10,
        max_images_per_sight=200,
        max_street_photos=0,
        mts_price_per_hour_usd=2,
        mts_time_limit_seconds=1800,
    )
    estimate = estimate_spend(warehouse, config, city, Run(city.city_id, city.dag_id))
    assert (estimate.most_calls, estimate.free_units_left) == (2000, 1000)
    # Half an hour of training, five hours and ten minutes more until the lease ends, and twenty-five
    # minutes until the reaper has stopped it.
    assert estimate.most_gpu_usd == pytest.approx(2 * (0.5 + 5 + 10 / 60 + 25 / 60), abs=1e-4)
    # Others may use up the free images first: the most is without, the probable with them.
    assert estimate.most_usd == pytest.approx(2000 * 0.0015 + 12.1667, abs=1e-4)
    assert estimate.probable_vision_usd == pytest.approx(1000 * 0.0015)
    assert estimate.probable_gpu_usd == pytest.approx(1.0)
    assert "at most 15.17 USD" in estimate.sentence


def test_spent_calls_are_not_estimated_again(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    warehouse.execute(
        "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id, dag_id,"
        " run_id, state, price_usd, settled_at) values ('google_vision', 'landmark_detection', '1',"
        " 1, 'Q1', 'd', 'r', 'unknown', 0, now())"
    )
    config = read_settings(max_google_vision_calls_per_new_city=1)
    estimate = estimate_spend(warehouse, config, city, Run(city.city_id, city.dag_id))
    assert (estimate.most_calls, estimate.probable_calls) == (0, 0)


def test_gpu_is_probably_what_it_was_before(warehouse: psycopg.Connection[Any], city: City) -> None:
    warehouse.execute(
        "insert into core.instance_session (instance_id, city_id, dag_id, run_id,"
        " price_per_hour_usd, started_at, running_at, stopped_at, stopped_by) values"
        " ('i-1', 'Q1', 'd', 'r', 2, now() - interval '31 min', now() - interval '30 min', now(),"
        " 'teardown')"
    )
    config = read_settings(mts_price_per_hour_usd=2)
    assert estimate_spend(
        warehouse, config, city, Run(city.city_id, city.dag_id)
    ).probable_gpu_usd == pytest.approx(1.0)


def test_first_photos_are_probably_as_many_as_in_first_runs_elsewhere(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    other = add_city(warehouse, OTHER_CITY)
    config = read_settings(max_sights_per_city=10, max_images_per_sight=20, max_street_photos=0)
    authorise_spend(warehouse, config, other, Run(other.city_id, other.dag_id, "first"))
    for rank, kept in enumerate((30, 20), start=1):
        report_crawl(warehouse, Sight(rank, "Q2", f"Sight {rank}", rank), kept, run_id="first")
    estimate = estimate_spend(warehouse, config, city, Run(city.city_id, city.dag_id))
    assert (estimate.most_calls, estimate.probable_calls) == (200, 50)


def test_crawl_that_is_repeated_counts_with_its_last_report(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    config = read_settings(max_sights_per_city=1, max_images_per_sight=60, max_street_photos=40)
    authorise_spend(warehouse, config, city, Run(city.city_id, city.dag_id, "first"))
    sight = Sight(1, "Q1", "Sight", 1)
    report_crawl(warehouse, sight, 50, run_id="first")
    report_crawl(warehouse, sight, 20, run_id="first")
    # Vision is asked about these, as about those of a sight.
    streets = Sight(3, "Q1", "Streets and houses", 3, state="streets")
    report_crawl(warehouse, streets, 5, run_id="first")
    # Vision is not asked about these.
    elsewhere = Sight(2, "Q1", "Sights elsewhere", 2, state="elsewhere")
    report_crawl(warehouse, elsewhere, 60, run_id="first")
    estimate = estimate_spend(warehouse, config, city, Run(city.city_id, city.dag_id, "second"))
    assert (estimate.most_calls, estimate.probable_calls) == (100, 25)


@pytest.mark.parametrize(
    ("overrides", "most_calls"),
    [
        ({}, 2100),
        ({"max_street_photos": 30}, 2030),
        ({"max_street_photos": 0}, 2000),
        ({"photo_sources": "openverse"}, 2000),
        # Below a cap, they change nothing.
        ({"max_google_vision_calls_per_run": 50}, 50),
    ],
)
def test_photos_of_streets_are_in_the_bill(
    warehouse: psycopg.Connection[Any],
    city: City,
    overrides: dict[str, object],
    most_calls: int,
) -> None:
    config = read_settings(max_google_vision_calls_per_new_city=9000, **overrides)
    estimate = estimate_spend(warehouse, config, city, Run(city.city_id, city.dag_id))
    assert estimate.most_calls == most_calls


def report_crawl(
    warehouse: psycopg.Connection[Any], sight: Sight, kept: int, *, run_id: str
) -> None:
    """Report a crawl as its task does, of a source that also gave photos that are not new."""
    source = SourceReport(
        source="wikimedia_commons",
        expected=kept + 9,
        received=kept + 9,
        found=kept + 9,
        known=2,
        kept=kept,
        shared=3,
        duplicate=1,
        failed=1,
        rejected={"too_small": 2},
        seconds=1.5,
    )
    report = CrawlReport.of((source,), seconds=2.0)
    save_crawl_report(warehouse, Run(sight.city_id, DAG_IDS[sight.city_id], run_id), report, sight)


def test_most_follows_the_minutes_of_the_form(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    config = read_settings(mts_price_per_hour_usd=3.6, max_usd_per_run=30)
    run = Run(city.city_id, city.dag_id)
    most_usd = {}
    for minutes in (30, 240):
        form = config.with_overrides(form_overrides({"minutes": minutes}))
        most_usd[minutes] = estimate_spend(warehouse, form, city, run).most_gpu_usd
    # 3.6 USD an hour are 0.06 a minute, of 210 minutes more.
    assert most_usd[240] - most_usd[30] == pytest.approx(12.6)
    dear = config.with_overrides(form_overrides({"minutes": 1_380}))
    refusal = estimate_spend(warehouse, dear, city, run).refusal
    assert "(or sights and photos_per_sight, or minutes) in the trigger form" in refusal


def test_gpu_probably_takes_longer_for_more_epochs(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    warehouse.execute(
        "insert into core.dataset values ('Q1', 1, sha256('d'), '{Gate}', '{1}', 9, 1, 1, 'd', 'r')"
    )
    config = read_settings(mts_price_per_hour_usd=2, mts_epochs=100)
    open_session(warehouse, config, Run("Q1", "d", "r"), "i-1")
    training = insert_training(
        warehouse,
        Run("Q1", "d", "r"),
        dataset_version=1,
        request=TrainingRequest(
            epochs=50,
            image_size=640,
            batch_size=16,
            seed=1,
            time_limit_seconds=3600,
            architecture="yolov5s",
        ),
    )
    start_training(warehouse, training.training_id, instance_id="i-1")
    warehouse.execute(
        "update core.instance_session set started_at = now() - interval '31 min',"
        " running_at = now() - interval '30 min', stopped_at = now(), stopped_by = 'teardown'"
    )
    estimate = estimate_spend(warehouse, config, city, Run(city.city_id, city.dag_id))
    # Half an hour for fifty epochs is an hour for a hundred.
    assert estimate.probable_gpu_usd == pytest.approx(2.0)


def test_estimate_of_a_cleared_run_has_what_it_spent_already(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    config = read_settings(
        max_google_vision_calls_per_run=10, max_sights_per_city=1, max_images_per_sight=8
    )
    reserve_calls(
        warehouse,
        VISION_LANDMARKS,
        Run("Q1", city.dag_id, "r"),
        [bytes([number]) * 32 for number in range(4)],
        caps=Caps(city=100),
        price=UnitPrice(0, 0.5),
    )
    estimate = authorise_spend(warehouse, config, city, Run(city.city_id, city.dag_id, "r"))
    assert estimate.most_calls == 10
    assert estimate.most_vision_usd == pytest.approx(2.0 + 6 * 0.0015)


@pytest.mark.parametrize("city_count", [8, 1], ids=["of eight cities", "of one city's backfill"])
def test_runs_that_start_at_once_cannot_pass_the_months_budget_together(
    warehouse: psycopg.Connection[Any], city_count: int
) -> None:
    # Each may cost 10 USD, 5.58 of them for what comes beside the training: of eight, four fit.
    config = read_settings(
        max_google_vision_calls_per_new_city=0,
        mts_price_per_hour_usd=1,
        mts_time_limit_seconds=10 * 3600 - (5 * 3600 + 35 * 60),
        max_usd_per_month=40,
    )
    cities = [
        add_city(warehouse, City(f"Q{n}", f"c{n}", f"C{n}", "X", Place(1, 1), 1_000))
        for n in range(1, city_count + 1)
    ]
    runs = [(cities[n % city_count], f"r{n}") for n in range(8)]

    def start(run: tuple[City, str]) -> str:
        city, run_id = run
        with connect(autocommit=True) as connection:
            return authorise_spend(
                connection, config, city, Run(city.city_id, city.dag_id, run_id)
            ).refusal

    with ThreadPoolExecutor(8) as pool:
        refusals = list(pool.map(start, runs))
    assert refusals.count("") == 4
    refused = next(refusal for refusal in refusals if refusal)
    assert "MAX_USD_PER_MONTH=40" in refused
    assert "nothing was spent" in refused
    allowed, run_id = runs[refusals.index("")]
    end_estimate(warehouse, Run(allowed.city_id, allowed.dag_id, run_id))
    assert start(runs[refusals.index(refused)]) == ""
    # A task of it is cleared: it asks anew, and finds the month's money under way elsewhere.
    assert find_promise(warehouse, Run(allowed.city_id, allowed.dag_id, run_id)) is None
    assert "MAX_USD_PER_MONTH=40" in start((allowed, run_id))
    assert find_promise(warehouse, Run(allowed.city_id, allowed.dag_id, run_id)) is None


def test_run_above_its_own_budget_is_refused_with_what_to_change(
    warehouse: psycopg.Connection[Any], city: City
) -> None:
    config = read_settings(mts_price_per_hour_usd=3, max_usd_per_run=10)
    refusal = authorise_spend(warehouse, config, city, Run(city.city_id, city.dag_id, "r")).refusal
    assert "MAX_USD_PER_RUN=10" in refusal
    assert "MTS_TIME_LIMIT_SECONDS" in refusal


def test_pages_of_places_are_estimated_where_there_is_a_key(
    warehouse: psycopg.Connection[Any], city: City, tmp_path: Path
) -> None:
    prices = yaml.safe_load(read_settings().prices_file.read_text())
    prices["google_places.text_search_pro"][0]["free_units_per_month"] = 1
    (tmp_path / "prices.yaml").write_text(yaml.safe_dump(prices))
    config = read_settings(maps_key="k", prices_file=tmp_path / "prices.yaml")
    estimate = estimate_spend(warehouse, config, city, Run(city.city_id, city.dag_id))
    assert estimate.most_places_usd == pytest.approx(3 * 0.032)
