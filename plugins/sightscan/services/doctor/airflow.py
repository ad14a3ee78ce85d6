"""Checks of Airflow from outside: do its parts live, are our DAGs there, do those run that look after the rest."""

from datetime import timedelta
from functools import partial

from cryptography.fernet import Fernet

from sightscan.services.doctor.airflow_database import as_moment, open_airflow_database
from sightscan.services.doctor.airflow_options import AirflowOption, read_option
from sightscan.services.doctor.installation import (
    AIRFLOWS_SECRETS,
    Installation,
    InstallationCheck,
    open_warehouse,
)
from sightscan.services.doctor.snapshot import read_slugs
from sightscan.services.question import CheckFailedError, CheckSkippedError, first_few
from sightscan.warehouse.registry.cities import list_cities

# A part beats every five seconds; a busy machine may hold one up for a while.
MAX_HEARTBEAT = timedelta(seconds=60)
MARTS_DAG = "refresh_data_marts"
# DAGs that look after the rest, and how often at least they must end well.
MAX_QUIET = {
    "stop_idle_instances": timedelta(minutes=15),
    "tell_incidents": timedelta(minutes=20),
    "sync_cities": timedelta(minutes=30),
    # Once an hour, and the only one of these that needs an ordinary worker.
    MARTS_DAG: timedelta(hours=2, minutes=15),
}
MIN_SECRET_CHARACTERS = 16


def hear(part: str, installation: Installation) -> str:
    """Say when a part of Airflow was heard of last."""
    with open_airflow_database(installation) as database:
        heard = {str(job): as_moment(at) for job, at in database.rows("doctor/list_heartbeats")}
    at = heard.get(part)
    if at is None:
        msg = "it does not run: it ended, or was never started"
        raise CheckFailedError(msg)
    silent = installation.now() - at
    if silent > MAX_HEARTBEAT:
        msg = (
            f"it is dead: not heard of for {silent.total_seconds():.0f} s (since {at:%H:%M:%S} UTC)"
        )
        raise CheckFailedError(msg)
    return f"heard of {max(silent.total_seconds(), 0):.0f} s ago"


def look_for_dags(installation: Installation) -> str:
    """Compare the DAGs that Airflow shows with the cities of the snapshot."""
    with open_airflow_database(installation) as database:
        rows = database.rows("doctor/list_dags")
        broken = [str(name) for (name,) in database.rows("doctor/list_import_errors")]
    stale = {str(dag_id): bool(is_stale) for dag_id, is_stale, _, _ in rows}
    cities = [f"city_{slug}" for slug in _slugs(installation)]
    expected = [*MAX_QUIET, *cities]
    missing = [dag_id for dag_id in expected if stale.get(dag_id, True)]
    problems = []
    if broken:
        problems.append(f"{len(broken)} files cannot be imported ({first_few(broken)})")
    if missing:
        problems.append(f"{len(missing)} DAGs are stale or missing ({first_few(missing)})")
    if problems:
        raise CheckFailedError("; ".join(problems))
    return f"{len(expected)} DAGs are there"


def look_for_rounds(installation: Installation) -> str:
    """See that the DAGs which look after the rest end well."""
    with open_airflow_database(installation) as database:
        rows = database.rows("doctor/list_last_successes")
        paused = {
            str(dag_id)
            for dag_id, _, is_paused, _ in database.rows("doctor/list_dags")
            if is_paused
        }
    ended = {str(dag_id): as_moment(at) for dag_id, at, _ in rows}
    begun_at = min((at for _, _, first in rows if (at := as_moment(first))), default=None)
    late = {}
    for dag_id, most in MAX_QUIET.items():
        at = ended.get(dag_id)
        if dag_id == MARTS_DAG and at is None and begun_at is not None:
            # Its first hour has to end first.
            at = begun_at
        why = "paused" if dag_id in paused else "red, or waiting for a worker"
        if at is None:
            late[dag_id] = f"{dag_id} has not ended well yet"
        elif installation.now() - at > most:
            late[dag_id] = f"{dag_id} has not ended well since {at:%Y-%m-%d %H:%M} UTC ({why})"
    if late:
        raise CheckFailedError("; ".join(late.values()), things=[*late])
    return "all have lately ended well"


def look_at_secrets(installation: Installation) -> str:
    """See that Airflow has keys of its own, which all its parts share."""
    if not installation.has_airflow:
        msg = "no Airflow on this machine"
        raise CheckSkippedError(msg)
    values = {name: _secret_of(installation, name) for name in AIRFLOWS_SECRETS}
    weak = [
        name
        for name, value in values.items()
        if value is not None and len(value) < MIN_SECRET_CHARACTERS
    ]
    if weak:
        msg = f"not set, or too short: {', '.join(weak)}"
        raise CheckFailedError(msg)
    fernet_key = values[AIRFLOWS_SECRETS[0]]
    try:
        if fernet_key is not None:
            Fernet(fernet_key.split(",")[0])
    except ValueError:
        msg = f"{AIRFLOWS_SECRETS[0]} is no key: connections cannot be read"
        raise CheckFailedError(msg) from None
    return "set"


def _secret_of(installation: Installation, variable: str) -> str | None:
    """Return one of Airflow's secrets, empty if it is not set, None if a secrets backend has it."""
    if installation.environment.get(f"{variable}_SECRET"):
        return None
    _, section, key = variable.lower().split("__")
    return read_option(installation, AirflowOption(section, key))


def _slugs(installation: Installation) -> list[str]:
    try:
        return read_slugs(installation)
    except CheckSkippedError:
        # In an object store: it has what the registry has.
        with open_warehouse(installation) as connection:
            return [city.slug for city in list_cities(connection)]


def _part(name: str, job_type: str, why: str) -> InstallationCheck:
    return InstallationCheck(
        name=name,
        service="Airflow's database",
        asks=f"when its {name} was heard of last",
        why=why,
        expected=f"within {MAX_HEARTBEAT.seconds} s",
        advice=f"start it again: `airflow {name}`, or its container; its log says why it ended",
        ask=partial(hear, job_type),
    )


CHECKS = (
    _part("scheduler", "SchedulerJob", "without it no task starts, and nobody stops a GPU"),
    _part("triggerer", "TriggererJob", "without it no training is seen to end"),
    _part("dag-processor", "DagProcessorJob", "without it cities vanish within an hour"),
    InstallationCheck(
        name="dags",
        service="Airflow's database",
        asks="whether each city of the snapshot has its DAG",
        why="a DAG that is stale does not run, and its runs do not go on",
        expected="all of them, and no file that cannot be imported",
        advice="`airflow dags list-import-errors`; docs/runbooks/alerts.md#parse-slow; then `airflow dags "
        "reserialize`",
        ask=look_for_dags,
    ),
    InstallationCheck(
        name="rounds",
        service="Airflow's database",
        asks="when the reaper and those beside it ended well last",
        why="they stop forgotten GPUs, tell people, and let cities in",
        expected="a few minutes ago",
        advice="unpause it, or open its log; on Celery see that a worker serves the queue `urgent`, "
        "and another one the default queue",
        ask=look_for_rounds,
    ),
    InstallationCheck(
        name="airflow-keys",
        service="the environment",
        asks="whether Airflow's keys are set",
        why="without them connections cannot be read, and logins end with each restart",
        expected="a Fernet key, an API secret and a JWT secret, the same for all parts",
        advice="set them as .env.example says; a lost Fernet key: set the connections anew",
        ask=look_at_secrets,
    ),
)
