"""What people are told of, and where it stands what to do: docs/runbooks/alerts.md has a part for each."""

from dataclasses import dataclass

RUNBOOK = "docs/runbooks/alerts.md"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of incident; its name is a word of the warehouse and of the command line."""

    name: str
    title: str

    @property
    def runbook(self) -> str:
        """Return where it stands what to do."""
        return f"{RUNBOOK}#{self.name.replace('_', '-')}"


RUN_FAILED = Kind("run_failed", "A run is red")
STOP_FAILED = Kind("stop_failed", "A GPU could not be stopped")
GPU_OVER_LEASE = Kind("gpu_over_lease", "A GPU is on and should not be")
CRAWL_EMPTY = Kind("crawl_empty", "A crawl found nothing")
BUDGET_80 = Kind("budget_80", "A budget is used up by 80 %")
BUDGET_100 = Kind("budget_100", "A budget is used up")
CHECK_FAILED = Kind("check_failed", "A data check fails")
PARSE_SLOW = Kind("parse_slow", "A DAG file takes long to parse")
MARTS_OLD = Kind("marts_old", "The marts are old")
REAPER_SILENT = Kind("reaper_silent", "Nobody looks after the GPUs")
BACKUP_MISSING = Kind("backup_missing", "There is no recent backup")
RESTORE_FAILED = Kind("restore_failed", "A backup could not be restored")
REVIEWS_WAITING = Kind("reviews_waiting", "Labels wait for a review")
APPROVALS_WAITING = Kind("approvals_waiting", "Cities wait for approval")
WAREHOUSE_AWAY = Kind("warehouse_away", "The warehouse is away")
WAREHOUSE_UNWRITABLE = Kind("warehouse_unwritable", "The warehouse cannot be written")
SCHEDULER_UNSEEN = Kind("scheduler_unseen", "Nobody sees what the scheduler sees")
DOCTOR = Kind("doctor", "The doctor finds something wrong")
TEST = Kind("test", "A test")

KINDS = {
    kind.name: kind
    for kind in (
        RUN_FAILED,
        STOP_FAILED,
        GPU_OVER_LEASE,
        CRAWL_EMPTY,
        BUDGET_80,
        BUDGET_100,
        CHECK_FAILED,
        PARSE_SLOW,
        MARTS_OLD,
        REAPER_SILENT,
        BACKUP_MISSING,
        RESTORE_FAILED,
        REVIEWS_WAITING,
        APPROVALS_WAITING,
        WAREHOUSE_AWAY,
        WAREHOUSE_UNWRITABLE,
        SCHEDULER_UNSEEN,
        DOCTOR,
        TEST,
    )
}
