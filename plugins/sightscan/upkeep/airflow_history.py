"""Airflow's own history, removed by Airflow's own command when it is older than the limit.

It is asked for the tables that grow, by name. Not `dag`: a DAG that was not parsed for a while, as while
the DAG processor is down, would go with all of its runs. Not `trigger`: the one that watches the inbox
was made when Airflow first saw it, and lives for years. The command looks at the age of rows and not at
the state of their runs, so DAGs with an old run in progress are left out.
"""

import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sightscan.errors import UpkeepError
from sightscan.services.doctor.airflow_database import as_moment, open_airflow_database
from sightscan.services.doctor.installation import Installation

# What hangs on a run; the command adds the tables that refer to these, and the database deletes what
# hangs on their rows.
TABLES_OF_RUNS = ("dag_run", "task_instance", "xcom", "dag_version")
OTHER_TABLES = (
    "asset_event",
    "callback",
    "celery_taskmeta",
    "celery_tasksetmeta",
    "job",
    "log",
    "revoked_token",
    "session",
)
BATCH_ROWS = 10_000
# It ends after its batch.
CLEANING_UP_SECONDS = 60.0
# What the command calls the tables that it moves rows to before it deletes them.
SET_ASIDE = "_airflow_deleted__"
# The command takes this one with `dag_run`, and cannot leave DAGs out of it, since it has no column of
# theirs (Airflow 3.3.2). Its rows go with their runs.
GOES_WITH_RUNS = frozenset({"deadline"})
_UNCLEAN = re.compile(r"did not clean them: \[(.*?)\]")
_FOUND = re.compile(r"^Checking table (\w+)\nFound (\d+) rows", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RunInProgress:
    """A run that is not over, and the oldest moment of it or of one of its tasks."""

    dag_id: str
    run_id: str
    begun_at: datetime


def list_runs_in_progress(installation: Installation) -> tuple[RunInProgress, ...]:
    """Return the runs that are not over.

    Raises:
        CheckSkippedError: this machine has no Airflow.
        CheckFailedError: its database cannot be asked.

    """
    with open_airflow_database(installation) as database:
        rows = database.rows("upkeep/list_runs_in_progress")
    return tuple(
        RunInProgress(str(dag_id), str(run_id), begun_at)
        for dag_id, run_id, moment in rows
        if (begun_at := as_moment(moment)) is not None
    )


def list_tables_set_aside(installation: Installation) -> tuple[str, ...]:
    """Return the tables that an `airflow db clean` has left, one that was killed, or typed by hand.

    Raises:
        CheckSkippedError: this machine has no Airflow.
        CheckFailedError: its database cannot be asked.

    """
    with open_airflow_database(installation) as database:
        return tuple(name for name in database.table_names() if name.startswith(SET_ASIDE))


def remove_old_history(
    installation: Installation, before: datetime, *, is_trial: bool = False
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Remove what is older than a moment; return how many rows of which tables, and the DAGs left out.

    The last scheduled run of each DAG stays. `is_trial`: only say what would go.

    Raises:
        CheckSkippedError: this machine has no Airflow.
        CheckFailedError: its database cannot be asked.
        UpkeepError: Airflow's command failed.

    """
    # Read right before runs are removed, and these first: meanwhile somebody may clear an old one.
    in_progress = list_runs_in_progress(installation)
    left_out = sorted({run.dag_id for run in in_progress if run.begun_at < before})
    counts = _clean(installation, before, TABLES_OF_RUNS, left_out=left_out, is_trial=is_trial)
    # By themselves, too, since rows of these may belong to no DAG, and would be left out with DAGs.
    counts += _clean(installation, before, OTHER_TABLES, is_trial=is_trial)
    return dict(counts), tuple(left_out)


def _clean(
    installation: Installation,
    before: datetime,
    tables: Sequence[str],
    *,
    left_out: Sequence[str] = (),
    is_trial: bool,
) -> Counter[str]:
    command = [
        *(sys.executable, "-m", "airflow", "db", "clean"),
        *("--clean-before-timestamp", before.isoformat(timespec="seconds")),
        *("--tables", ",".join(tables), "--batch-size", str(BATCH_ROWS)),
        *("--skip-archive", "--yes", "--error-on-cleanup-failure"),
        *(["--exclude-dag-ids", ",".join(left_out)] if left_out else []),
        *(["--dry-run"] if is_trial else []),
    ]
    done = _run(command, installation.environment)
    if done.returncode != 0 and not (left_out and _unclean_tables(done.stderr) <= GOES_WITH_RUNS):
        lines = (done.stderr or done.stdout).strip().splitlines()
        said = installation.shown(lines[-1] if lines else "nothing")
        msg = (
            f"`airflow db clean` failed with {done.returncode}: {said}; type it with --dry-run to see "
            "what it meets, and see that AIRFLOW__DATABASE__SQL_ALCHEMY_CONN is Airflow's own"
        )
        raise UpkeepError(msg)
    return Counter({table: int(count) for table, count in _FOUND.findall(done.stdout)})


def _run(
    command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; if we are ended, end it so that it drops the rows that it set aside."""
    with subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C reaches us alone: the second would stop its cleaning up.
        start_new_session=True,
    ) as process:
        try:
            output, errors = process.communicate()
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=CLEANING_UP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _unclean_tables(said: str) -> frozenset[str]:
    """Return the tables that the command names as not cleaned; one without a name if it says nothing."""
    told = _UNCLEAN.search(said)
    return frozenset(re.findall(r"'(\w+)'", told[1])) if told else frozenset({""})
