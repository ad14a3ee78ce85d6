"""`sightscan doctor` passes a whole installation, and names each fault that is planted in one."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.session import create_session
from airflow.utils.types import DagRunType
from sqlalchemy import delete, select

from sandbox.counts import Counts
from sandbox.gpu.ec2 import REGION, Ec2Server, new_key
from sandbox.gpu.ec2_fleet import Ec2Fleet
from sandbox.gpu.gpu_host import ed25519_key
from sightscan.city import City, Place
from sightscan.cli.main import main
from sightscan.services.doctor import machine
from sightscan.services.doctor.airflow_options import AirflowOption, read_option
from sightscan.services.doctor.installation import Installation
from sightscan.services.doctor.round import CHECKS, examine
from sightscan.services.question import Finding
from sightscan.settings import settings
from sightscan.signature import write_key
from sightscan.signing import SigningKey, write_key_file
from sightscan.warehouse.incidents.silences import set_silence
from sightscan.warehouse.registry.cities import add_city, disable_city
from tests.dags.airflow_rows import beat, end_run, forget_airflow, forget_runs
from tests.dags.conftest import store_dags
from tests.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
LISBON = City("Q597", "lisbon", "Lisbon", "Portugal", Place(38.71, -9.14), 8_000)
SNAPSHOT = [{"slug": "lisbon", "name": "Lisbon", "country": "Portugal", "is_active": True}]
# Nothing of these may ever be shown.
SECRETS = {
    "PGPASSWORD": None,
    "AWS_ACCESS_KEY": None,
    "SMTP_PASSWORD": "password-of-the-mail",
    "ALERT_WEBHOOK_URL": "https://hooks.example.org/services/secret-path",
    "AIRFLOW__CORE__FERNET_KEY": "ZmVybmV0LWtleS1vZi1hLXRlc3QtMzItYnl0ZXMhISE=",
    "AIRFLOW__API__SECRET_KEY": "api-secret-key-of-a-test",
    "AIRFLOW__API_AUTH__JWT_SECRET": "jwt-secret-of-a-test-that-is-long",
}


@dataclass
class House:
    """A whole installation, and what a test needs to break it."""

    folder: Path
    fleet: Ec2Fleet
    warehouse: psycopg.Connection[Any]
    monkeypatch: pytest.MonkeyPatch

    def set(self, **values: str) -> None:
        for name, value in values.items():
            self.monkeypatch.setenv(name, value)
        settings.cache_clear()

    @property
    def snapshot(self) -> Path:
        return self.folder / "cities.json"

    @property
    def instance_id(self) -> str:
        return self.fleet.instance_ids[0]

    def examine(self) -> dict[str, Finding]:
        installation = Installation(config=settings(), environment=dict(os.environ))
        return {finding.name: finding for finding in examine(installation)}


@pytest.fixture(scope="module")
def known_dags(airflow_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have Airflow know the DAGs; parsing takes seconds, and no test changes more than a flag."""
    path = tmp_path_factory.mktemp("dags") / "cities.json"
    path.write_text(json.dumps(SNAPSHOT))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("REGISTRY_SNAPSHOT", str(path))
        bag = DagBag(str(REPOSITORY / "dags"), bundle_path=REPOSITORY / "dags")
    forget_airflow()
    store_dags(bag)
    yield
    forget_airflow()


@dataclass(frozen=True)
class Cloud:
    """EC2, which takes seconds to start."""

    fleet: Ec2Fleet
    environment: dict[str, str]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    counts, key = Counts(), new_key()
    fleet = Ec2Fleet(tmp_path_factory.mktemp("ec2"), counts, transition_seconds=0)
    with Ec2Server(fleet, key, counts) as ec2:
        yield Cloud(
            fleet,
            {
                "AWS_ENDPOINT_URL": ec2.url,
                "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": key.access_key_id,
                "AWS_ACCESS_KEY": key.access_key,
            },
        )
    fleet.close()


@pytest.fixture
def house(
    known_dags: None,
    cloud: Cloud,
    warehouse: psycopg.Connection[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    """Set everything up as the runbooks say."""
    whole = House(tmp_path, cloud.fleet, warehouse, monkeypatch)
    add_city(warehouse, LISBON)
    ((registry_id,),) = warehouse.execute(
        "insert into core.registry default values returning registry_id"
    ).fetchall()
    whole.snapshot.write_text(json.dumps(SNAPSHOT))
    Path(f"{whole.snapshot}.registry").write_text(str(registry_id))
    warehouse.execute("insert into core.backup (file_name, byte_count) values ('a.dump', 1)")
    warehouse.execute(
        "insert into core.restore_drill (file_name, started_at, row_count) values ('a.dump', now(), 9)"
    )
    signing = SigningKey.make()
    write_key_file(tmp_path / "signing.key", signing)
    host_key = ed25519_key(tmp_path / "host_key", "host").with_suffix(".pub").read_text()
    (tmp_path / "known_hosts").write_text(f"{whole.instance_id} {host_key}")
    ed25519_key(tmp_path / "client_key", "client")
    (tmp_path / "google.json").write_text(json.dumps({"client_email": "a@b", "private_key": "-"}))
    secrets = {name: value for name, value in SECRETS.items() if value is not None}
    whole.set(
        REGISTRY_SNAPSHOT=str(whole.snapshot),
        MODEL_SIGNING_KEY_FILE=str(tmp_path / "signing.key"),
        MODEL_PUBLIC_KEYS=write_key(signing.public_key),
        MTS_EC2_INSTANCE_ID=whole.instance_id,
        MTS_WEIGHTS="none",
        MTS_SSH_KEY_FILE=str(tmp_path / "client_key"),
        MTS_SSH_KNOWN_HOSTS=str(tmp_path / "known_hosts"),
        GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "google.json"),
        ALERT_MAIL_TO="ops@example.org",
        SMTP_HOST="127.0.0.1",
        **cloud.environment,
        **secrets,
    )
    forget_runs()
    change_dag(is_stale=False, is_paused=False)
    for job_type in ("SchedulerJob", "TriggererJob", "DagProcessorJob"):
        beat(job_type, 5)
    for dag_id in ("stop_idle_instances", "tell_incidents", "sync_cities", "refresh_data_marts"):
        end_run(dag_id, "success", 2)
    yield whole
    if cloud.fleet.state_of(whole.instance_id) == "running":
        cloud.fleet.stop([whole.instance_id])
        wait_until(lambda: cloud.fleet.state_of(whole.instance_id) == "stopped")


def test_a_whole_installation_passes_every_check(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json"]) == 0
    states = {found["name"]: found["state"] for found in json.loads(capsys.readouterr().out)}
    assert states == dict.fromkeys((check.name for check in CHECKS), "passed")
    assert main(["doctor", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


@dataclass(frozen=True)
class Fault:
    """What is broken, which checks say so, the words that came, and what they say is to be done."""

    failed: set[str]
    words: str
    advice: str
    plant: Callable[[House], object]


def unset(*names: str) -> Callable[[House], None]:
    def plant(house: House) -> None:
        for name in names:
            house.monkeypatch.delenv(name)
        settings.cache_clear()

    return plant


def change_dag(**flags: bool) -> None:
    with create_session(scoped=False) as session:
        session.query(DagModel).filter(DagModel.dag_id == "city_lisbon").update(flags)


def pause(last_run_days_ago: float | None) -> None:
    """Pause Lisbon, whose last run by schedule is so long ago; when the next is due, Airflow says."""
    if last_run_days_ago is not None:
        minutes = round(last_run_days_ago * 24 * 60)
        end_run("city_lisbon", "success", minutes, run_type=DagRunType.SCHEDULED)
    with create_session(scoped=False) as session:
        dag = SerializedDagModel.get_dag("city_lisbon", session=session)
        model = session.get(DagModel, "city_lisbon")
        assert dag is not None
        assert model is not None
        last_run = session.scalars(select(DagRun).where(DagRun.dag_id == "city_lisbon")).first()
        model.calculate_dagrun_date_fields(dag, reference_run=last_run)
        model.is_paused = True


def pause_for_ever(house: House) -> None:
    pause(None)
    house.warehouse.execute("update core.city set recorded_at = now() - interval '9 days'")


def break_a_file(house: House) -> None:
    with create_session(scoped=False) as session:
        session.add(ParseImportError(filename="cities_03.py", stacktrace="SyntaxError"))


def start_behind_our_back(house: House) -> None:
    house.fleet.start([house.instance_id])
    wait_until(lambda: house.fleet.state_of(house.instance_id) == "running")


def end_marts_long_ago() -> None:
    forget_runs("refresh_data_marts")
    end_run("refresh_data_marts", "success", 136)
    end_run("refresh_data_marts", "failed", 20)


HELD = (
    "insert into core.instance_lease (instance_id, city_id, dag_id, run_id, leased_at, deadline_at)"
    " values (%(instance_id)s, %(city_id)s, 'd', 'r', now() - interval '1 h',"
    " now() + %(time_left)s::interval)"
)


def start_held(house: House, city_id: str | None, time_left: str) -> None:
    """Let an instance run that somebody holds; without a city it is the reaper."""
    start_behind_our_back(house)
    values = {"instance_id": house.instance_id, "city_id": city_id, "time_left": time_left}
    house.warehouse.execute(HELD, values)


def fill_the_disk(house: House) -> None:
    usage = shutil.disk_usage("/")
    full = SimpleNamespace(total=usage.total, free=100_000_000)
    house.monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: full)


def forget_migrations(house: House) -> None:
    house.set(SQL_FOLDER=str(house.folder / "sql"))
    shutil.copytree(REPOSITORY / "include" / "sql", house.folder / "sql")
    (house.folder / "sql" / "schema" / "9999_of_tomorrow.sql").write_text("select 1;\n")


def log_in_as_the_app(house: House) -> None:
    house.warehouse.execute("drop role if exists doctors_app")
    house.warehouse.execute(
        "create role doctors_app login password 'password-of-the-app' in role sightscan_app"
    )
    house.set(PGUSER="doctors_app", PGPASSWORD="password-of-the-app")


# Of those that ask it, too, only one says that it is away.
WAREHOUSE = {"warehouse"}
FAULTS = {
    "the warehouse is away": Fault(
        WAREHOUSE, "does not let", "start the server", lambda house: house.set(PGPORT="9")
    ),
    "PGHOST is not set": Fault(WAREHOUSE, "PGHOST is not set", "correct", unset("PGHOST")),
    "the schema is older": Fault(
        {"schema"}, "lacks 1 migrations, the first is 9999_of_tomorrow", "warehouse migrate", forget_migrations
    ),
    "the login is the app's": Fault(
        {"rights", "schema", "backup", "restore-drill", "snapshot", "instances", "pauses"},
        "lacks select on core.applied_migration, delete on core.backup",
        "grant sightscan_pipeline",
        log_in_as_the_app,
    ),
    "the clock is wrong": Fault(
        {"clock"},
        "clock and the warehouse's are 90 s apart",
        "NTP",
        lambda house: house.monkeypatch.setattr(
            "sightscan.services.doctor.warehouse.read_clock",
            lambda _: datetime.now(UTC) - timedelta(seconds=90),
        ),
    ),
    "there is no backup": Fault(
        {"backup"}, "no backup is known since", "warehouse backup", lambda house: house.warehouse.execute("delete from core.backup")
    ),
    "the backup is old": Fault(
        {"backup"},
        "the last backup is of",
        "warehouse backup",
        lambda house: house.warehouse.execute("update core.backup set finished_at = now() - interval '3 days'"),
    ),
    "the backup could not be restored": Fault(
        {"restore-drill"},
        "is not good: cut short",
        "upkeep drill",
        lambda house: house.warehouse.execute(
            "update core.restore_drill set row_count = null, problem = 'cut short'"
        ),
    ),
    "no backup was restored for weeks": Fault(
        {"restore-drill"},
        "was the last",
        "upkeep drill",
        lambda house: house.warehouse.execute(
            "update core.restore_drill set started_at = now() - interval '11 days',"
            " finished_at = now() - interval '11 days'"
        ),
    ),
    "there is no pg_dump": Fault(
        {"backup"}, "pg_dump", "", lambda house: house.set(PG_BIN_FOLDER=str(house.folder))
    ),
    "the price list is gone": Fault(
        {"settings"}, "PRICES_FILE", "correct", lambda house: house.set(PRICES_FILE="/none.yaml")
    ),
    "the disk is full": Fault({"disk"}, "0.1 of", "delete", fill_the_disk),
    "the snapshot is gone": Fault(
        {"snapshot", "dags"}, "there is no", "sync_cities", lambda house: house.snapshot.unlink()
    ),
    "the snapshot is damaged": Fault(
        {"snapshot", "dags"}, "not a list of cities", "sync_cities", lambda house: house.snapshot.write_text("{")
    ),
    "the snapshot is another registry's": Fault(
        {"snapshot"},
        "of another registry",
        "PGDATABASE",
        lambda house: Path(f"{house.snapshot}.registry").write_text("4b0d3c8e-0000-0000-0000-000000000000"),
    ),
    "the snapshot lacks a city": Fault(
        {"snapshot"}, "lacks 1 cities", "sync_cities", lambda house: house.snapshot.write_text("[]")
    ),
    "the signing key is not believed": Fault(
        {"signing-key"},
        "MODEL_PUBLIC_KEYS does not name",
        "",
        lambda house: house.set(MODEL_PUBLIC_KEYS=write_key(SigningKey.make().public_key)),
    ),
    "the signing key is open to all": Fault(
        {"signing-key"}, "mode 644", "chmod 600", lambda house: (house.folder / "signing.key").chmod(0o644)
    ),
    "the signing key is gone": Fault(
        {"signing-key"}, "cannot be read", "", lambda house: (house.folder / "signing.key").unlink()
    ),
    "the SSH key is gone": Fault(
        {"ssh-key"}, "cannot be read", "authorized_keys", lambda house: (house.folder / "client_key").unlink()
    ),
    "the SSH key is open to all": Fault(
        {"ssh-key"}, "mode 640", "chmod 600", lambda house: (house.folder / "client_key").chmod(0o640)
    ),
    "the SSH key is none": Fault(
        {"ssh-key"}, "no private key", "", lambda house: (house.folder / "client_key").write_text("x")
    ),
    "an instance has no pinned key": Fault(
        {"host-keys"}, "has no line for", "", lambda house: (house.folder / "known_hosts").write_text("")
    ),
    "Google's file is no account": Fault(
        {"google-key"}, "no file of a service account", "vision", lambda house: (house.folder / "google.json").write_text("[]")
    ),
    "an instance is unknown to EC2": Fault(
        {"instances", "host-keys"}, "i-0123456789abcdef0", "", lambda house: house.set(MTS_EC2_INSTANCE_ID="i-0123456789abcdef0")
    ),
    "an instance was left on": Fault(
        {"instances"}, "runs, and no run holds it any more", "gpu-left-on", start_behind_our_back
    ),
    "an instance is on past its deadline": Fault(
        {"instances"}, "runs, and no run holds it any more", "gpu-left-on", lambda house: start_held(house, "Q597", "-1 min")
    ),
    "the reaper cannot stop an instance": Fault(
        {"instances"}, "runs, and no run holds it any more", "gpu-left-on", lambda house: start_held(house, None, "20 min")
    ),
    "weights are missing": Fault(
        {"weights"}, "make weights", "correct the setting", lambda house: house.set(MTS_WEIGHTS="coco", MTS_WEIGHTS_FOLDER="/none")
    ),
    "the scheduler is dead": Fault(
        {"scheduler"}, "it is dead: not heard of for 9", "airflow scheduler", lambda _: beat("SchedulerJob", 90)
    ),
    "the triggerer is dead": Fault(
        {"triggerer"}, "it is dead", "airflow triggerer", lambda _: beat("TriggererJob", 90)
    ),
    "the DAG processor is dead": Fault(
        {"dag-processor"}, "it is dead", "airflow dag-processor", lambda _: beat("DagProcessorJob", 90)
    ),
    "Airflow was never started": Fault(
        {"scheduler", "triggerer", "dag-processor", "rounds"}, "it does not run", "start it", lambda _: forget_runs()
    ),
    "Airflow's database is away": Fault(
        {"scheduler", "triggerer", "dag-processor", "dags", "rounds", "pauses"},
        "there is no file",
        "",
        lambda house: house.set(AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:////none/airflow.db"),
    ),
    "Airflow's database refuses us": Fault(
        {"scheduler", "triggerer", "dag-processor", "dags", "rounds", "pauses"},
        "cannot be asked",
        "",
        lambda house: house.set(
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="postgresql+psycopg://airflow:secret-of-airflow@127.0.0.1:9/airflow"
        ),
    ),
    "a city's DAG is stale": Fault({"dags"}, "1 DAGs are stale or missing (city_lisbon)", "reserialize", lambda _: change_dag(is_stale=True)),
    "a city is paused and its run does not come": Fault(
        {"pauses"}, "1 active cities are paused in Airflow, and their runs do not come (city_lisbon ran last on ", "`airflow dags unpause city_lisbon`", lambda _: pause(21)
    ),
    "a city is paused and never ran": Fault(
        {"pauses"}, "(city_lisbon never ran by itself)", "`sightscan city disable lisbon`", pause_for_ever
    ),
    "a DAG file cannot be imported": Fault({"dags"}, "1 files cannot be imported (cities_03.py)", "", break_a_file),
    "the reaper has not ended a round": Fault(
        {"rounds"},
        "stop_idle_instances has not ended well yet",
        "urgent",
        lambda _: forget_runs("stop_idle_instances"),
    ),
    "no ordinary worker lives": Fault(
        {"rounds"}, "refresh_data_marts has not ended well since", "default queue", lambda _: end_marts_long_ago()
    ),
    "Airflow's keys are missing": Fault(
        {"airflow-keys"}, "AIRFLOW__API_AUTH__JWT_SECRET", ".env.example", unset("AIRFLOW__API_AUTH__JWT_SECRET")
    ),
    "the Fernet key is none": Fault(
        {"airflow-keys"}, "is no key", "", lambda house: house.set(AIRFLOW__CORE__FERNET_KEY="not-a-key-at-all-of-fernet")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_named_with_what_to_do(house: House, name: str) -> None:
    fault = FAULTS[name]
    try:
        fault.plant(house)
        findings = house.examine()
    finally:
        with create_session(scoped=False) as session:
            session.execute(delete(ParseImportError))
        house.warehouse.execute("drop role if exists doctors_app")
    failed = {each.name for each in findings.values() if each.state == "failed"}
    assert failed == fault.failed
    came = " ".join(findings[each].came for each in failed)
    assert fault.words in came
    assert fault.advice in " ".join(findings[each].advice for each in failed)
    assert all(findings[each].advice for each in failed)
    shown = json.dumps([str(finding) for finding in findings.values()])
    secrets = [os.environ.get(secret) for secret in SECRETS if os.environ.get(secret)]
    assert [
        secret for secret in (*secrets, "secret-of-airflow") if secret and secret in shown
    ] == []


def by_variable(house: House, url: str) -> None:
    house.set(AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=url)


def by_command(house: House, url: str) -> None:
    (house.folder / "address").write_text(f"{url}\n")
    house.set(AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD=f"cat '{house.folder}/address'")


def by_file(house: House, url: str) -> None:
    (house.folder / "airflow.cfg").write_text(f"[database]\nsql_alchemy_conn = {url}\n")
    house.set(AIRFLOW_CONFIG=str(house.folder / "airflow.cfg"))


def by_command_of_the_file(house: House, url: str) -> None:
    (house.folder / "address").write_text(url)
    (house.folder / "airflow.cfg").write_text(
        f"[database]\nsql_alchemy_conn_cmd = cat {house.folder}/address\n"
    )
    house.set(AIRFLOW_CONFIG=str(house.folder / "airflow.cfg"))


OF_AIRFLOW = ("scheduler", "triggerer", "dag-processor", "dags", "rounds", "airflow-keys", "pauses")


@pytest.mark.parametrize("give", [by_variable, by_command, by_file, by_command_of_the_file])
def test_airflow_is_found_wherever_its_database_is_named(
    house: House, give: Callable[[House, str], None]
) -> None:
    url = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    unset("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_HOME")(house)
    give(house, url)
    assert {name: house.examine()[name].state for name in OF_AIRFLOW} == dict.fromkeys(
        OF_AIRFLOW, "passed"
    )


def test_a_secrets_backend_is_asked_by_airflow(house: House) -> None:
    answer = "sqlite:////folder/airflow.db"
    module = house.folder / "own_backend.py"
    module.write_text(
        "from airflow.sdk.bases.secrets_backend import BaseSecretsBackend\n"
        "class Backend(BaseSecretsBackend):\n    def get_config(self, key):\n"
        f"        return {{'address': {answer!r}}}.get(key)\n"
    )
    given = dict(os.environ) | {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_SECRET": "address",
        "AIRFLOW__SECRETS__BACKEND": "own_backend.Backend",
        "PYTHONPATH": f"{house.folder}:{os.environ.get('PYTHONPATH', '')}",
    }
    del given["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    installation = Installation(config=settings(), environment=given)
    assert read_option(installation, AirflowOption("database", "sql_alchemy_conn")) == answer


def test_airflows_keys_may_come_from_commands(house: House) -> None:
    name = "AIRFLOW__CORE__FERNET_KEY"
    (house.folder / "key").write_text(os.environ[name])
    unset(name)(house)
    house.set(**{f"{name}_CMD": f"cat {house.folder}/key"})
    assert house.examine()["airflow-keys"].state == "passed"
    (house.folder / "key").write_text("short")
    assert house.examine()["airflow-keys"].state == "failed"


@pytest.mark.parametrize(
    ("environment", "required"),
    [
        ({"AIRFLOW_HOME": "/none"}, False),
        ({"AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "5"}, False),
        ({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": "cat /none"}, False),
        ({}, True),
    ],
)
def test_an_airflow_that_is_not_found_is_not_skipped(
    tmp_path: Path, environment: dict[str, str], *, required: bool
) -> None:
    installation = Installation(
        config=settings(),
        environment={"HOME": str(tmp_path), "PATH": os.environ["PATH"]} | environment,
        requires_airflow=required,
    )
    checks = [check for check in CHECKS if check.name in OF_AIRFLOW]
    found = list(examine(installation, checks))
    assert {each.state for each in found} == {"failed"}
    assert all(each.advice for each in found)


def silence_for_a_month(house: House, kind: str | None, subject: str) -> None:
    set_silence(
        house.warehouse,
        kind=kind,
        subject=subject,
        reason="its sights are chosen anew",
        set_by="ann",
        length=timedelta(days=30),
    )


def test_a_pause_over_which_no_run_was_missed_is_named_and_no_fault(house: House) -> None:
    pause(0)
    found = house.examine()["pauses"]
    assert (found.state, found.came) == ("passed", "paused, and no run is missed: city_lisbon")


def test_a_new_city_that_is_paused_is_given_until_its_first_run(house: House) -> None:
    pause(None)
    assert house.examine()["pauses"].state == "passed"


@pytest.mark.parametrize(
    ("kind", "subject", "state"),
    [
        ("doctor", "city_lisbon", "passed"),
        (None, "city_lisbon", "passed"),
        ("crawl_empty", "city_lisbon", "failed"),
        ("doctor", "city_porto", "failed"),
    ],
)
def test_a_silence_says_that_a_pause_is_meant(
    house: House, kind: str | None, subject: str, state: str
) -> None:
    pause(21)
    silence_for_a_month(house, kind, subject)
    found = house.examine()["pauses"]
    assert found.state == state
    assert found.things == (("lisbon",) if state == "failed" else ())
    assert state == "failed" or "city_lisbon (silence until 20" in found.came


def test_a_retired_city_may_be_paused_or_not(house: House) -> None:
    pause(21)
    disable_city(house.warehouse, "lisbon")
    assert house.examine()["pauses"].came == "none of 0 active cities is paused"
    change_dag(is_paused=False)
    assert house.examine()["pauses"].state == "passed"


def test_an_instance_runs_for_a_run_whose_time_is_not_over(house: House) -> None:
    start_held(house, "Q597", "20 min")
    assert house.examine()["instances"].state == "passed"


def test_an_installation_of_this_hour_needs_no_marts_yet(house: House) -> None:
    forget_runs("refresh_data_marts")
    assert house.examine()["rounds"].state == "passed"


def test_a_senseless_setting_is_named_and_the_other_checks_go_on(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.set(MTS_EPOCHS="many", ALERT_MAIL_TO="nobody")
    assert main(["doctor", "--json"]) == 1
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert {name for name, each in found.items() if each["state"] == "failed"} == {"settings"}
    assert "MTS_EPOCHS='many'" in found["settings"]["came"]
    assert "ALERT_MAIL_TO='nobody'" in found["settings"]["came"]


def test_quiet_prints_what_is_wrong_with_what_to_do_and_nothing_else(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    beat("SchedulerJob", 100)
    assert main(["doctor", "--quiet"]) == 1
    output = " ".join(capsys.readouterr().out.split())
    assert output.startswith("scheduler: it is dead")
    assert "What to do: start it again: `airflow scheduler`" in output


def test_what_hangs_or_breaks_is_a_finding_and_holds_nobody_up() -> None:
    hanging, has_hung = threading.Event(), list[bool]()

    def hang(_: Installation) -> str:
        has_hung.append(hanging.wait(60))
        return ""

    def break_down(_: Installation) -> str:
        msg = "password-of-the-mail"
        raise RuntimeError(msg)

    checks = [
        check.__class__(
            **{
                **{
                    name: getattr(check, name)
                    for name in check.__slots__ or check.__dataclass_fields__
                },
                "ask": ask,
            }
        )
        for check, ask in zip(CHECKS[:3], (hang, break_down, lambda _: "well"), strict=True)
    ]
    installation = Installation(
        config=settings().model_copy(),
        environment={"AIRFLOW__API__SECRET_KEY": "password-of-the-mail"},
    )
    # The other two have these seconds for their answers, too, on a machine that may be busy.
    hung, broken, well = examine(installation, checks, max_seconds=3)
    # Nobody was held up by it: it hangs still.
    assert has_hung == []
    hanging.set()
    assert (hung.state, broken.state, well.state) == ("failed", "failed", "passed")
    assert hung.came == "no answer within 3 s"
    assert broken.came == "RuntimeError: [AIRFLOW__API__SECRET_KEY]"


def test_a_machine_where_nothing_is_set_up_is_told_so_and_not_blamed(
    warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = {"HOME": str(tmp_path), "REGISTRY_SNAPSHOT": "s3://bucket/cities.json"}
    installation = Installation(config=settings(), environment=environment)
    states = {each.name: each.state for each in examine(installation)}
    assert {name for name, state in states.items() if state == "failed"} == set()
    assert states["scheduler"] == states["snapshot"] == states["instances"] == "skipped"
