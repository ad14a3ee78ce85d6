"""People are told of each kind of incident once, by mail and by webhook, whatever happens meanwhile."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import psycopg
import pytest

from sightscan.alerts import channels as sending
from sightscan.alerts import looks, rounds
from sightscan.alerts.channels import ChannelError, MailChannel, MailServer, WebhookChannel
from sightscan.alerts.kinds import KINDS
from sightscan.alerts.message import Message
from sightscan.alerts.rounds import Outside, Round, make_round, tell_at_once
from sightscan.alerts.tell import tell
from sightscan.cli.main import main
from sightscan.settings import read_settings, settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.incidents import incidents
from sightscan.warehouse.incidents.incidents import Trouble, list_incidents
from tests.message_servers import HOOK_PATH, MessageServers, message_servers

Warehouse = psycopg.Connection[Any]

CITY = (
    "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters, recorded_at)"
    " values ('Q1', 'port-aurel', 'Port Aurel', 'X', 1, 1, 1000, now() - interval '{age}')"
)
RUN_RED = Trouble(
    "run_failed", "city_port-aurel", "The run r of city_port-aurel is red.", "http://airflow/x"
)


@pytest.fixture
def warehouse(warehouse: Warehouse) -> Iterator[Warehouse]:
    """Give a warehouse that may be told to have been migrated earlier."""
    yield warehouse
    warehouse.execute("update public.schema_migration set applied_at = now()")


@pytest.fixture
def servers() -> Iterator[MessageServers]:
    with message_servers() as running:
        yield running


def look(
    warehouse: Warehouse,
    servers: MessageServers,
    outside: Outside | None = None,
    **changed: object,
) -> Round:
    config = read_settings(**({"max_backup_age_hours": 0} | changed))
    return make_round(
        warehouse, config, servers.channels, outside=outside or Outside(), is_thorough=True
    )


def red(*troubles: Trouble) -> Outside:
    return Outside(
        troubles, frozenset({"run_failed", "stop_failed", "parse_slow", "reaper_silent"})
    )


def pass_minutes(warehouse: Warehouse, minutes: int) -> None:
    """Have everything be older than it is."""
    warehouse.execute(
        "update core.incident set opened_at = opened_at - make_interval(mins => %(m)s),"
        " seen_at = seen_at - make_interval(mins => %(m)s)",
        {"m": minutes},
    )


@dataclass(frozen=True)
class Fault:
    """What is planted, and what of it a person reads."""

    kind: str
    words: str
    plant: str = ""
    settings: tuple[tuple[str, object], ...] = ()
    seen_by_airflow: bool = False
    city_age: str = "1 hour"


LABEL = (
    "insert into core.label (call_id, annotation_number, city_id, sha256, sight_id, description, score,"
    " x1, y1, x2, y2, state, reason, recorded_at) values (1, 0, 'Q1', sha256('a'), 1, 'T', 0.9, 0.1, 0.1,"
    " 0.5, 0.5, 'held_back', 'rival', now() - interval '8 days')"
)
CALLS = (
    "insert into core.paid_call (provider, feature, subject_sha256, city_id, dag_id, run_id, price_usd,"
    " attempt, state, settled_at) select 'google_vision', 'landmark_detection', sha256(number::text::bytea),"
    " 'Q1', 'city_port-aurel', 'r', 1, 1, 'unknown', now() from generate_series(1, {count}) as numbers (number)"
)
# A machine whose run gave it up so long ago, and which the reaper tries to stop anew in each round.
HELD_BY_REAPER = (
    "insert into core.instance_session (session_id, instance_id, dag_id, run_id, price_per_hour_usd, started_at)"
    " overriding system value values (7, 'i-3', 'd', 'r', 0.5, now() - interval '3 hours');"
    "insert into core.lease_use (session_id, instance_id, city_id, dag_id, run_id, leased_at, released_at)"
    " values (7, 'i-3', 'Q1', 'd', 'r', now() - interval '3 hours', now() - interval '{ago}');"
    "insert into core.instance_lease (instance_id, dag_id, run_id, leased_at, deadline_at)"
    " values ('i-3', 'stop_idle_instances', 'i-3 round', now() - interval '1 minute', now())"
)
FAULTS = [
    Fault("run_failed", "The run r of city_port-aurel is red.", seen_by_airflow=True),
    Fault("stop_failed", "could not stop a GPU", seen_by_airflow=True),
    Fault("parse_slow", "cities_03.py took 170 s", seen_by_airflow=True),
    Fault("reaper_silent", "has not ended a round", seen_by_airflow=True),
    Fault("scheduler_unseen", "the run has no conf", seen_by_airflow=True),
    Fault(
        "gpu_over_lease",
        "i-1 is held by run 7, whose time ended at",
        "insert into core.instance_lease (instance_id, city_id, dag_id, run_id, leased_at, deadline_at)"
        " values ('i-1', 'Q1', 'city_port-aurel', 'run 7', now() - interval '9 hours',"
        " now() - interval '20 minutes')",
    ),
    Fault(
        "gpu_over_lease",
        "i-2 is billed although nobody holds it",
        "insert into core.instance_session (instance_id, dag_id, run_id, price_per_hour_usd, started_at)"
        " values ('i-2', 'nobody', '', 0.5, now() - interval '20 minutes')",
    ),
    Fault(
        "gpu_over_lease",
        "i-3 is billed although nobody holds it",
        HELD_BY_REAPER.format(ago="20 minutes"),
    ),
    Fault(
        "crawl_empty",
        "found no photo of any of its 1 sights",
        "insert into core.stage_report (dag_id, run_id, city_id, task_id, subject, report, recorded_at)"
        " values ('city_port-aurel', 'r', 'Q1', 'crawl_photos', 'Torre',"
        """ '{"found": 0, "sources": [{"source": "openverse"}]}', now() - interval '20 minutes');"""
        # Photos of its streets are none of a sight.
        "insert into core.sight (city_id, name, normalised_name, rank, state)"
        " values ('Q1', 'Streets and houses', 'streets', 9, 'streets');"
        "insert into core.stage_report (dag_id, run_id, city_id, task_id, subject, report, recorded_at)"
        " values ('city_port-aurel', 'r', 'Q1', 'crawl_photos', 'Streets and houses',"
        """ '{"found": 9, "sources": [{"source": "openverse"}]}', now() - interval '20 minutes')""",
    ),
    Fault(
        "budget_80",
        "8.00 of 10.00 US dollars of MAX_USD_PER_MONTH are spent",
        CALLS.format(count=8),
        (("max_usd_per_month", 10.0),),
    ),
    Fault(
        "budget_80",
        "8 of 10 images of MAX_GOOGLE_VISION_CALLS_IN_ALL are spent",
        CALLS.format(count=8),
        (("max_google_vision_calls_in_all", 10),),
    ),
    Fault(
        "budget_80",
        "8.00 of 10.00 US dollars of MAX_USD_PER_MONTH_FOR_REQUESTS are spent or promised",
        "insert into core.city_decision (city_id, decision, most_usd, decided_by) values ('Q1', 'let_in', 8, 'SightScan')",
        (("max_usd_per_month_for_requests", 10.0),),
    ),
    Fault(
        "check_failed",
        "The data check dataset__no_leak fails: 3 rows",
        "insert into core.check_result (check_name, severity, offending_count, dag_id, run_id)"
        " values ('dataset__no_leak', 'fail', 3, 'refresh_data_marts', 'r')",
    ),
    Fault("marts_old", "were never refreshed", city_age="2 hours"),
    Fault(
        "backup_missing",
        "No backup is known since",
        "update public.schema_migration set applied_at = now() - interval '2 hours'",
        (("max_backup_age_hours", 1),),
        city_age="80 minutes",
    ),
    Fault(
        "restore_failed",
        "The backup a.dump was restored on trial at",
        "insert into core.restore_drill (file_name, started_at, problem) values ('a.dump', now(), 'cut short')",
        (("max_backup_age_hours", 240),),
    ),
    Fault(
        "restore_failed",
        "The backup a.dump could not be tried at",
        "insert into core.restore_drill (file_name, started_at, problem)"
        " values ('a.dump', now(), 'could not be tried: the login may not')",
        (("max_backup_age_hours", 240),),
    ),
    Fault("reviews_waiting", "1 labels wait for a person's word", LABEL),
    Fault(
        "approvals_waiting",
        "1 cities that were asked for wait",
        "insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters, state,"
        " recorded_at) values ('Q2', 'b', 'B', 'X', 1, 1, 1000, 'waiting', now() - interval '8 days');"
        # Else it is since then that marts are missed.
        "insert into mart.refreshed_hour values (date_trunc('hour', now()), now())",
    ),
]  # fmt: skip
BY_AIRFLOW = {
    "run_failed": RUN_RED,
    "stop_failed": Trouble("stop_failed", "city_port-aurel", "city_port-aurel could not stop a GPU instance."),
    "parse_slow": Trouble("parse_slow", "cities_03.py", "cities_03.py took 170 s to parse."),
    "reaper_silent": Trouble("reaper_silent", "stop_idle_instances", "The reaper has not ended a round."),
    "scheduler_unseen": Trouble("scheduler_unseen", "scheduler", "the run has no conf of what it sees"),
}  # fmt: skip


def plant(warehouse: Warehouse, fault: Fault) -> Outside:
    with warehouse.transaction():
        warehouse.execute("set local session_replication_role = replica")
        warehouse.execute(CITY.format(age=fault.city_age))
        if fault.plant:
            warehouse.execute(fault.plant)
    return red(BY_AIRFLOW[fault.kind]) if fault.seen_by_airflow else red()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}: {fault.words[:20]}")
def test_each_kind_is_told_once_by_each_channel(
    warehouse: Warehouse, servers: MessageServers, fault: Fault
) -> None:
    seen = plant(warehouse, fault)
    for _ in range(3):
        assert look(warehouse, servers, seen, **dict(fault.settings)).problems == ()
        pass_minutes(warehouse, 5)
    (mail,) = servers.mail.mails
    (text,) = servers.hook.texts
    title = KINDS[fault.kind].title
    assert str(mail["Subject"]).startswith(f"[SightScan] {title}: ")
    body = mail.get_content()
    runbook = f"docs/runbooks/alerts.md#{fault.kind.replace('_', '-')}"
    for told in (body, text):
        assert fault.words in told
        assert f"What to do: {runbook}" in told


def test_a_gpu_that_the_reaper_is_just_stopping_is_not_told(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    plant(warehouse, Fault("gpu_over_lease", "", HELD_BY_REAPER.format(ago="10 minutes")))
    look(warehouse, servers)
    assert servers.mail.subjects == []


def test_every_kind_that_is_looked_for_is_planted_above() -> None:
    planted = {fault.kind for fault in FAULTS} | {"budget_100"}
    without_warehouse = {"warehouse_away", "warehouse_unwritable", "doctor"}
    assert planted == set(KINDS) - {"test"} - without_warehouse


def test_a_budget_that_is_used_up_is_told_as_such_beside_its_80_percent(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    plant(warehouse, Fault("budget_100", "", CALLS.format(count=10)))
    for _ in range(2):
        look(warehouse, servers, max_google_vision_calls_per_month=10)
    name = f"MAX_GOOGLE_VISION_CALLS_PER_MONTH {month(warehouse)}"
    assert sorted(servers.mail.subjects) == [
        f"[SightScan] A budget is used up by 80 %: {name}",
        f"[SightScan] A budget is used up: {name}",
    ]
    assert len(servers.hook.posts) == 2


def month(warehouse: Warehouse) -> str:
    ((found,),) = warehouse.execute(
        "select to_char(now() at time zone 'UTC', 'YYYY-MM')"
    ).fetchall()
    return str(found)


REFUSAL = (
    "insert into core.spend_estimate (dag_id, run_id, city_id, photo_limit, waiting_photos, most_units,"
    " probable_units, free_units_left, most_vision_usd, probable_vision_usd, most_places_usd,"
    " most_gpu_usd, probable_gpu_usd, most_usd, probable_usd, refusal) values ('d', 'r', 'Q1', 1, 1, 1,"
    " 1, 0, 1, 1, 0, 0, 0, 1, 1, '60.00 USD, more than {limit}; nothing was spent so far')"
)


@pytest.mark.parametrize(
    ("limit", "budget"), [("20", 20.0), ("0.5", 0.5), ("1.23457e+06", 1_234_567.0)]
)
def test_a_budget_that_stopped_a_run_is_used_up_although_less_was_spent(
    warehouse: Warehouse, servers: MessageServers, limit: str, budget: float
) -> None:
    plant(warehouse, Fault("budget_100", "", REFUSAL.format(limit=f"MAX_USD_PER_MONTH={limit}")))
    look(warehouse, servers, max_usd_per_month=budget)
    (subject,) = servers.mail.subjects
    assert subject.startswith("[SightScan] A budget is used up: MAX_USD_PER_MONTH")


@pytest.mark.parametrize("limit", ["MAX_USD_PER_MONTH=50", "MAX_USD_IN_ALL=500"])
def test_a_budget_that_was_raised_since_it_stopped_a_run_is_not_used_up(
    warehouse: Warehouse, servers: MessageServers, limit: str
) -> None:
    plant(warehouse, Fault("budget_100", "", REFUSAL.format(limit=limit)))
    look(warehouse, servers, max_usd_per_month=50.0, max_usd_in_all=500.0)
    pass_minutes(warehouse, 20)
    assert look(warehouse, servers, max_usd_per_month=500.0, max_usd_in_all=5000.0).closed == 1


def test_nothing_is_told_when_nothing_is_wrong(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    plant(warehouse, Fault("none", ""))
    assert (
        look(warehouse, servers, red(), max_usd_per_month=1.0, max_backup_age_hours=26).opened == 0
    )
    assert servers.mail.mails == []


@pytest.mark.parametrize(("minutes", "is_told"), [(50, False), (70, True)])
def test_a_backup_is_missed_from_when_the_warehouse_began_to_note_them(
    warehouse: Warehouse, servers: MessageServers, *, minutes: int, is_told: bool
) -> None:
    # A warehouse that is older than that, and may have been backed up before.
    warehouse.execute(CITY.format(age="300 days"))
    ((since,),) = warehouse.execute(
        "update public.schema_migration set applied_at = now() - make_interval(mins => %s)"
        " where name = '0045_incidents' returning applied_at at time zone 'UTC'",
        [minutes],
    ).fetchall()
    look(warehouse, servers, max_backup_age_hours=1)
    told = [text for text in servers.hook.texts if "backup" in text]
    assert bool(told) is is_told
    assert all(f"No backup is known since {since:%Y-%m-%d %H:%M} UTC" in text for text in told)


def test_what_is_gone_is_closed_and_told_anew_when_it_comes_back(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    look(warehouse, servers, red(RUN_RED))
    pass_minutes(warehouse, 20)
    assert look(warehouse, servers, red()).closed == 1
    look(warehouse, servers, red(RUN_RED))
    assert len(servers.mail.mails) == 2


def test_what_is_missed_by_one_look_is_one_incident(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    for seen in (red(RUN_RED), red(), red(RUN_RED)):
        look(warehouse, servers, seen)
        pass_minutes(warehouse, 5)
    assert len(servers.mail.mails) == 1


def test_what_nobody_looked_for_stays_open(warehouse: Warehouse, servers: MessageServers) -> None:
    look(warehouse, servers, red(RUN_RED))
    pass_minutes(warehouse, 60)
    assert look(warehouse, servers, Outside()).closed == 0


def test_a_look_that_fails_closes_nothing_and_stops_no_other(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    plant(warehouse, next(fault for fault in FAULTS if fault.kind == "check_failed"))
    look(warehouse, servers)
    pass_minutes(warehouse, 60)
    warehouse.execute("alter table core.check_result rename to check_result_elsewhere")
    try:
        report = look(warehouse, servers, red(RUN_RED))
    finally:
        warehouse.execute("alter table core.check_result_elsewhere rename to check_result")
    assert report.closed == 0
    assert "check_failed" in report.problems[0]
    assert len(servers.mail.mails) == 2


def test_a_channel_that_is_down_silences_no_other_and_is_told_later(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    servers.mail.refuses = True
    first = look(warehouse, servers, red(RUN_RED))
    assert "451" in first.problems[0]
    assert (len(servers.mail.mails), len(servers.hook.posts)) == (0, 1)
    servers.mail.refuses = False
    assert look(warehouse, servers, red(RUN_RED)).problems == ()
    assert (len(servers.mail.mails), len(servers.hook.posts)) == (1, 1)


def test_what_ended_before_a_channel_came_back_is_told_as_over(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    servers.hook.status = 503
    look(warehouse, servers, red(RUN_RED))
    pass_minutes(warehouse, 30)
    look(warehouse, servers, red())
    servers.hook.status = 200
    look(warehouse, servers, red())
    assert "it was over at" in servers.hook.texts[0]


def test_a_mail_server_that_says_nothing_ends_within_its_time(
    warehouse: Warehouse, servers: MessageServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The webhook has these seconds, too, on a machine that may be busy.
    monkeypatch.setattr(sending, "MAX_SEND_SECONDS", 3)
    servers.mail.is_silent = True
    report = look(warehouse, servers, red(RUN_RED))
    assert "has not taken the mail" in report.problems[0]
    assert len(servers.hook.posts) == 1


def test_what_one_channel_refuses_again_and_again_holds_up_nothing_else(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    class Picky:
        name = "webhook"

        def __init__(self) -> None:
            self.took: list[str] = []

        def send(self, message: Message) -> None:
            if "city_port-aurel" in message.subject:
                msg = "this one never"
                raise ChannelError(msg)
            self.took.append(message.subject)

    picky = Picky()
    for subject in ("city_port-aurel", "city_other"):
        tell_at_once(warehouse, [], Trouble("run_failed", subject, "It is red."))
    for _ in range(3):
        tell(warehouse, [picky])
    assert picky.took == ["[SightScan] A run is red: city_other"]


def test_a_worker_that_is_killed_after_sending_has_the_same_message_sent_again(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    class Killed(BaseException):
        pass

    @dataclass
    class KilledAfterSending:
        inner: MailChannel
        name: str = "mail"

        def send(self, message: Message) -> None:
            self.inner.send(message)
            raise Killed

    mail = MailChannel(servers.mail.server, "a@example.org", ("b@example.org",))
    with pytest.raises(Killed):
        tell_at_once(warehouse, [KilledAfterSending(mail)], RUN_RED)
    tell(warehouse, [mail])
    tell(warehouse, [mail])
    first, second = servers.mail.mails
    assert first["Message-ID"] == second["Message-ID"] != ""


def test_two_workers_at_once_send_each_message_once(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    troubles = [Trouble("run_failed", f"city_{number}", "It is red.") for number in range(8)]
    begin = threading.Barrier(3)

    def work() -> None:
        with connect(autocommit=True) as own:
            begin.wait()
            look(own, servers, red(*troubles))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(servers.mail.subjects) == [
        f"[SightScan] A run is red: city_{number}" for number in range(8)
    ]
    assert len(servers.hook.posts) == len(set(servers.hook.keys)) == 8


def test_a_thousand_cities_that_fail_at_once_are_one_message(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    troubles = [Trouble("run_failed", f"city_{number:04}", "It is red.") for number in range(1000)]
    for _ in range(2):
        look(warehouse, servers, red(*troubles))
    assert servers.mail.subjects == ["[SightScan] 1000 incidents"]
    assert "and 950 more" in servers.hook.texts[0]


def test_a_silence_holds_until_its_end_and_shows(
    warehouse: Warehouse, servers: MessageServers, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("run_failed", "city_port-aurel", "--days", "2", "--reason", "being rebuilt")
    assert main(["alerts", "silence", *words]) == 0
    other = Trouble("run_failed", "city_other", "It is red.")
    look(warehouse, servers, red(RUN_RED, other))
    assert servers.mail.subjects == ["[SightScan] A run is red: city_other"]
    capsys.readouterr()
    assert main(["alerts", "list"]) == 0
    shown = capsys.readouterr().out
    assert "silent until" in shown
    assert "being rebuilt" in shown
    warehouse.execute("update core.incident_silence set ends_at = now()")
    look(warehouse, servers, red(RUN_RED, other))
    assert len(servers.mail.mails) == 2


def test_what_lasts_is_told_however_long_nobody_could_be_told(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    words = ("run_failed", "city_port-aurel", "--days", "5", "--reason", "being rebuilt")
    assert main(["alerts", "silence", *words]) == 0
    other = Trouble("run_failed", "city_other", "It is red.")
    servers.mail.refuses = True
    look(warehouse, servers, red(RUN_RED, other))
    pass_minutes(warehouse, 4 * 24 * 60)
    warehouse.execute("update core.incident_silence set ends_at = now()")
    servers.mail.refuses = False
    look(warehouse, servers, red(RUN_RED, other))
    assert servers.mail.subjects == [
        "[SightScan] A run is red: city_port-aurel",
        "[SightScan] A run is red: city_other",
    ]


def test_what_began_days_ago_and_is_over_is_for_the_list_only(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    servers.mail.refuses = True
    look(warehouse, servers, red(RUN_RED))
    pass_minutes(warehouse, 4 * 24 * 60)
    assert look(warehouse, servers, red()).closed == 1
    servers.mail.refuses = False
    look(warehouse, servers, red())
    assert servers.mail.mails == []


@pytest.mark.parametrize("minutes", [-12, 12])
def test_a_worker_whose_clock_is_wrong_tells_once(
    warehouse: Warehouse,
    servers: MessageServers,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wrong":
            return cls.fromtimestamp(time.time() + 60 * minutes, tz)

    for module in (rounds, looks, incidents):
        monkeypatch.setattr(module, "datetime", Wrong, raising=False)
    for _ in range(3):
        assert look(warehouse, servers, red(RUN_RED)).closed == 0
    assert len(servers.mail.mails) == 1


def test_a_silence_without_an_end_is_refused_and_one_can_be_ended(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alerts", "silence", "run_failed", "--reason", "x"]) == 2
    assert "a silence has an end and a reason" in capsys.readouterr().err
    assert main(["alerts", "silence", "run_faild", "--days", "1", "--reason", "x"]) == 2
    assert "did you mean 'run_failed'?" in capsys.readouterr().err
    assert main(["alerts", "silence", "run_failed", "--days", "1", "--reason", "x", "--json"]) == 0
    silence_id = json.loads(capsys.readouterr().out)["silence"]
    assert main(["alerts", "silence", "--end", str(silence_id)]) == 0
    assert main(["alerts", "silence", "--end", str(silence_id)]) == 2
    assert warehouse.execute(
        "select count(*) from core.incident_silence where ends_at > now()"
    ).fetchone() == (0,)


def test_the_command_tries_each_channel_of_the_settings(
    warehouse: Warehouse,
    servers: MessageServers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in servers.environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    assert main(["alerts", "test"]) == 0
    assert "log 1, webhook 1, mail 1" in capsys.readouterr().out
    assert servers.mail.recipients == ["ops@example.org", "night@example.org"]
    servers.hook.status = 404
    assert main(["alerts", "test"]) == 1
    output = capsys.readouterr().out
    assert "status 404" in output
    assert HOOK_PATH not in output
    kinds = {each.kind for each in list_incidents(warehouse, closed_after=never(warehouse), most=9)}
    assert kinds == {"test"}


def never(warehouse: Warehouse) -> Any:
    ((found,),) = warehouse.execute("select now()").fetchall()
    return found


def test_the_log_has_each_incident_on_one_line(
    warehouse: Warehouse, servers: MessageServers, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="sightscan.alerts"):
        look(warehouse, servers, red(RUN_RED))
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "A run is red: city_port-aurel | The run r of city_port-aurel is red." in record.message


MESSAGE = Message("k", "s", "<!channel> & <http://x|click>\n")


def test_nothing_in_a_message_is_a_mention_or_link_of_slack(servers: MessageServers) -> None:
    WebhookChannel(servers.hook.url).send(MESSAGE)
    assert servers.hook.texts == ["*s*\n&lt;!channel&gt; &amp; &lt;http://x|click&gt;\n"]


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500])
def test_a_webhook_that_does_not_take_a_message_says_so_without_its_address(
    servers: MessageServers, status: int
) -> None:
    servers.hook.status = status
    servers.hook.location = "http://127.0.0.1:9/elsewhere"
    with pytest.raises(ChannelError) as refused:
        WebhookChannel(servers.hook.url).send(MESSAGE)
    assert "secret-of-the-webhook" not in str(refused.value)
    assert str(status) in str(refused.value)


def test_nobody_at_the_address_is_said_without_secrets() -> None:
    nobody = MailServer("127.0.0.1", 9, "none", "ops", "a-password-of-mail")
    tries: list[Callable[[], None]] = [
        lambda: WebhookChannel(f"http://127.0.0.1:9{HOOK_PATH}").send(MESSAGE),
        lambda: MailChannel(nobody, "a@example.org", ("b@example.org",)).send(MESSAGE),
    ]
    for send in tries:
        with pytest.raises(ChannelError) as refused:
            send()
        assert "secret-of-the-webhook" not in str(refused.value)
        assert "a-password-of-mail" not in repr(nobody) + str(refused.value)


def test_a_subject_of_strangers_words_makes_no_header_of_its_own(servers: MessageServers) -> None:
    channel = MailChannel(servers.mail.server, "a@example.org", ("b@example.org",))
    name = "city_x\r\nBcc: all@example.org"
    from_outside = Trouble("run_failed", name, "It is red.\r\n.\r\nRCPT TO:<all@example.org>")
    assert from_outside.subject == name
    channel.send(Message("k", "one line", from_outside.sentence))
    (mail,) = servers.mail.mails
    assert mail["Bcc"] is None
    assert servers.mail.recipients == ["b@example.org"]


def test_a_strangers_subject_is_told_on_one_line(
    warehouse: Warehouse, servers: MessageServers
) -> None:
    look(warehouse, servers, red(Trouble("run_failed", "a\r\nBcc: b", "It\nis red.")))
    (mail,) = servers.mail.mails
    assert mail["Bcc"] is None
    assert servers.mail.subjects == ["[SightScan] A run is red: a Bcc: b"]
