"""Run the trainer on a leased GPU host, as a remote job that outlives the worker."""

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import psycopg
from airflow.providers.ssh.operators.ssh_remote_job import SSHRemoteJobOperator
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from sightscan.errors import SightScanError, TrainingError
from sightscan.operators.connections import GPU_HOST_CONNECTION
from sightscan.operators.hooks import GpuHostHook
from sightscan.operators.leases import require_lease
from sightscan.operators.triggers import TrainingTrigger
from sightscan.operators.work import city_work
from sightscan.train.jobs import JOBS_FOLDER
from sightscan.train.outcome import LASTING_STATUSES, describe_failure
from sightscan.training import TRAINER_KILL_SECONDS, training_seconds

logger = logging.getLogger(__name__)

# Each waits up to MAX_RECONNECT_SECONDS: three minutes, in which a host has restarted.
RECONNECT_ATTEMPTS = 25


class TrainModelOperator(SSHRemoteJobOperator):
    """Run the trainer on the leased host; its progress is kept in the warehouse as it goes."""

    # Without those of the provider's that are the same in each run.
    template_fields: Sequence[str] = (
        "command",
        "remote_host",
        "ssh_conn_id",
        "instance_id",
        "training_id",
        "progress_file",
    )
    # No field of it is a file's name: a command that ends in `.sh` is a command.
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {}
    ui_color = BaseOperator.ui_color

    def __init__(
        self, *, slug: str, instance_id: str, training_id: Any, progress_file: str, **kwargs: Any
    ) -> None:
        super().__init__(
            ssh_conn_id=f"{GPU_HOST_CONNECTION}{instance_id}",
            # Relative to the login folder, so that the job's log stays with the user's files.
            remote_base_dir=JOBS_FOLDER,
            remote_os="posix",
            max_reconnect_attempts=RECONNECT_ATTEMPTS,
            **kwargs,
        )
        self.slug = slug
        self.instance_id = instance_id
        self.training_id = training_id
        self.progress_file = progress_file

    @cached_property
    def ssh_hook(self) -> GpuHostHook:
        """The hook that submits the job; the provider's own would not know our settings."""
        return GpuHostHook(
            ssh_conn_id=self.ssh_conn_id,
            remote_host=self.remote_host or "",
            conn_timeout=self.conn_timeout,
            banner_timeout=self.banner_timeout,
            conn_retry_attempts=self.conn_retry_attempts,
        )

    def execute(self, context: Context) -> None:
        """Submit the job and defer until it ends."""
        from sightscan.warehouse.models.trainings import start_training

        with city_work(self.slug) as work:
            require_lease(work, self.instance_id)
            # The host ends the training first, and says so; a host that is gone cannot.
            limit_seconds = training_seconds(work.config.mts_time_limit_seconds)
            self.timeout = limit_seconds + 2 * TRAINER_KILL_SECONDS
            start_training(work.connection, int(self.training_id), instance_id=self.instance_id)
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """End well, or note in the warehouse why the training failed.

        Raises:
            AirflowFailException: the trainer cannot use its input, or its command is not found.
            TrainingError: anything else, which another try may survive.

        """
        if (event or {}).get("exit_code") == 0:
            # What it left there is this run's only while it holds the host.
            try:
                with city_work(self.slug) as work:
                    require_lease(work, self.instance_id)
            except AirflowFailException as error:
                self._note_failure(str(error))
                raise
        try:
            super().execute_complete(context, event)
        except Exception as error:
            status = (event or {}).get("exit_code")
            told = (event or {}).get("message") or str(error)
            if status is not None:
                told = describe_failure(status, event.get("log_chunk", ""))
            self._note_failure(told)
            kind = AirflowFailException if status in LASTING_STATUSES else TrainingError
            raise kind(told) from error

    def _note_failure(self, told: str) -> None:
        from sightscan.warehouse.models.trainings import finish_training

        try:
            with city_work(self.slug) as work:
                finish_training(work.connection, int(self.training_id), error=told)
        except (psycopg.Error, SightScanError) as error:
            # Whether to try again must not hang on a warehouse that is away.
            logger.warning("why the training failed was not noted in the warehouse: %s", error)

    def defer(self, *, trigger: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Watch with our trigger, which keeps the epochs' metrics, instead of the plain one."""
        _, arguments = trigger.serialize()
        super().defer(
            trigger=TrainingTrigger(
                training_id=int(self.training_id), progress_file=self.progress_file, **arguments
            ),
            **kwargs,
        )
