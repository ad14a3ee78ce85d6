"""What Airflow's own database knows to be wrong, seen in the scheduler for those who tell of it.

Tasks cannot read that database, and the scheduler must not wait for the warehouse or for a mail server.
So a listener (`plugins/alerts_plugin.py`) looks when a run of `tell_incidents` begins, and leaves what it saw as the conf of that
run, which its task reads, and which the UI shows.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sightscan.alerts import kinds
from sightscan.alerts.kinds import Kind
from sightscan.alerts.rounds import Outside
from sightscan.city import dag_id_of
from sightscan.errors import SightScanError
from sightscan.warehouse.incidents.incidents import Trouble

TELLING_DAG = "tell_incidents"
REAPER_DAG = "stop_idle_instances"
# Each teardown of a GPU, and the reaper's round.
STOPPING_TASKS = ("stop_instance", REAPER_DAG)
# What a task that stops leaves (XCom) if it failed over the warehouse, and not over a machine.
WAREHOUSE_TROUBLE = "warehouse_trouble"
# In Airflow's table of DAGs: those of other people are theirs to watch.
OWNER = "sightscan"
SEEN_KINDS = frozenset(
    kind.name
    for kind in (
        kinds.RUN_FAILED,
        kinds.STOP_FAILED,
        kinds.PARSE_SLOW,
        kinds.REAPER_SILENT,
        kinds.SCHEDULER_UNSEEN,
    )
)
MAX_REAPER_SILENCE = timedelta(minutes=15)
# A city runs once a week, so what is red is red for no longer than two.
MAX_RED = timedelta(days=14)
# A red run that a green one follows is told all the same: two looks see it.
JUST_NOW = timedelta(minutes=15)
# Of a kind that are named one by one: a run's conf is read and shown as a whole.
MAX_TROUBLES = 500
# Of the files that make cities' DAGs.
SHARD_PREFIX = "cities_"
# Of a run's conf: why nothing could be seen.
PROBLEM = "problem"
MAX_PROBLEM_CHARACTERS = 500
# In place of the subjects of the others; no DAG and no file of ours has a name like this.
OTHERS = "and others"
PARSE_SHARE_GAUGE = "sightscan.slowest_parse_share"
PARSE_SECONDS_GAUGE = "sightscan.slowest_parse_seconds"

logger = logging.getLogger(__name__)


class NothingSeenError(SightScanError):
    """A run does not know what the scheduler sees."""


def as_conf(troubles: list[Trouble]) -> dict[str, Any]:
    """Return what was seen as a run's conf."""
    return {
        "looked_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "troubles": [
            [trouble.kind, trouble.subject, trouble.sentence, trouble.link] for trouble in troubles
        ],
    }


def as_failed_conf(error: Exception) -> dict[str, Any]:
    """Return that nothing could be seen as a run's conf."""
    return {PROBLEM: f"{type(error).__name__}: {error}"[:MAX_PROBLEM_CHARACTERS]}


def look_outside(conf: Any) -> Outside:
    """Return what the scheduler saw; that it saw nothing is a trouble, and says what to do."""
    try:
        return read_conf(conf)
    except NothingSeenError as error:
        unseen = Trouble(kinds.SCHEDULER_UNSEEN.name, "scheduler", str(error))
        return Outside([unseen], frozenset({kinds.SCHEDULER_UNSEEN.name}))


def read_conf(conf: Any) -> Outside:
    """Return what the scheduler saw.

    Raises:
        NothingSeenError: it saw nothing, not even that all is well.

    """
    if not isinstance(conf, dict) or not isinstance(conf.get("troubles"), list):
        why = conf.get(PROBLEM) if isinstance(conf, dict) else None
        msg = (
            f"the scheduler could not look at Airflow's database ({why}), so nobody is told of red "
            "runs: its log has the whole error"
            if why
            else "the run has no conf of what the scheduler sees, so nobody is told of red runs: let "
            "the scheduler have plugins/ of SightScan as its [core] plugins_folder, and start it anew"
        )
        raise NothingSeenError(msg)
    troubles = [Trouble(*seen) for seen in conf["troubles"]]
    # What is not named may last all the same.
    partly_named = {trouble.kind for trouble in troubles if trouble.subject == OTHERS}
    return Outside(troubles, SEEN_KINDS - partly_named)


def look_at_airflow(since: datetime) -> list[Trouble]:
    """Return what is wrong with our DAGs; the reaper is silent at the earliest from `since` on."""
    from airflow.utils.session import create_session

    # Not the session of this thread: the scheduler is in the middle of its own transaction.
    with create_session(scoped=False) as session:
        stops = list(_failed_stops(session))
        parses = list(_slow_parses(session))
        red = _red_dags(session)
        return [
            *_silent_reaper(session, since),
            *stops[:MAX_TROUBLES],
            *_others(kinds.STOP_FAILED, len(stops), "DAGs could not stop a GPU instance"),
            *parses[:MAX_TROUBLES],
            *_others(kinds.PARSE_SLOW, len(parses), "DAG files are parsed slowly"),
            *_failed_runs(session, dict(sorted(red.items())[:MAX_TROUBLES])),
            *_others(kinds.RUN_FAILED, len(red), "DAGs are red"),
        ]


def find_red_runs() -> list[Trouble]:
    """Return the runs that made our DAGs red, and that no green one followed, in the order of the DAGs."""
    from airflow.utils.session import create_session

    with create_session(scoped=False) as session:
        return list(_failed_runs(session, _red_dags(session, just_now=timedelta(0))))


def run_link(dag_id: str, run_id: str) -> str | None:
    """Return the address of a run in Airflow's UI, if Airflow knows its own."""
    from airflow.configuration import conf

    base = conf.get("api", "base_url", fallback="") or ""
    return f"{base.rstrip('/')}/dags/{quote(dag_id)}/runs/{quote(run_id)}" if base else None


def _others(kind: Kind, count: int, what: str) -> Iterator[Trouble]:
    """Say how many more there are than are named, if there are."""
    if count > MAX_TROUBLES:
        yield Trouble(kind.name, OTHERS, f"And {count - MAX_TROUBLES} more {what}.")


def _red_dags(session: Any, just_now: timedelta = JUST_NOW) -> dict[str, datetime]:
    """Find since when DAGs are red: their last run that ended failed, or one did within `just_now`."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from sqlalchemy import func

    now = datetime.now(UTC)
    last = func.max(DagRun.end_date)
    failed_at: dict[str, datetime] = dict(
        session.query(DagRun.dag_id, last)
        .join(DagModel, DagModel.dag_id == DagRun.dag_id)
        .filter(DagModel.owners == OWNER)
        .filter(DagRun.state == "failed", DagRun.end_date > now - MAX_RED)
        .group_by(DagRun.dag_id)
        .all()
    )
    succeeded_at: dict[str, datetime] = dict(
        session.query(DagRun.dag_id, last)
        .filter(DagRun.dag_id.in_(failed_at), DagRun.state == "success")
        .group_by(DagRun.dag_id)
        .all()
    )
    return {
        dag_id: at
        for dag_id, at in failed_at.items()
        if at > succeeded_at.get(dag_id, at - MAX_RED) or at > now - just_now
    }


def _failed_runs(session: Any, red: dict[str, datetime]) -> Iterator[Trouble]:
    """Name the run that made each of these DAGs red, and its task that failed first."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import tuple_

    runs = dict(
        session.query(DagRun.dag_id, DagRun.run_id)
        .filter(DagRun.state == "failed", tuple_(DagRun.dag_id, DagRun.end_date).in_(red.items()))
        .all()
    )
    failures = (
        session.query(TaskInstance.dag_id, TaskInstance.task_id)
        .filter(TaskInstance.state == "failed")
        .filter(tuple_(TaskInstance.dag_id, TaskInstance.run_id).in_(runs.items()))
        .order_by(TaskInstance.end_date.desc())
    )
    # The earliest last, which stays.
    first_failed = dict(failures.all())
    for dag_id, run_id in sorted(runs.items()):
        task_id = first_failed.get(dag_id)
        what = f"its task {task_id} failed first" if task_id else "it was marked so"
        yield Trouble(
            kinds.RUN_FAILED.name,
            dag_id,
            f"The run {run_id} of {dag_id} is red since {red[dag_id]:%Y-%m-%d %H:%M} UTC: {what}.",
            run_link(dag_id, run_id),
        )


def _failed_stops(session: Any) -> Iterator[Trouble]:
    """Find stops that failed for good, and that no later one of the same DAG made good."""
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import func

    last = func.max(TaskInstance.end_date)
    is_of_the_warehouse = _is_of_the_warehouse()

    def last_in(state: str) -> dict[str, datetime]:
        return dict(
            session.query(TaskInstance.dag_id, last)
            .filter(TaskInstance.task_id.in_(STOPPING_TASKS), TaskInstance.state == state)
            .filter(TaskInstance.end_date > datetime.now(UTC) - MAX_RED, ~is_of_the_warehouse)
            .group_by(TaskInstance.dag_id)
            .all()
        )

    succeeded_at = last_in("success")
    # A round of the reaper looks after all instances.
    reaped_at = succeeded_at.get(REAPER_DAG)
    for dag_id, at in sorted(last_in("failed").items()):
        made_good = [each for each in (succeeded_at.get(dag_id), reaped_at) if each and each > at]
        if not made_good:
            yield stop_failure(dag_id, at)


def _is_of_the_warehouse() -> Any:
    """Return the condition that a task failed over the warehouse, and had stopped what it could."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from sqlalchemy import exists

    return exists().where(
        XComModel.dag_id == TaskInstance.dag_id,
        XComModel.run_id == TaskInstance.run_id,
        XComModel.task_id == TaskInstance.task_id,
        XComModel.key == WAREHOUSE_TROUBLE,
    )


def stop_failure(dag_id: str, at: datetime) -> Trouble:
    """Return what is told of a stop that failed for good."""
    return Trouble(
        kinds.STOP_FAILED.name,
        dag_id,
        f"{dag_id} could not stop a GPU instance at {at:%Y-%m-%d %H:%M} UTC: it may run, and cost "
        "money, until somebody stops it.",
    )


def _silent_reaper(session: Any, since: datetime) -> Iterator[Trouble]:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import func

    last = session.query(func.max(DagRun.end_date)).filter(
        DagRun.dag_id == REAPER_DAG, DagRun.state == "success"
    )
    # Such a round looked after the machines, by their tags; what is red about it is told as such.
    last_without_warehouse = session.query(func.max(TaskInstance.end_date)).filter(
        TaskInstance.dag_id == REAPER_DAG, TaskInstance.state == "failed", _is_of_the_warehouse()
    )
    ends = [at for at in (last.scalar(), last_without_warehouse.scalar()) if at is not None]
    ended_at = max(ends, default=None)
    if datetime.now(UTC) - max(ended_at or since, since) > MAX_REAPER_SILENCE:
        heard = f"since {ended_at:%Y-%m-%d %H:%M} UTC" if ended_at else "yet"
        yield Trouble(
            kinds.REAPER_SILENT.name,
            REAPER_DAG,
            f"The reaper ({REAPER_DAG}) has not ended a round well {heard}: it should every five "
            "minutes. Until then nobody stops a GPU that was forgotten.",
        )


def _slow_parses(session: Any) -> Iterator[Trouble]:
    """Find DAG files whose parse takes more than half of its time-out, or does not end any more."""
    from airflow.configuration import conf
    from airflow.models.dag import DagModel
    from airflow.observability import stats
    from sqlalchemy import func

    killed_after = conf.getint("dag_processor", "dag_file_processor_timeout")
    limit = min(killed_after, conf.getfloat("core", "dagbag_import_timeout") or killed_after)
    now = datetime.now(UTC)
    files = (
        session.query(
            DagModel.fileloc,
            func.max(DagModel.last_parse_duration),
            func.max(DagModel.last_parsed_time),
        )
        .filter(DagModel.owners == OWNER, DagModel.last_parsed_time > now - MAX_RED)
        .group_by(DagModel.fileloc)
        .all()
    )
    slowest = max((seconds or 0.0 for _, seconds, _ in files), default=0.0)
    stats.gauge(PARSE_SECONDS_GAUGE, slowest)
    stats.gauge(PARSE_SHARE_GAUGE, slowest / limit)
    # A file waits for its turn and may then take its time; one that is killed is never noted.
    latest = now - timedelta(
        seconds=conf.getint("dag_processor", "min_file_process_interval") + 2 * killed_after
    )
    for path, seconds, parsed_at in sorted(files):
        name = str(path).rsplit("/", 1)[-1]
        if (seconds or 0.0) > limit / 2:
            sentence = (
                f"{name} took {seconds:.0f} s to parse, more than half of the {limit:.0f} s after "
                "which the parse is cut short, and no DAG of it is shown."
            )
        elif parsed_at < latest and _has_dags(session, str(path)):
            sentence = (
                f"{name} was not parsed whole since {parsed_at:%Y-%m-%d %H:%M} UTC: its parse is cut "
                "short, or the DAG processor does not run. Its DAGs vanish an hour after that."
            )
        else:
            continue
        yield Trouble(kinds.PARSE_SLOW.name, name, sentence)


def _has_dags(session: Any, path: str) -> bool:
    """Tell whether a file still makes a DAG; one whose cities were all forgotten makes none."""
    from airflow.models.dag import DagModel

    from sightscan.operators.registry import read_snapshot

    if not Path(path).stem.startswith(SHARD_PREFIX):
        return True
    try:
        known = {dag_id_of(city.slug) for city in read_snapshot()}
    except (SightScanError, OSError) as error:
        logger.warning("what cannot be read may have them: %s", error)
        return True
    made = session.query(DagModel.dag_id).filter(DagModel.fileloc == path)
    return any(dag_id in known for (dag_id,) in made)
