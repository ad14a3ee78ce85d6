"""What Airflow's own database knows to be wrong, as the scheduler sees it, and as its task tells it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dag import DagModel
from airflow.models.xcom import XComModel
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowFailException
from airflow.utils.session import create_session
from alerts_plugin import AirflowWatcher

from sightscan.errors import InstanceError, SettingsError, UnsettledStopError, WarehouseError
from sightscan.operators import airflow_seen, alerts
from sightscan.operators.airflow_seen import (
    WAREHOUSE_TROUBLE,
    NothingSeenError,
    as_conf,
    look_at_airflow,
    read_conf,
)
from sightscan.operators.alerts import mail_server_of
from sightscan.settings import settings
from tests.dags.airflow_rows import end_run, forget_airflow
from tests.dags.conftest import store_dags
from tests.message_servers import MessageServers, message_servers

REPOSITORY = Path(__file__).resolve().parents[2]
CITY_DAG = "city_alpha"
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=1)

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


@pytest.fixture
def airflow(
    airflow_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Have Airflow know our DAGs, without any run."""
    path = tmp_path / "cities.json"
    path.write_text(json.dumps([{"slug": "alpha", "name": "A", "country": "X", "is_active": True}]))
    monkeypatch.setenv("REGISTRY_SNAPSHOT", str(path))
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://airflow.example.org/")
    settings.cache_clear()
    bag = DagBag(str(REPOSITORY / "dags"), bundle_path=REPOSITORY / "dags")
    forget_airflow()
    store_dags(bag)
    yield
    forget_airflow()


def seen(since: datetime = NOW) -> dict[tuple[str, str], str]:
    return {(found.kind, found.subject): found.sentence for found in look_at_airflow(since)}


def test_a_dag_is_red_until_a_later_run_is_green_and_the_first_failed_task_is_named(
    airflow: None,
) -> None:
    tasks = {"label_photos": "failed", "stop_instance": "success", "conclude_run": "failed"}
    end_run(CITY_DAG, "failed", 60, **tasks)
    (found,) = look_at_airflow(NOW)
    assert (found.kind, found.subject) == ("run_failed", CITY_DAG)
    assert "The run run+60 of city_alpha is red" in found.sentence
    assert "its task label_photos failed first" in found.sentence
    assert found.link == "http://airflow.example.org/dags/city_alpha/runs/run%2B60"
    end_run(CITY_DAG, "success", 50)
    assert seen() == {}


def test_a_red_run_is_seen_although_a_green_one_followed_at_once(airflow: None) -> None:
    end_run("stop_idle_instances", "failed", 6)
    end_run("stop_idle_instances", "success", 1)
    assert [kind for kind, _ in seen()] == ["run_failed"]


def test_what_is_green_again_takes_no_place_of_what_is_red(
    airflow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow_seen, "MAX_TROUBLES", 2)
    end_run(CITY_DAG, "failed", 60)
    end_run(CITY_DAG, "success", 50)
    end_run("refresh_data_marts", "failed", 60)
    end_run("stop_idle_instances", "failed", 60)
    assert set(seen()) == {
        ("run_failed", "refresh_data_marts"),
        ("run_failed", "stop_idle_instances"),
    }


def test_of_more_red_dags_than_are_named_their_number_is_told_and_none_is_thought_green(
    airflow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow_seen, "MAX_TROUBLES", 2)
    for dag_id in (CITY_DAG, "refresh_data_marts", "stop_idle_instances", "tell_incidents"):
        end_run(dag_id, "failed", 60)
    found = look_at_airflow(NOW)
    assert [(each.subject, each.sentence) for each in found[2:]] == [
        ("and others", "And 2 more DAGs are red.")
    ]
    outside = read_conf(json.loads(json.dumps(as_conf(found))))
    assert outside.kinds == {
        "stop_failed", "parse_slow", "reaper_silent", "scheduler_unseen",
    }  # fmt: skip
    end_run("tell_incidents", "success", 50)
    end_run("stop_idle_instances", "success", 50)
    assert "run_failed" in read_conf(as_conf(look_at_airflow(NOW))).kinds


def test_of_more_stops_that_failed_than_are_named_their_number_is_told(
    airflow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow_seen, "MAX_TROUBLES", 1)
    end_run(CITY_DAG, "failed", 60, stop_instance="failed")
    end_run("stop_idle_instances", "failed", 60, stop_idle_instances="failed")
    assert seen()["stop_failed", "and others"] == "And 1 more DAGs could not stop a GPU instance."
    assert "stop_failed" not in read_conf(as_conf(look_at_airflow(NOW))).kinds


def test_dags_of_other_people_are_theirs(airflow: None) -> None:
    end_run(CITY_DAG, "failed", 60)
    with create_session(scoped=False) as session:
        model = session.get(DagModel, CITY_DAG)
        assert model is not None
        model.owners = "somebody"
    assert seen() == {}


def test_a_stop_that_failed_is_told_until_that_dag_or_the_reaper_stopped_since(
    airflow: None,
) -> None:
    end_run(CITY_DAG, "failed", 60, stop_instance="failed")
    assert ("stop_failed", CITY_DAG) in seen()
    end_run("stop_idle_instances", "success", 55, stop_idle_instances="success")
    assert ("stop_failed", CITY_DAG) not in seen()


def test_a_reaper_that_ends_no_round_for_15_minutes_is_silent(airflow: None) -> None:
    assert seen(since=NOW) == {}
    assert (
        "has not ended a round well yet" in seen(LONG_AGO)["reaper_silent", "stop_idle_instances"]
    )
    end_run("stop_idle_instances", "success", 16)
    assert ("reaper_silent", "stop_idle_instances") in seen(LONG_AGO)
    # A scheduler that has just started is given its time.
    assert seen(since=NOW) == {}
    end_run("stop_idle_instances", "success", 14)
    assert seen(LONG_AGO) == {}


@pytest.mark.parametrize(("seconds", "is_told"), [(151.0, True), (149.0, False)])
def test_a_parse_that_takes_half_of_its_time_out_is_told_and_measured(
    airflow: None, monkeypatch: pytest.MonkeyPatch, *, seconds: float, is_told: bool
) -> None:
    gauges: dict[str, float] = {}
    monkeypatch.setattr(
        "airflow.observability.stats.gauge", lambda name, value: gauges.update({name: value})
    )
    with create_session(scoped=False) as session:
        session.query(DagModel).filter(DagModel.dag_id == CITY_DAG).update(
            {"last_parse_duration": seconds}
        )
    # Of [core] dagbag_import_timeout and [dag_processor] dag_file_processor_timeout the first ends it.
    told = [sentence for (kind, _), sentence in seen().items() if kind == "parse_slow"]
    assert bool(told) is is_told
    assert all("took 151 s to parse, more than half of the 300 s" in each for each in told)
    assert gauges == {
        "sightscan.slowest_parse_seconds": seconds,
        "sightscan.slowest_parse_share": seconds / 300,
    }


def test_a_file_whose_parse_is_killed_again_and_again_is_told(airflow: None) -> None:
    with create_session(scoped=False) as session:
        session.query(DagModel).filter(DagModel.dag_id == CITY_DAG).update(
            {"last_parsed_time": NOW - timedelta(minutes=25), "is_stale": True}
        )
    (sentence,) = seen().values()
    assert "was not parsed whole since" in sentence


def test_a_file_whose_cities_were_all_forgotten_makes_no_dag_and_is_not_told(
    airflow: None, tmp_path: Path
) -> None:
    with create_session(scoped=False) as session:
        session.query(DagModel).filter(DagModel.dag_id == CITY_DAG).update(
            {"last_parsed_time": NOW - timedelta(days=1), "is_stale": True}
        )
    assert [kind for kind, _ in seen()] == ["parse_slow"]
    (tmp_path / "cities.json").write_text("[]")
    assert seen() == {}
    (tmp_path / "cities.json").write_text("{")
    assert [kind for kind, _ in seen()] == ["parse_slow"]


def test_the_scheduler_leaves_what_it_sees_with_the_run_that_tells(airflow: None) -> None:
    end_run(CITY_DAG, "failed", 60)
    watcher = AirflowWatcher()
    run = SimpleNamespace(dag_id="tell_incidents", conf={"of": "a person"})
    watcher.on_dag_run_running(dag_run=run, msg="")
    # As JSON, as Airflow keeps it.
    outside = read_conf(json.loads(json.dumps(run.conf)))
    assert [each.subject for each in outside.troubles] == [CITY_DAG]
    other = SimpleNamespace(dag_id=CITY_DAG, conf={"sights": 3})
    watcher.on_dag_run_running(dag_run=other, msg="")
    assert other.conf == {"sights": 3}


@pytest.mark.parametrize("conf", [None, {}, {"troubles": "none"}])
def test_a_run_that_knows_nothing_of_the_scheduler_says_what_to_do(conf: object) -> None:
    with pytest.raises(NothingSeenError, match="plugins_folder"):
        read_conf(conf)


class Variables:
    """Airflow's variables, as a task has them."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, key: str, default: str = "") -> str:
        return self.kept.get(key, default)

    def set(self, key: str, value: str, description: str = "") -> None:
        del description
        self.kept[key] = value

    def delete(self, key: str) -> None:
        del self.kept[key]


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Variables:
    """Have no connection of Airflow's own, and variables in memory."""
    kept = Variables()
    monkeypatch.setattr("airflow.sdk.Variable", kept)
    return kept


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessageServers]:
    with message_servers() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        yield running


def tell(monkeypatch: pytest.MonkeyPatch, conf: object) -> dict[str, int]:
    context = {"dag_run": SimpleNamespace(conf=conf)}
    monkeypatch.setattr(alerts, "get_current_context", lambda: context)
    sent: dict[str, int] = alerts.tell_incidents.function()
    return sent


def test_the_task_tells_what_the_scheduler_saw(
    airflow: None,
    warehouse: psycopg.Connection[Any],
    servers: MessageServers,
    variables: Variables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end_run(CITY_DAG, "failed", 60)
    conf = as_conf(look_at_airflow(NOW))
    assert tell(monkeypatch, conf) == {"log": 1, "webhook": 1, "mail": 1}
    assert tell(monkeypatch, conf) == {"log": 0, "webhook": 0, "mail": 0}
    assert servers.mail.subjects == ["[SightScan] A run is red: city_alpha"]
    assert "http://airflow.example.org/dags/city_alpha" in servers.hook.texts[0]


def test_the_task_is_red_if_a_channel_was_not_told(
    airflow: None,
    warehouse: psycopg.Connection[Any],
    servers: MessageServers,
    variables: Variables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end_run(CITY_DAG, "failed", 60)
    servers.mail.refuses = True
    with pytest.raises(AirflowFailException, match="mail: the mail server"):
        tell(monkeypatch, as_conf(look_at_airflow(NOW)))


def test_that_the_scheduler_saw_nothing_is_told_with_why_until_it_sees(
    airflow: None,
    warehouse: psycopg.Connection[Any],
    servers: MessageServers,
    variables: Variables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = SimpleNamespace(dag_id="tell_incidents", conf=None)
    with monkeypatch.context() as broken:
        broken.setattr(airflow_seen, "_failed_stops", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            AirflowWatcher().on_dag_run_running(dag_run=run, msg="")
    for conf in (json.loads(json.dumps(run.conf)), None):
        tell(monkeypatch, conf)
    assert servers.mail.subjects == ["[SightScan] Nobody sees what the scheduler sees: scheduler"]
    assert "ZeroDivisionError" in servers.hook.texts[0]
    warehouse.execute(
        "update core.incident set seen_at = now() - interval '1 hour', opened_at = now() - interval '2 hours'"
    )
    tell(monkeypatch, as_conf([]))
    assert warehouse.execute("select closed_at is not null from core.incident").fetchall() == [
        (True,)
    ]


@pytest.mark.parametrize(
    ("breaks", "mends"),
    [
        (
            "alter database {} set default_transaction_read_only = on",
            "alter database {} reset default_transaction_read_only",
        ),
        ("alter table core.incident rename to gone", "alter table core.gone rename to incident"),
    ],
)
def test_a_warehouse_that_cannot_be_written_silences_nobody(
    airflow: None,
    warehouse: psycopg.Connection[Any],
    servers: MessageServers,
    variables: Variables,
    monkeypatch: pytest.MonkeyPatch,
    *,
    breaks: str,
    mends: str,
) -> None:
    end_run(CITY_DAG, "failed", 60)
    conf = as_conf(look_at_airflow(NOW))
    name = warehouse.info.dbname
    warehouse.execute(breaks.format(name))
    try:
        for _ in range(2):
            with pytest.raises(psycopg.Error):
                tell(monkeypatch, conf)
            alerts.tell_stop_failed({"ti": SimpleNamespace(dag_id=CITY_DAG)})
    finally:
        # This session began before.
        warehouse.execute(mends.format(name))
    assert servers.mail.subjects == [
        "[SightScan] The warehouse cannot be written: warehouse",
        "[SightScan] A run is red: city_alpha",
        "[SightScan] A GPU could not be stopped: city_alpha",
    ]


def test_a_senseless_address_of_the_warehouse_silences_nobody(
    airflow: None, servers: MessageServers, variables: Variables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "many")
    settings.cache_clear()
    with pytest.raises(SettingsError):
        tell(monkeypatch, as_conf([]))
    assert servers.mail.subjects == ["[SightScan] The warehouse cannot be written: warehouse"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (WarehouseError("no server"), "warehouse_away"),
        (psycopg.OperationalError("the line broke"), "warehouse_away"),
        (psycopg.errors.AdminShutdown(), "warehouse_away"),
        (psycopg.errors.DeadlockDetected(), "warehouse_unwritable"),
        (psycopg.errors.QueryCanceled(), "warehouse_unwritable"),
        (psycopg.errors.InsufficientPrivilege(), "warehouse_unwritable"),
    ],
)
def test_away_is_told_of_a_lost_connection_alone(error: Exception, kind: str) -> None:
    assert alerts.trouble_of(error).kind == kind


def test_a_warehouse_that_is_away_is_told_once_and_again_after_it_was_back(
    airflow: None,
    warehouse: psycopg.Connection[Any],
    servers: MessageServers,
    variables: Variables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def go_away() -> None:
        with monkeypatch.context() as away:
            away.setenv("PGPORT", "9")
            settings.cache_clear()
            for _ in range(2):
                with pytest.raises(WarehouseError):
                    tell(away, as_conf([]))
        settings.cache_clear()

    servers.hook.status = 500
    go_away()
    assert servers.mail.subjects == ["[SightScan] The warehouse is away: warehouse"]
    servers.hook.status = 200
    go_away()
    assert (len(servers.mail.mails), len(servers.hook.posts)) == (1, 1)
    tell(monkeypatch, as_conf([]))
    assert variables.kept == {}
    go_away()
    assert (len(servers.mail.mails), len(servers.hook.posts)) == (2, 2)


def test_that_a_gpu_could_not_be_stopped_is_told_at_once_and_once(
    airflow: None,
    warehouse: psycopg.Connection[Any],
    servers: MessageServers,
    variables: Variables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = {"ti": SimpleNamespace(dag_id=CITY_DAG)}
    for _ in range(2):
        alerts.tell_stop_failed(context)
    end_run(CITY_DAG, "failed", 0, stop_instance="failed")
    tell(monkeypatch, as_conf(look_at_airflow(NOW)))
    assert servers.mail.subjects == [
        "[SightScan] A GPU could not be stopped: city_alpha",
        "[SightScan] A run is red: city_alpha",
    ]


def test_without_the_warehouse_it_is_told_once_and_not_of_a_reaper_that_stopped_what_it_could(
    airflow: None,
    warehouse: psycopg.Connection[Any],
    servers: MessageServers,
    variables: Variables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reaper = SimpleNamespace(dag_id="stop_idle_instances")
    with monkeypatch.context() as away:
        away.setenv("PGPORT", "9")
        settings.cache_clear()
        for _ in range(2):
            alerts.tell_stop_failed({"ti": reaper, "exception": WarehouseError("away")})
            alerts.tell_stop_failed(
                {"ti": SimpleNamespace(dag_id="city_beta"), "exception": UnsettledStopError("off")}
            )
            alerts.tell_stop_failed({"ti": SimpleNamespace(dag_id=CITY_DAG)})
            with pytest.raises(WarehouseError):
                tell(away, as_conf([]))
        assert servers.mail.subjects == [
            "[SightScan] A GPU could not be stopped: city_alpha",
            "[SightScan] The warehouse is away: warehouse",
        ]
        alerts.tell_stop_failed({"ti": reaper, "exception": InstanceError("EC2 says no")})
    settings.cache_clear()
    assert servers.mail.subjects[2:] == [
        "[SightScan] A GPU could not be stopped: stop_idle_instances"
    ]
    tell(monkeypatch, as_conf([]))
    assert variables.kept == {}


def test_a_round_of_the_reaper_that_failed_over_the_warehouse_is_no_stop_that_failed(
    airflow: None,
) -> None:
    end_run("stop_idle_instances", "failed", 12, stop_idle_instances="failed")
    assert ("stop_failed", "stop_idle_instances") in seen()
    end_run("stop_idle_instances", "failed", 7, stop_idle_instances="failed")
    # What failed before it is not made good by it.
    leave_warehouse_trouble("run+7")
    assert ("stop_failed", "stop_idle_instances") in seen()
    leave_warehouse_trouble("run+12")
    assert ("stop_failed", "stop_idle_instances") not in seen()


def test_a_reaper_whose_rounds_fail_over_the_warehouse_is_not_silent(airflow: None) -> None:
    end_run("stop_idle_instances", "success", 60)
    end_run("stop_idle_instances", "failed", 3, stop_idle_instances="failed")
    assert ("reaper_silent", "stop_idle_instances") in seen(LONG_AGO)
    leave_warehouse_trouble("run+3")
    assert ("reaper_silent", "stop_idle_instances") not in seen(LONG_AGO)


def test_without_the_warehouse_nobody_is_told_of_upkeep_that_is_red_for_its_sake(
    airflow: None,
    warehouse: psycopg.Connection[Any],
    servers: MessageServers,
    variables: Variables,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for dag_id in ("stop_idle_instances", "tell_incidents", "refresh_data_marts", CITY_DAG):
        end_run(dag_id, "failed", 3)
    conf = as_conf(look_at_airflow(NOW))
    with monkeypatch.context() as away:
        away.setenv("PGPORT", "9")
        settings.cache_clear()
        with pytest.raises(WarehouseError):
            tell(away, conf)
    settings.cache_clear()
    assert sorted(servers.mail.subjects) == [
        "[SightScan] A run is red: city_alpha",
        "[SightScan] The warehouse is away: warehouse",
    ]


def leave_warehouse_trouble(run_id: str) -> None:
    """Leave what the reaper's task leaves that fails since the warehouse is away."""
    with create_session(scoped=False) as session:
        XComModel.set(
            key=WAREHOUSE_TROUBLE,
            value="away",
            dag_id="stop_idle_instances",
            task_id="stop_idle_instances",
            run_id=run_id,
            session=session,
        )


def test_each_task_that_stops_a_gpu_has_that_callback(airflow: None) -> None:
    bag = DagBag(str(REPOSITORY / "dags"), bundle_path=REPOSITORY / "dags")
    told = {
        f"{dag.dag_id}.{task.task_id}"
        for dag in bag.dags.values()
        for task in dag.tasks
        if alerts.tell_stop_failed in task.on_failure_callback
    }
    assert told == {"city_alpha.stop_instance", "stop_idle_instances.stop_idle_instances"}


@pytest.mark.parametrize(
    ("port", "extra", "expected"),
    [
        (25, {"encryption": "tls"}, ("tls", 25)),
        (25, {}, ("tls", 25)),
        (None, {}, ("tls", 465)),
        (587, {}, ("starttls", 587)),
        (587, {"disable_ssl": False}, ("tls", 587)),
        (None, {"disable_ssl": True}, ("starttls", 587)),
        (None, {"encryption": "starttls"}, ("starttls", 587)),
        (25, {"disable_ssl": "true", "disable_tls": "true"}, ("none", 25)),
    ],
)
def test_a_connection_of_airflow_says_how_mail_is_encrypted(
    port: int | None, extra: dict[str, object], expected: tuple[str, int]
) -> None:
    connection = Connection(
        conn_id="sightscan_smtp",
        conn_type="smtp",
        host="mail.example.org",
        port=port,
        login="ops",
        password="p",
        extra=json.dumps(extra),
    )
    server = mail_server_of(connection)
    assert (server.host, server.login, server.password) == ("mail.example.org", "ops", "p")
    assert (server.encryption, server.port) == expected


def test_a_process_that_only_loads_the_plugins_imports_nothing_of_what_they_look_at() -> None:
    program = (
        "import sys, alerts_plugin, notes_plugin;"
        "print([name for name in sys.modules if name.startswith(('sightscan.', 'psycopg'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PLUGINS
    )
    assert done.stdout.splitlines()[-1] == "[]"
