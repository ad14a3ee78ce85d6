"""What a run is promised to cost at most is the most that it can cost, whatever is set."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import yaml
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.execution_time.context import set_current_context
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sightscan.city import City, Place
from sightscan.discover.places import PlacesBuyer, _Page, rank_by_places
from sightscan.label.calls import VisionCalls
from sightscan.operators.instances import ReserveInstanceOperator
from sightscan.operators.spending import confirm_estimate
from sightscan.operators.work import city_work
from sightscan.run import Run
from sightscan.settings import settings
from sightscan.spend.estimate import authorise_spend
from sightscan.warehouse.models.instances import (
    find_lease_left,
    lease_instance,
    open_session,
    release_lease,
)
from sightscan.warehouse.models.lease_changes import hand_over_lease
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.spend.budgets import find_promise, sum_usd_of_run
from sightscan.warehouse.spend.paid_calls import VISION_LANDMARKS, reserve_calls
from sightscan.warehouse.spend.prices import unit_price

CITY = City("Q1", "one", "One", "X", Place(1, 1), 1_000)
OTHER_CITY = City("Q2", "two", "Two", "X", Place(1, 1), 1_000)
RUN = Run("Q1", CITY.dag_id, "run")
OTHER_RUN = Run("Q2", OTHER_CITY.dag_id, "other")
TYPES = ("g4dn.xlarge", "p3.2xlarge", "p4d.24xlarge")
# What a run's bill can depend on, beside what is spent before it and meanwhile.
SETTINGS = st.fixed_dictionaries(
    {
        "MTS_TIME_LIMIT_SECONDS": st.integers(60, 6 * 24 * 3600),
        "MTS_PRICE_PER_HOUR_USD": st.none() | st.integers(0, 4_000).map(lambda cents: cents / 100),
        "MTS_HOST_TIMEOUT_SECONDS": st.integers(1, 7_200),
        "MTS_CHECK_INTERVAL_SECONDS": st.integers(1, 600),
        "MTS_EPOCHS": st.integers(1, 2_000),
        "MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY": st.integers(0, 40),
        "MAX_GOOGLE_VISION_CALLS_PER_RUN": st.none() | st.integers(0, 40),
        "MAX_GOOGLE_VISION_CALLS_PER_MONTH": st.none() | st.integers(0, 60),
        "MAX_PLACES_CALLS_PER_CITY": st.integers(0, 5),
        "MAPS_KEY": st.none() | st.just("key"),
        "MAX_SIGHTS_PER_CITY": st.integers(1, 5),
        "MAX_IMAGES_PER_SIGHT": st.integers(0, 6),
    }
)
# A price list like the real one, with few units before each step.
PRICES = st.fixed_dictionaries(
    {
        "free": st.integers(0, 20),
        "usd": st.sampled_from([0.0015, 0.5]),
        "volume": st.sampled_from([0.0006, 0.9]),
        "announced": st.none() | st.sampled_from([0.001, 2.0]),
    }
)
# What somebody may raise while a run goes on.
RAISED = {
    "MAX_GOOGLE_VISION_CALLS_PER_NEW_CITY": "100",
    "MAX_GOOGLE_VISION_CALLS_PER_RUN": None,
    "MTS_TIME_LIMIT_SECONDS": str(7 * 24 * 3600),
}
YESTERDAY, TOMORROW = date(2026, 11, 1), date(2999, 1, 1)
FORGET = (
    "delete from core.lease_request",
    "delete from core.instance_lease",
    "delete from core.lease_use",
    "delete from core.instance_session",
    "delete from core.paid_call",
    "delete from core.spend_estimate",
)


@dataclass(frozen=True)
class Fate:
    """What befalls a run after its estimate: others spend, months turn, settings and prices change.

    Each start of the instance is seconds off, then seconds on; the last one ends with the lease.
    """

    used_before: int
    used_meanwhile: int
    has_month_turned: bool
    is_raised: bool
    known_type: str | None
    real_type: str
    starts: list[tuple[int, int]]
    lease_count: int
    is_handed_over: bool


FATES = st.builds(
    Fate,
    used_before=st.integers(0, 30),
    used_meanwhile=st.integers(0, 30),
    has_month_turned=st.booleans(),
    is_raised=st.booleans(),
    known_type=st.none() | st.sampled_from(TYPES),
    real_type=st.sampled_from(TYPES),
    starts=st.lists(
        st.tuples(st.integers(20, 3_600), st.integers(1, 7_200)), min_size=1, max_size=6
    ),
    lease_count=st.integers(1, 2),
    is_handed_over=st.booleans(),
)


@given(chosen=SETTINGS, prices=PRICES, fate=FATES)
@hypothesis_settings(
    max_examples=15,
    deadline=None,
    # A failing case is small enough, and each takes a second.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_run_costs_more_than_it_was_let_through_with(
    warehouse: psycopg.Connection[Any],
    tmp_path: Path,
    chosen: Mapping[str, float | str | None],
    prices: Mapping[str, float | None],
    fate: Fate,
) -> None:
    for text in FORGET:
        warehouse.execute(text)
    for city in (CITY, OTHER_CITY):
        add_city(warehouse, city)
    price_file = tmp_path / "prices.yaml"
    write_prices(price_file, prices, announced_on=TOMORROW)
    with pytest.MonkeyPatch.context() as patched, task_of_run():
        set_all(patched, {**chosen, "MTS_EC2_INSTANCE_ID": "i-1", "PRICES_FILE": str(price_file)})
        saw_type(warehouse, fate.known_type)
        use(warehouse, "before", fate.used_before)
        with city_work(CITY.slug) as work:
            authorise_spend(work.connection, work.config, work.city, work.run)
        use(warehouse, "meanwhile", fate.used_meanwhile)
        if fate.has_month_turned:
            warehouse.execute(
                "update core.paid_call set reserved_at = reserved_at - interval '32 d'"
            )
        if fate.is_raised:
            set_all(patched, RAISED)
        # What was announced comes into force.
        write_prices(price_file, prices, announced_on=YESTERDAY)
        buy_all_that_may_be_bought(warehouse)
        check(warehouse)
        for number in range(fate.lease_count):
            use_up_lease(
                warehouse,
                real_type=fate.real_type,
                starts=fate.starts,
                is_handed_over=fate.is_handed_over and number == 0,
            )
            check(warehouse)


@pytest.mark.parametrize(
    ("used_up_by_others", "most_usd"),
    [(0, 0.0015 * 6), (2_000, 0.0015 * 6)],
    ids=["free images are there once", "others have used them up"],
)
def test_most_is_what_others_and_the_reaper_leave_no_cent_of(
    warehouse: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    used_up_by_others: int,
    most_usd: float,
) -> None:
    for city in (CITY, OTHER_CITY):
        add_city(warehouse, city)
    with monkeypatch.context() as patched, task_of_run():
        set_all(
            patched,
            {
                "MTS_EC2_INSTANCE_ID": "i-1",
                "MTS_TIME_LIMIT_SECONDS": "3600",
                "MTS_PRICE_PER_HOUR_USD": "3",
                "MAX_SIGHTS_PER_CITY": "2",
                "MAX_IMAGES_PER_SIGHT": "2",
                "MAX_STREET_PHOTOS": "2",
            },
        )
        use(warehouse, "before", used_up_by_others)
        with city_work(CITY.slug) as work:
            promised = authorise_spend(work.connection, work.config, work.city, work.run)
        # An hour of training, five hours and ten minutes more, and twenty-five minutes.
        assert promised.most_usd == pytest.approx(most_usd + 3 * (1 + 5 + 35 / 60), abs=1e-4)
        use(warehouse, "meanwhile", 1_000)
        buy_all_that_may_be_bought(warehouse)
        use_up_lease(
            warehouse,
            real_type="p3.2xlarge",
            starts=[(0, 1)],
            is_handed_over=False,
        )
    # Between the lease and the start, real time has passed, too: on a busy machine, seconds.
    ((late_usd,),) = warehouse.execute(
        "select 3 * extract(epoch from running_at - leased_at)::float / 3600"
        " from core.instance_session inner join core.lease_use using (instance_id)"
    ).fetchall()
    assert 0 <= late_usd < 0.1
    spent_usd = sum_usd_of_run(warehouse, RUN).usd
    assert spent_usd + late_usd == pytest.approx(promised.most_usd, abs=0.002)


def check(warehouse: psycopg.Connection[Any]) -> None:
    """Compare with what the run was let through with; sums are told to a hundredth of a cent."""
    promise = find_promise(warehouse, RUN)
    assert promise is not None
    assert sum_usd_of_run(warehouse, RUN).usd <= promise.most_usd + 0.0005


def buy_all_that_may_be_bought(warehouse: psycopg.Connection[Any]) -> None:
    """Reserve more images and pages than the run may have: nothing holds but what stops them."""
    config = settings()
    with VisionCalls(warehouse, config, RUN) as calls:
        reserve_calls(
            warehouse,
            VISION_LANDMARKS,
            RUN,
            [sha256(f"photo {number}".encode()).digest() for number in range(80)],
            caps=calls.caps,
            price=unit_price(config, VISION_LANDMARKS.price_name),
        )
    if config.maps_key is not None:
        buyer: Any = PlacesBuyer(Pages(), RUN)  # type: ignore[arg-type]
        for _ in range(2):
            rank_by_places(warehouse, buyer, config, CITY, [])
            # As if the year had turned: then the city is asked about again.
            warehouse.execute(
                "update core.paid_call set subject_sha256 = sha256(subject_sha256)"
                " where provider = 'google_places'"
            )


class Pages:
    """Places with a further page behind each."""

    def search(self, *_: object) -> _Page:
        return _Page("succeeded", next_token="more")


def use_up_lease(
    warehouse: psycopg.Connection[Any],
    *,
    real_type: str,
    starts: list[tuple[int, int]],
    is_handed_over: bool,
) -> None:
    """Lease an instance, start it as often as told, and let it run until the reaper stops it."""
    reserve = ReserveInstanceOperator(task_id="reserve_instance", slug=CITY.slug)
    if is_handed_over:
        lease_instance(warehouse, OTHER_RUN, ["i-1"], seconds=3600)
        open_session(warehouse, settings(), OTHER_RUN, "i-1", instance_type=real_type)
        warehouse.execute(
            "update core.instance_session set running_at = now() where stopped_at is null"
        )
        let_time_pass(warehouse, 1800)
        with pytest.raises(TaskDeferred):
            reserve.execute(Context())
        assert hand_over_lease(warehouse, OTHER_RUN, "i-1") is not None
    reserve.execute(Context())
    for number, (off, on) in enumerate(starts):
        left = find_lease_left(warehouse, RUN)
        assert left is not None
        if off >= left[1]:
            break
        let_time_pass(warehouse, off)
        with city_work(CITY.slug) as work:
            confirm_estimate(work, real_type)
            open_session(work.connection, work.config, RUN, "i-1", instance_type=real_type)
        warehouse.execute(
            "update core.instance_session set running_at = coalesce(running_at, now())"
            " where stopped_at is null"
        )
        # The reaper comes within five minutes, and its round may take twenty.
        until_stopped = left[1] - off + 25 * 60
        is_last = number == len(starts) - 1
        let_time_pass(warehouse, until_stopped if is_last else min(on, until_stopped))
        warehouse.execute(
            # Real time has passed, too: some milliseconds, of up to 40 USD an hour.
            "update core.instance_session set stopped_by = 'reaper', stopped_at = least(now(),"
            " (select deadline_at + interval '25 min' from core.instance_lease))"
            " where stopped_at is null"
        )
    release_lease(warehouse, RUN)


def let_time_pass(warehouse: psycopg.Connection[Any], seconds: float) -> None:
    """Let all that is noted about the instance be so much longer ago."""
    for table, columns in (
        ("instance_lease", ("leased_at", "deadline_at")),
        ("lease_use", ("leased_at", "released_at")),
        ("instance_session", ("started_at", "running_at", "stopped_at")),
    ):
        earlier = ", ".join(f"{column} = {column} - %(time)s" for column in columns)
        warehouse.execute(
            f"update core.{table} set {earlier}",  # noqa: S608
            {"time": timedelta(seconds=seconds)},
        )


def saw_type(warehouse: psycopg.Connection[Any], instance_type: str | None) -> None:
    """Let another run have used the instance a month ago, when it was of this type."""
    if instance_type is not None:
        warehouse.execute(
            "insert into core.instance_session (instance_id, city_id, dag_id, run_id,"
            " instance_type, price_per_hour_usd, started_at, running_at, stopped_at, stopped_by)"
            " values ('i-1', 'Q2', 'd', 'r', %s, 1, now() - interval '30 d',"
            " now() - interval '30 d', now() - interval '29 d', 'teardown')",
            [instance_type],
        )


def use(warehouse: psycopg.Connection[Any], name: str, units: int) -> None:
    """Let another city use up so many of the month's images."""
    if units:
        warehouse.execute(
            "insert into core.paid_call (provider, feature, subject_sha256, attempt, city_id,"
            " dag_id, run_id, state, price_usd, unit_count, answer, settled_at) values"
            " ('google_vision', 'landmark_detection', sha256(%s), 1, 'Q2', 'd', 'r',"
            " 'succeeded', 0, %s, '{}', now())",
            [name.encode(), units],
        )


def set_all(patched: pytest.MonkeyPatch, values: Mapping[str, float | str | None]) -> None:
    for name, value in values.items():
        patched.setenv(name, "" if value is None else str(value))
    settings.cache_clear()


def write_prices(path: Path, prices: Mapping[str, float | None], *, announced_on: date) -> None:
    """Write a price list with one price that is announced, or in force since a day."""
    long_ago = date(2020, 1, 1)
    vision: list[dict[str, Any]] = [
        {
            "valid_from": long_ago,
            "free_units_per_month": prices["free"],
            "usd_per_unit": prices["usd"],
            "volume_prices": [{"above_units": 25, "usd_per_unit": prices["volume"]}],
        }
    ]
    if prices["announced"] is not None:
        vision.append(
            {
                "valid_from": announced_on,
                "free_units_per_month": 0,
                "usd_per_unit": prices["announced"],
            }
        )
    places = {"valid_from": long_ago, "free_units_per_month": 2, "usd_per_unit": 0.032}
    listed: dict[str, Any] = {
        "google_vision.landmark_detection": vision,
        "google_places.text_search_pro": [places],
        "ec2.gpu_hour": [{"valid_from": long_ago, "usd_per_hour": 3.06}],
        "ec2.g4dn.xlarge": [{"valid_from": long_ago, "usd_per_hour": 0.658}],
        "ec2.p4d.24xlarge": [
            {"valid_from": long_ago, "usd_per_hour": 32.77},
            {"valid_from": announced_on, "usd_per_hour": 40},
        ],
    }
    path.write_text(yaml.safe_dump(listed))


@contextmanager
def task_of_run() -> Iterator[None]:
    """Be a task of the city's run whose labelling is done, as Airflow tells it."""
    states = {"discover_sights": "success", "label_photos": "success", "start_instance": None}
    ti = SimpleNamespace(get_task_states=lambda **_: {RUN.run_id: states})
    context: Any = {
        "params": {},
        "dag": SimpleNamespace(dag_id=RUN.dag_id),
        "run_id": RUN.run_id,
        "ti": ti,
    }
    with set_current_context(context):
        yield
    settings.cache_clear()
