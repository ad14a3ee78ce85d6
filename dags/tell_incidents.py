"""### Somebody is told what is wrong, once.

Every five minutes: looks what is wrong (red runs, GPUs that should be off, crawls that found nothing,
budgets, data checks, slow parses, old marts, a silent reaper, a missing backup, what waits for people),
keeps it as incidents in `core.incident`, and tells each channel of each incident once: the log, mail
(ALERT_MAIL_TO), a webhook (ALERT_WEBHOOK_URL). `docs/runbooks/alerts.md` says what each means and what
to do; `sightscan alerts list` shows them, `sightscan alerts silence` has one be quiet for a while. That
a GPU could not be stopped is told at once, by the task that could not.

What the scheduler sees in Airflow's own database stands in the conf of the run, written by it: a conf
that somebody gives is replaced.

**Reads** ALERT_MAIL_TO, ALERT_MAIL_FROM, ALERT_WEBHOOK_URL, SMTP_HOST, SMTP_PORT, SMTP_ENCRYPTION,
SMTP_USER, SMTP_PASSWORD (or the connections `sightscan_smtp` and `sightscan_alert_webhook`),
MAX_BACKUP_AGE_HOURS and the budgets.

**May it be run again?** Yes, at any time, and twice at once. **Red** means that a channel could not be
told, or that something could not be looked at; the next run does both again.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag
from airflow.timetables.trigger import CronTriggerTimetable

from sightscan.operators import alerts, priorities
from sightscan.operators.retries import RETRY_POLICY
from sightscan.operators.run_conf import RUN_TYPES


@dag(
    # Beside the reaper's rounds, and not at the same moment.
    schedule=CronTriggerTimetable("2-59/5 * * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    allowed_run_types=RUN_TYPES,
    doc_md=__doc__,
    tags=["upkeep"],
    default_args={
        "owner": "sightscan",
        "retry_delay": timedelta(seconds=20),
        "retry_policy": RETRY_POLICY,
        **priorities.TELL,
    },
)
def tell_incidents() -> None:
    """Wire the task."""
    alerts.tell_incidents()


tell_incidents()
