"""The machine stops, whoever is down, and the bill is EC2's: a table of what may happen to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncssh
import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.utils.state import TaskInstanceState

from sandbox.counts import Counts
from sandbox.gpu.gpu_host import GpuHost, ed25519_key
from sandbox.ports import PortBook
from sightscan.errors import (
    InstanceError,
    LastingInstanceError,
    SettingsError,
    SightScanError,
    UnsettledStopError,
    WarehouseError,
)
from sightscan.operators.airflow_seen import WAREHOUSE_TROUBLE
from sightscan.operators.ec2 import Ec2Pool
from sightscan.settings import settings
from sightscan.train import power_offs
from sightscan.train.host import HostAddress, await_host
from sightscan.warehouse.connection import connect
from sightscan.warehouse.models.instances import correct_seen_ends
from tests.faults.gpu_books import GpuBooks, open_gpu_books
from tests.memory_pool import MemoryPool


@pytest.fixture
def books(
    tmp_path: Path, warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[GpuBooks]:
    with open_gpu_books(tmp_path, warehouse, monkeypatch) as books:
        yield books


def teardown(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.at(-1000)
    books.stop()


def reaped(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.at(-1000)
    books.reap(state="failed")


def stopped_itself(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.at(0)
    books.shut_down()
    books.reap()
    books.stop()


def stopped_itself_before_the_teardown(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.at(0)
    books.shut_down()
    books.stop()


def started_by_hand(books: GpuBooks) -> None:
    books.at(-4000)
    books.start_by_hand()
    books.at(-1000)
    books.reap()


def started_and_stopped_by_hand(books: GpuBooks) -> None:
    books.at(-9000)
    books.start()
    books.at(-8000)
    books.stop()
    books.at(-4000)
    books.start_by_hand()
    books.at(-1000)
    books.stop_by_hand()
    books.at(0)
    books.reap()


def restarted_by_hand(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.at(-3001)
    books.stop_by_hand()
    books.at(-3000)
    books.start_by_hand()
    books.reap()
    books.at(-1000)
    books.stop()


def stop_refused_then_later(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.fleet.fail_next("StopInstances", "UnauthorizedOperation", 1)
    with pytest.raises(InstanceError, match=r"EC2 does not stop i-.*let the IAM user do"):
        books.stop()
    books.at(-1000)
    books.stop()


def terminated(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.at(-1000)
    books.terminate()
    books.at(0)
    assert books.reap() == []
    assert books.reap() == []


def replaced(books: GpuBooks) -> None:
    terminated(books)
    books.use_instances(books.second)
    books.at(-500)
    books.start(2)
    books.at(-400)
    books.reap(state="success")


def warehouse_away_at_the_stop(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.at(-1000)
    with books.warehouse_away():
        with pytest.raises(UnsettledStopError, match=f"{books.first} has stopped, but"):
            books.stop()
        books.wait_for("stopped")
    # So that nobody is told of a stop that failed.
    assert set(books.ti.left) == {WAREHOUSE_TROUBLE}
    books.at(0)
    books.reap(state="failed")


def warehouse_back_at_the_retry(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.at(-1000)
    with books.warehouse_away(), pytest.raises(WarehouseError):
        books.stop()
    books.at(0)
    books.stop()


def warehouse_away_past_the_deadline(books: GpuBooks) -> None:
    books.at(-4000)
    books.start()
    books.let_the_deadline_pass()
    books.at(-1000)
    with books.warehouse_away():
        with pytest.raises(WarehouseError, match=f"in their tags: {books.first}"):
            books.reap()
        books.wait_for("stopped")
    books.at(0)
    books.reap()


def start_that_died_before_its_books(books: GpuBooks) -> None:
    """As if the worker died between EC2's answer and the note that it runs."""
    books.at(-100)
    books.start()
    books.change("update core.instance_session set running_at = null")
    books.at(0)
    books.reap(state="failed")


# EC2 tells whole seconds, of its start and of its stop.
EC2_SECONDS = 2
# An end that EC2 tells no time of is billed until it is seen, which a busy machine does later. Whatever
# else a bill may be by mistake is a hundred seconds off, or more.
LATE_SECONDS = 60
# What happens, and who started and stopped which session then.
SITUATIONS: dict[Callable[[GpuBooks], None], list[tuple[str, str]]] = {
    teardown: [("run", "teardown")],
    reaped: [("run", "reaper")],
    stopped_itself: [("run", "itself")],
    stopped_itself_before_the_teardown: [("run", "itself")],
    started_by_hand: [("nobody", "reaper")],
    started_and_stopped_by_hand: [("run", "teardown"), ("nobody", "somebody")],
    restarted_by_hand: [("run", "somebody"), ("nobody", "teardown")],
    stop_refused_then_later: [("run", "teardown")],
    terminated: [("run", "somebody")],
    replaced: [("run", "somebody"), ("run", "reaper")],
    warehouse_away_at_the_stop: [("run", "somebody")],
    warehouse_back_at_the_retry: [("run", "teardown")],
    warehouse_away_past_the_deadline: [("run", "somebody")],
    start_that_died_before_its_books: [("run", "reaper")],
}


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_bill_is_ec2s_and_nothing_is_left(
    books: GpuBooks, situation: Callable[[GpuBooks], None]
) -> None:
    situation(books)
    assert books.fleet.state_of(books.first) in {"stopped", "terminated"}
    assert books.one("select count(*) from core.instance_lease") == 0
    sessions = books.rows(
        "select started_by, stopped_by from core.instance_session order by session_id"
    )
    assert sessions == SITUATIONS[situation]
    seen = "select count(*) from core.instance_session where stopped_at_source = 'seen'"
    apart = LATE_SECONDS if books.one(seen) else EC2_SECONDS
    seconds = "select sum(extract(epoch from stopped_at - running_at))::float"
    assert books.one(f"{seconds} from core.instance_session") == pytest.approx(
        books.seconds_on(), abs=apart
    )
    billed = books.one("select sum(cost_usd)::float from core.session_cost")
    assert billed == pytest.approx(books.seconds_on() * 0.001, abs=apart * 0.001)


@pytest.fixture
def host(books: GpuBooks, tmp_path: Path) -> Iterator[GpuHost]:
    """The machine of the first instance, booted by the test; its own watch powers it off at once."""
    host = GpuHost(
        books.first,
        tmp_path / "host",
        Counts(),
        PortBook(tmp_path),
        client_key=ed25519_key(tmp_path / "client_key", "client"),
        boot_seconds=3_600.0,
        watch_options=("--look-seconds", "0.02", "--idle-seconds", "0.1"),
        on_shutdown=lambda: books.fleet.shut_down(books.first),
    )
    books.fleet.on_state = lambda _instance, state: host.on_state(state)
    yield host
    host.close()


def correct_bills(books: GpuBooks, host: GpuHost) -> None:
    """As `await_host` does when the machine is started again; this time it stays on."""
    known = host.address
    address = HostAddress(known.host, known.port, known.user, known.key_file, known.host_key)
    await_host(address, timeout_seconds=60)
    with connect(autocommit=True) as connection:
        power_offs.correct_bills(connection, address, books.first)


def seen_an_hour_later(books: GpuBooks) -> None:
    """All of Airflow was away meanwhile; then the next run starts the machine."""
    books.reap(state="failed")
    books.change("update core.instance_session set stopped_at = stopped_at + interval '1 h'")
    books.start()


def started_by_hand_before_anybody_looked(books: GpuBooks) -> None:
    books.at(3600)
    books.start_by_hand()
    books.reap(state="failed")
    books.at(7200)
    books.start()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("meanwhile", "stopped_by"),
    [(seen_an_hour_later, "itself"), (started_by_hand_before_anybody_looked, "somebody")],
)
def test_bill_of_a_machine_that_stopped_itself_is_right_once_it_was_started_again(
    books: GpuBooks, host: GpuHost, meanwhile: Callable[[GpuBooks], None], stopped_by: str
) -> None:
    # Else it might be off before its start has seen it run.
    books.start()
    host.power_on()
    books.wait_for("stopped")
    host.boot_seconds, host.watch_options = 0.0, ()
    meanwhile(books)
    first = (
        "select stopped_by, stopped_at_source, extract(epoch from stopped_at)::float"
        " from core.instance_session order by session_id limit 1"
    )
    # What its disk says, in whole seconds.
    off_at = int((host.home / ".sightscan-power-offs").read_text().split()[0])
    ((*_, too_late),) = books.rows(first)
    assert too_late > off_at + 3590
    # Again is the same.
    for _ in range(2):
        correct_bills(books, host)
        assert books.rows(first) == [(stopped_by, "host", pytest.approx(off_at, abs=EC2_SECONDS))]


def at(minutes: float) -> datetime:
    return datetime(2026, 11, 28, 12, tzinfo=UTC) + timedelta(minutes=minutes)


# What the host says of when it went off, in minutes; a session ran from 0 and was seen stopped at 60.
@pytest.mark.parametrize(
    ("told", "source", "ended"),
    [
        ([20], "seen", 20),
        ([10, 20], "seen", 20),
        ([0], "seen", 0),
        ([60], "seen", 60),
        ([-1], "seen", None),
        ([61], "seen", None),
        ([-1, 20, 61, 90], "seen", 20),
        ([], "seen", None),
        ([20], "ec2", None),
        ([20], "host", None),
        # Of before anybody noted it.
        ([20], None, None),
    ],
)
def test_word_of_the_host_counts_within_what_ec2_left_open(
    books: GpuBooks, told: list[float], source: str | None, ended: float | None
) -> None:
    with connect(autocommit=True) as connection:
        connection.execute(
            "insert into core.instance_session (instance_id, price_per_hour_usd, started_at,"
            " running_at, stopped_at, stopped_by, stopped_at_source)"
            " values (%(mine)s, 1, %(start)s, %(start)s, %(end)s, 'itself', %(source)s),"
            " (%(other)s, 1, %(start)s, %(start)s, %(end)s, 'itself', %(source)s),"
            " (%(mine)s, 1, %(end)s, %(end)s, null, null, null)",
            {
                "mine": books.first,
                "other": books.second,
                "start": at(0),
                "end": at(60),
                "source": source,
            },
        )
        corrected = correct_seen_ends(connection, books.first, [at(minutes) for minutes in told])
        assert corrected == (() if ended is None else ((at(60), at(ended)),))
        rows = connection.execute(
            "select instance_id, stopped_at from core.instance_session order by session_id"
        ).fetchall()
    assert rows == [
        (books.first, at(60 if ended is None else ended)),
        (books.second, at(60)),
        (books.first, None),
    ]


def test_senseless_setting_keeps_no_machine_on(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.start()
    monkeypatch.setenv("MTS_EPOCHS", "many")
    settings.cache_clear()
    with pytest.raises(SettingsError, match="MTS_EPOCHS='many'"):
        books.stop()
    assert books.fleet.state_of(books.first) == "stopped"


def test_reaper_stops_by_the_tags_though_a_setting_is_senseless(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.start()
    books.let_the_deadline_pass()
    monkeypatch.setenv("MTS_EPOCHS", "many")
    settings.cache_clear()
    with pytest.raises(SettingsError, match=f"MTS_EPOCHS='many'.*in their tags: {books.first}"):
        books.reap()
    books.wait_for("stopped")


@pytest.mark.parametrize("epochs", ["100", "many"])
def test_reaper_finds_by_the_tags_what_nobody_can_name(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch, epochs: str
) -> None:
    """No setting names a machine, another may be senseless, and the warehouse is away, at once."""
    books.start()
    books.let_the_deadline_pass()
    monkeypatch.setenv("MTS_EPOCHS", epochs)
    books.use_instances()
    with (
        books.warehouse_away(),
        pytest.raises(SightScanError, match=f"in their tags: {books.first}$"),
    ):
        books.reap()
    books.wait_for("stopped")


def test_reaper_leaves_alone_what_bears_no_deadline_or_one_to_come(books: GpuBooks) -> None:
    """Machines of others in the account, and of another deployment whose run goes on."""
    books.start()
    books.use_instances()
    books.fleet.start([books.second])
    books.fleet.set_tags(
        [books.second], {"deadline": "2020-01-01", "sightscan:run": "city_x/run 1"}
    )
    with books.warehouse_away(), pytest.raises(WarehouseError, match=r"in their tags: none$"):
        books.reap()
    assert [books.fleet.state_of(each) for each in (books.first, books.second)] == ["running"] * 2


def test_tags_that_cannot_be_listed_are_told_and_what_is_named_is_stopped(books: GpuBooks) -> None:
    books.start()
    books.let_the_deadline_pass()
    books.fleet.fail_next("DescribeInstances", "UnauthorizedOperation", 1)
    with (
        books.warehouse_away(),
        pytest.raises(WarehouseError, match=rf"{books.first}; what no setting names could not"),
    ):
        books.reap()
    books.wait_for("stopped")


def test_reaper_stops_what_it_knows_no_price_of(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    books.start_by_hand()
    monkeypatch.delenv("MTS_PRICE_PER_HOUR_USD")
    monkeypatch.setenv("PRICES_FILE", str(tmp_path / "none.yaml"))
    settings.cache_clear()
    with pytest.raises(WarehouseError, match="PRICES_FILE"):
        books.reap()
    books.wait_for("stopped")


def test_a_pool_that_is_not_ec2_is_leased_started_stopped_and_billed(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = MemoryPool([books.first])
    for module in ("instances", "reaper"):
        monkeypatch.setattr(f"sightscan.operators.{module}.open_pool", lambda: pool)
    books.start()
    assert pool.look_at(books.first).tags["sightscan:run"].endswith("/run 1")
    assert books.reap() == []
    books.stop()
    assert pool.look_at(books.first).has_ended
    books.start(2)
    assert books.reap(state="failed") == [books.first]
    assert pool.look_at(books.first).has_ended
    ended = "select count(*) from core.instance_session where stopped_at is not null"
    assert books.one(ended) == 2
    assert books.one("select count(*) from core.instance_lease") == 0
    # Nobody asked EC2 for its own one.
    assert {line.state for line in books.fleet.history()} == {"stopped"}


@pytest.mark.parametrize("error", [asyncssh.ConnectionLost("gone"), TypeError("a mistake of ours")])
def test_hand_over_that_breaks_keeps_no_machine_on(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def breaks(*_: object) -> None:
        raise error

    books.start()
    monkeypatch.setattr("sightscan.operators.instances.hand_over", breaks)
    books.stop()
    assert books.fleet.state_of(books.first) == "stopped"
    assert books.one("select count(*) from core.instance_lease") == 0


class Died(BaseException):
    """The worker is gone: nobody catches that."""


def die(*_: object, **__: object) -> None:
    raise Died


MARK = Ec2Pool.mark


def tag_and_die(*given: Any, **by_name: Any) -> None:
    MARK(*given, **by_name)
    raise Died


@pytest.fixture
def successor(books: GpuBooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run has trained, and another waits for its instance; the host has nothing left to kill."""
    books.start(1)
    assert books.lease(2) is None
    trained = SimpleNamespace(state="succeeded")
    monkeypatch.setattr("sightscan.warehouse.models.trainings.find_training", lambda *_: trained)
    monkeypatch.setattr("sightscan.train.jobs.kill_job", lambda _: None)
    monkeypatch.setattr("sightscan.train.addresses.host_address", lambda *_: None)


HAND_OVER = "sightscan.warehouse.models.lease_changes"
BEFORE, IN_ROWS = f"{HAND_OVER}.hand_over_lease", f"{HAND_OVER}.note_lease_use"
TAGS = "sightscan.operators.ec2.Ec2Pool.mark"


@dataclass(frozen=True)
class Death:
    """Where the teardown dies in a hand-over, and what is so then.

    The number of the run that the tags name, that of the one that holds the lease, and what EC2 says
    after a retry without the warehouse.
    """

    where: str
    how: Callable[..., None]
    tagged: int
    holder: int
    state: str


@pytest.mark.usefixtures("successor")
@pytest.mark.parametrize("is_away", [False, True], ids=["warehouse there", "warehouse away"])
@pytest.mark.parametrize(
    "death",
    [
        pytest.param(Death(BEFORE, die, 1, 1, "stopped"), id="before"),
        pytest.param(Death(IN_ROWS, die, 1, 1, "stopped"), id="rows not committed"),
        pytest.param(Death(TAGS, die, 1, 2, "stopped"), id="rows without tags"),
        pytest.param(Death(TAGS, tag_and_die, 2, 2, "running"), id="rows and tags"),
    ],
)
def test_teardown_that_dies_while_it_hands_over(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch, death: Death, *, is_away: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(death.where, death.how)
        with pytest.raises(Died):
            books.stop(1)
    tags = books.fleet.tags()[books.first]
    assert tags["sightscan:run"] == f"city_malaga/run {death.tagged}"
    assert books.one("select run_id from core.instance_lease") == f"run {death.holder}"
    if is_away:
        with books.warehouse_away():
            with pytest.raises(WarehouseError):
                books.stop(1)
            assert books.fleet.state_of(books.first) == death.state
            # Nobody is left then but the teardown of the next run.
            with pytest.raises(WarehouseError):
                books.stop(2)
            assert books.fleet.state_of(books.first) == "stopped"
    books.stop(1)
    assert books.lease(2) == books.first
    assert books.fleet.state_of(books.first) == ("stopped" if is_away else "running")
    books.execute_start(2)
    assert books.fleet.tags()[books.first]["sightscan:run"] == "city_malaga/run 2"
    books.stop(2)
    assert books.one("select count(*) from core.instance_lease") == 0
    starts = [line.state for line in books.fleet.history()].count("running")
    assert starts == (2 if is_away else 1)
    seconds = "select sum(extract(epoch from stopped_at - running_at))::float"
    assert books.one(f"{seconds} from core.instance_session") == pytest.approx(
        books.seconds_on(), abs=2
    )


@pytest.mark.usefixtures("successor")
def test_tags_that_ec2_does_not_take_are_left_to_the_next_run(books: GpuBooks) -> None:
    books.fleet.fail_next("CreateTags", "InternalError", 1)
    books.stop(1)
    assert books.fleet.state_of(books.first) == "running"
    assert books.fleet.tags()[books.first]["sightscan:run"] == "city_malaga/run 1"
    books.execute_start(2)
    assert books.fleet.tags()[books.first]["sightscan:run"] == "city_malaga/run 2"


def test_machine_of_another_run_is_not_stopped_without_the_warehouse(books: GpuBooks) -> None:
    books.start(1)
    books.reap(state="failed")
    books.start(2)
    with books.warehouse_away(), pytest.raises(WarehouseError) as raised:
        books.stop(1)
    # What this run left on nobody knows now: that is told.
    assert not isinstance(raised.value, UnsettledStopError)
    assert books.ti.left == {}
    books.stop(1)
    assert books.fleet.state_of(books.first) == "running"
    assert books.one("select run_id from core.instance_lease") == "run 2"


def test_run_without_its_lease_starts_nothing(books: GpuBooks) -> None:
    books.start(1)
    books.reap(state="failed")
    starts = len(books.fleet.history())
    with pytest.raises(
        AirflowFailException, match=r"run 2 does not hold instance i-.*clear reserve_"
    ):
        books.execute_start(2)
    assert len(books.fleet.history()) == starts


def test_start_that_may_not_be_tagged_does_not_begin(books: GpuBooks) -> None:
    """What cannot be stopped without the warehouse must not run."""
    books.fleet.fail_next("CreateTags", "UnauthorizedOperation", 1)
    with pytest.raises(LastingInstanceError, match="ec2:CreateTags"):
        books.start()
    assert books.fleet.state_of(books.first) == "stopped"


def test_start_of_a_terminated_instance_is_not_tried_again(books: GpuBooks) -> None:
    books.terminate()
    with pytest.raises(LastingInstanceError, match=r"terminated; .*MTS_EC2_INSTANCE_ID"):
        books.start()


def test_instance_before_its_deadline_runs_on_while_the_warehouse_is_away(books: GpuBooks) -> None:
    books.start()
    with books.warehouse_away(), pytest.raises(WarehouseError, match="in their tags: none"):
        books.reap()
    assert books.fleet.state_of(books.first) == "running"


def lease_during(books: GpuBooks, monkeypatch: pytest.MonkeyPatch, look: int) -> list[str | None]:
    """Let run 2 ask for the instance at the reaper's nth look at EC2; return what it got."""
    real, got, looks = Ec2Pool.look_at, [], []

    def look_and_lease(pool: Ec2Pool, instance_id: str) -> Any:
        sight = real(pool, instance_id)
        looks.append(sight)
        if len(looks) == look:
            got.append(books.lease(2))
        return sight

    monkeypatch.setattr(Ec2Pool, "look_at", look_and_lease)
    return got


def test_instance_leased_while_the_reaper_looked_is_left_alone(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.start_by_hand()
    got = lease_during(books, monkeypatch, look=1)
    assert books.reap() == []
    assert got == [books.first]
    assert books.fleet.state_of(books.first) == "running"


@pytest.mark.parametrize("is_leased", [True, False])
def test_instance_that_is_being_stopped_is_leased_only_afterwards(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch, *, is_leased: bool
) -> None:
    if is_leased:
        books.start(1)
    else:
        books.start_by_hand()
    got = lease_during(books, monkeypatch, look=2)
    assert books.reap(state="failed") == [books.first]
    assert got == [None]
    assert books.lease(2) == books.first


def test_run_that_was_cleared_while_the_reaper_looked_waits_for_a_new_lease(
    books: GpuBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.start(1)
    real = Ec2Pool.look_at

    def look_and_lease(pool: Ec2Pool, instance_id: str) -> Any:
        got.append(books.lease(1))
        return real(pool, instance_id)

    got: list[str | None] = []
    monkeypatch.setattr(Ec2Pool, "look_at", look_and_lease)
    assert books.reap(state="failed") == [books.first]
    # The dead lease as long as it is there, nothing while it is stopped.
    assert got[0] == books.first
    assert set(got[1:]) == {None}


def test_instance_that_cannot_be_stopped_is_not_given_away(books: GpuBooks) -> None:
    books.start(1)
    books.fleet.fail_next("StopInstances", "UnauthorizedOperation", 1)
    with pytest.raises(Exception, match="not all idle instances could be stopped"):
        books.reap(state="failed")
    assert books.lease(2) is None
    assert books.reap() == [books.first]
    assert books.lease(2) == books.first


def test_what_a_killed_reaper_held_is_freed_by_the_next(books: GpuBooks) -> None:
    books.lease()
    books.change(
        "update core.instance_lease set city_id = null, dag_id = 'stop_idle_instances',"
        " run_id = instance_id || ' before', leased_at = now() - interval '2 h',"
        " deadline_at = now() - interval '1 h'"
    )
    assert books.reap() == []
    assert books.lease() == books.first


# What the tasks are at each look, five minutes apart, whether the DAG is paused; and at which look,
# from 0, it is stopped. The training ends at 4 minutes and 59 seconds of the look before "scheduled".
QUIET: dict[str, tuple[list[str], bool, int | None]] = {
    "paused in mid-training: 1 + 5 minutes after its end at most": (
        ["deferred", "deferred", "scheduled", "scheduled"],
        True,
        3,
    ),
    "paused while a task works on: it ends first": (["running"] * 6, True, None),
    "paused in a retry: nothing will go on": (["up_for_retry"] * 4, True, 1),
    "stale or gone, or nothing queued: 10 minutes": (["deferred", *["scheduled"] * 5], False, 3),
    "no state yet is no work": (["none"] * 4, False, 2),
    "full slots for less than 10 minutes": (
        ["scheduled", "scheduled", "queued", "scheduled", "scheduled", "running"],
        False,
        None,
    ),
    "waits to try again, for 25 minutes": (["up_for_retry"] * 6, False, None),
    "waits to try again for ever": (["up_for_retry"] * 8, False, 6),
    "waits for its training": (["deferred"] * 8, False, None),
    "as Airflow's own states": ([TaskInstanceState.RUNNING] * 4, False, None),
}


@pytest.mark.parametrize("name", QUIET)
def test_run_that_cannot_go_on_is_dead(books: GpuBooks, name: str) -> None:
    states, is_paused, stopped_at = QUIET[name]
    books.start()
    stopped = None
    for look, state in enumerate(states):
        tasks = {"upload_dataset": "success", "train_model": state, "register_model": None}
        if books.reap(tasks=tasks, is_paused=is_paused) and stopped is None:
            stopped = look
        books.change("update core.instance_lease set quiet_since = quiet_since - interval '5 min'")
    assert stopped == stopped_at
    expected = "running" if stopped_at is None else "stopped"
    assert books.fleet.state_of(books.first) == expected
