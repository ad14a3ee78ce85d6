"""Whatever the UI lets people clear ends with the instance stopped, no lease, and a budget that holds.

What is cleared is asked of Airflow's own route, for each task and option; what comes of it is run
for those that differ.
"""

import itertools
from collections.abc import Iterator, Mapping

import pytest

from sightscan.settings import settings
from tests.dags.city_run import CityRun, DagWalk, city_dag_at_once, run_upkeep
from tests.dags.small_cloud import SmallCloud, prepared_cloud, quick_trainer

pytestmark = pytest.mark.usefixtures("airflow_database")

BEFORE = ("discover_sights", "crawl_photos", "label_photos", "refresh_marts", "decide_training")
SETUPS = ("reserve_instance", "start_instance", "await_host", "upload_dataset")
WORK = ("train_model", "register_model")
CHAIN = (
    *("estimate_spend", *BEFORE, "freeze_dataset", *SETUPS, *WORK),
    *("publish_model", "stop_instance", "conclude_run"),
)
RELATIVES: tuple[Mapping[str, bool], ...] = (
    {},
    {"upstream": True},
    {"downstream": True},
    {"upstream": True, "downstream": True},
)
# Any one with any relatives, and any two.
CHOICES: list[tuple[tuple[str, ...], Mapping[str, bool]]] = [
    *(((task_id,), relatives) for task_id in CHAIN for relatives in RELATIVES),
    *((pair, {}) for pair in itertools.combinations(CHAIN, 2)),
]


@pytest.fixture
def walk(snapshot: object) -> DagWalk:
    return DagWalk(city_dag_at_once())


def settle(walk: DagWalk, failed: str | None) -> None:
    """Give the tasks the states of a run that is over, and in which one failed."""
    behind = CHAIN[CHAIN.index(failed) + 1 :] if failed else ()
    states = dict.fromkeys(CHAIN, "success") | dict.fromkeys(behind, "upstream_failed")
    if failed:
        # A teardown runs when one of its setups succeeded.
        states["stop_instance"] = "upstream_failed" if failed in CHAIN[:8] else "success"
        states |= {failed: "failed", "conclude_run": "failed"}
    walk.settle(states)


def test_nothing_that_needs_the_machine_is_cleared_without_lease_and_stop(walk: DagWalk) -> None:
    settle(walk, None)
    bad = []
    for chosen, relatives in CHOICES:
        cleared = walk.clear(*chosen, **relatives, dry_run=True)
        whole = {*SETUPS, "stop_instance"} <= cleared
        needs = cleared.intersection(WORK)
        # A setup alone has no lease: it fails (test_lost_lease), and the stop finds nothing to do.
        is_safe = whole if needs else "stop_instance" in cleared or not cleared & {*SETUPS}
        # What runs is estimated first, and concluded last.
        works = cleared - {*SETUPS, "stop_instance", "conclude_run"}
        if not is_safe or (works and not {"estimate_spend", "conclude_run"} <= cleared):
            bad.append((chosen, relatives, cleared))
    assert bad == []


def test_only_failed_takes_no_lease_without_a_stop_and_is_concluded(walk: DagWalk) -> None:
    """Of a run in which this task failed; what comes before it cannot be cleared so."""
    for failed in CHAIN[:14]:
        settle(walk, failed)
        for task_id, relatives in itertools.product(
            CHAIN[CHAIN.index(failed) : 14], RELATIVES[::3]
        ):
            cleared = walk.clear(task_id, **relatives, only_failed=True, dry_run=True)
            assert "stop_instance" in cleared or "reserve_instance" not in cleared
            assert "conclude_run" in cleared or not cleared - {*SETUPS, "stop_instance"}


def test_publishing_again_needs_no_machine(walk: DagWalk) -> None:
    settle(walk, None)
    assert walk.clear("publish_model", dry_run=True) == {
        "estimate_spend",
        "publish_model",
        "conclude_run",
    }


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCloud]:
    with prepared_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture
def cloud(started: SmallCloud, monkeypatch: pytest.MonkeyPatch) -> SmallCloud:
    started.use(monkeypatch)
    started.restore()
    return started


def assert_all_is_off(cloud: SmallCloud) -> None:
    assert cloud.instance_state() == "stopped"
    assert cloud.one("select count(*) from core.instance_lease") == 0
    assert cloud.one("select count(*) from core.instance_session where stopped_at is null") == 0
    assert cloud.one("select count(*) from core.spend_estimate where ended_at is null") == 0


def starts(cloud: SmallCloud) -> int:
    return cloud.control.counts().get("ec2", {}).get("starts", 0)


@pytest.mark.slow
def test_clearing_a_finished_run(cloud: SmallCloud) -> None:
    """One run, cleared again and again: (what is cleared, its end, starts of the instance, failed)."""
    run = CityRun(cloud)
    assert run.go_on() == "success"
    for chosen, relatives, state, started, failed in (
        (["publish_model"], {}, "success", 0, None),
        (["stop_instance"], {}, "success", 0, None),
        (["reserve_instance"], {}, "success", 0, None),
        (["upload_dataset"], {}, "success", 0, "upload_dataset"),
        (["start_instance"], {}, "success", 0, "start_instance"),
        (["train_model"], {}, "success", 1, None),
        (["register_model"], {"downstream": True}, "success", 1, None),
        (["label_photos"], {"upstream": True}, "success", 0, None),
        (["conclude_run"], {}, "success", 0, None),
    ):
        before = starts(cloud)
        run.errors.clear()
        cleared = run.clear(*chosen, **relatives)
        assert run.go_on() == state, (chosen, run.errors)
        assert {task_id: run.states[task_id] for task_id in run.errors} == (
            {failed: "failed"} if failed else {}
        )
        assert starts(cloud) - before == started, (chosen, cleared)
        assert_all_is_off(cloud)


@pytest.mark.slow
def test_what_is_cleared_of_a_retired_city_spends_nothing(cloud: SmallCloud) -> None:
    run = CityRun(cloud)
    assert run.go_on() == "success"
    cloud.one("update core.city set state = 'disabled' returning 1")
    before = cloud.control.counts()
    run.errors.clear()
    run.clear("label_photos", upstream=True, downstream=True)
    assert run.go_on() == "failed"
    assert "is retired, and nothing is spent on it" in run.errors["estimate_spend"]
    assert cloud.control.counts() == before
    assert_all_is_off(cloud)


@pytest.mark.slow
def test_no_machine_is_started_for_what_is_cleared_of_a_retired_city(cloud: SmallCloud) -> None:
    run = CityRun(cloud)
    assert run.go_on() == "success"
    cloud.one("update core.city set state = 'disabled' returning 1")
    before = starts(cloud)
    run.errors.clear()
    run.clear("train_model")
    assert run.go_on() == "failed"
    assert "is retired, and nothing is spent on it" in run.errors["estimate_spend"]
    # It comes right after freeze_dataset, but what is refused is the setup of all that is concluded.
    assert run.states["reserve_instance"] == "upstream_failed"
    assert starts(cloud) == before
    # Without its estimate, as "only failed" clears it, the lease is what is refused.
    run.settle({"estimate_spend": "success", "reserve_instance": "failed"})
    run.clear("reserve_instance", downstream=True, only_failed=True)
    assert run.go_on() == "failed"
    assert "is retired, and nothing is spent on it" in run.errors["reserve_instance"]
    assert starts(cloud) == before
    assert_all_is_off(cloud)


@pytest.mark.slow
def test_city_that_is_retired_while_its_run_waits_for_a_machine_starts_none(
    cloud: SmallCloud,
) -> None:
    def retire(_run: object) -> None:
        cloud.one("update core.city set state = 'disabled' returning 1")

    before = starts(cloud)
    run = CityRun(cloud, before={"start_instance": retire})
    assert run.go_on() == "failed"
    assert "is retired, and nothing is spent on it" in run.errors["start_instance"]
    assert starts(cloud) == before
    assert_all_is_off(cloud)


@pytest.mark.slow
def test_city_that_is_retired_while_its_machine_trains_is_trained_to_the_end(
    cloud: SmallCloud,
) -> None:
    def retire(run: CityRun) -> None:
        del run.before["register_model"]
        cloud.one("update core.city set state = 'disabled' returning 1")
        run.clear("train_model")

    run = CityRun(cloud, before={"register_model": retire})
    assert run.go_on() == "success", run.errors
    assert_all_is_off(cloud)


@pytest.mark.slow
@pytest.mark.parametrize("failed", ["start_instance", "train_model", "register_model"])
def test_only_failed_of_a_failed_run_is_told_to_take_a_lease(
    cloud: SmallCloud, failed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_it(_run: object) -> None:
        if failed == "start_instance":
            cloud.control.refuse_next_starts(1)
        elif failed == "train_model":
            monkeypatch.setenv("MTS_TRAINER_COMMAND", quick_trainer("--fail"))
            settings.cache_clear()
        else:
            (result,) = cloud.home(cloud.instance_id).rglob("result.json")
            result.unlink()

    broken = "upload_dataset" if failed == "train_model" else failed
    run = CityRun(cloud, before={broken: break_it})
    assert run.go_on() == "failed"
    assert run.states[failed] == "failed"
    assert "does not hold" not in run.errors[failed]
    run.before.clear()
    before = starts(cloud)
    cleared = run.clear(failed, downstream=True, only_failed=True)
    assert cleared.isdisjoint({"reserve_instance", "stop_instance"})
    assert run.go_on() == "failed"
    assert "(nobody holds it), so nothing was done there" in run.errors[failed]
    assert starts(cloud) == before
    assert_all_is_off(cloud)


@pytest.mark.slow
def test_clearing_a_task_of_a_run_that_goes_on(cloud: SmallCloud) -> None:
    """While the machine trains, the run keeps it, and stops it once."""

    def clear(run: CityRun) -> None:
        del run.before["register_model"]
        run.clear("train_model")

    before = starts(cloud)
    run = CityRun(cloud, before={"register_model": clear})
    assert run.go_on() == "success", run.errors
    assert run.tries["train_model"] == 2
    assert starts(cloud) - before == 1
    assert_all_is_off(cloud)


@pytest.mark.slow
def test_run_that_is_cleared_asks_for_its_money_again(
    cloud: SmallCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = CityRun(cloud)
    assert run.go_on() == "success"
    monkeypatch.setenv("MAX_USD_PER_RUN", "0.01")
    settings.cache_clear()
    # Nothing is spent by publishing.
    run.clear("publish_model")
    assert run.go_on() == "success", run.errors
    before = starts(cloud)
    run.clear("train_model", downstream=True)
    assert run.go_on() == "failed"
    assert "MAX_USD_PER_RUN=0.01" in run.errors["estimate_spend"]
    assert starts(cloud) == before
    assert_all_is_off(cloud)
    # Without its estimate, as "only failed" clears it, the lease is what is refused.
    run.settle({"estimate_spend": "success", "reserve_instance": "failed"})
    run.clear("reserve_instance", downstream=True, only_failed=True)
    assert run.go_on() == "failed"
    assert "MAX_USD_PER_RUN=0.01" in run.errors["reserve_instance"]
    assert_all_is_off(cloud)


@pytest.mark.slow
def test_run_that_is_deleted_while_it_holds_the_machine_is_the_reapers(cloud: SmallCloud) -> None:
    run = CityRun(cloud)
    run.go_on(until="train_model")
    run.delete()
    reaper = run_upkeep("stop_idle_instances")
    assert reaper.state == "success", reaper.errors
    assert cloud.instance_state() == "stopped"
    assert cloud.one("select count(*) from core.instance_lease") == 0
