"""Lease, start, use and stop a GPU instance; it never runs without a lease."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.operators.ec2 import (
    EC2StartInstanceOperator,
    EC2StopInstanceOperator,
)
from airflow.providers.ssh.operators.ssh_remote_job import SSHRemoteJobOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from sightscan.errors import InstanceError
from sightscan.operators.connections import AWS_CONNECTION, GPU_HOST_CONNECTION
from sightscan.operators.hooks import GpuHostHook, InstanceHook
from sightscan.operators.triggers import TrainingTrigger
from sightscan.operators.work import city_work
from sightscan.settings import settings
from sightscan.train.ec2_refusals import Ec2Refusal
from sightscan.training import lease_seconds, training_seconds

LEASE_POLL = timedelta(seconds=30)
RECONNECT_ATTEMPTS = 12


class ReserveInstanceOperator(BaseOperator):
    """Take a lease on a free GPU instance; wait for one without holding a worker slot.

    Returns the instance's id. The same run gets the same instance again.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#dbe7c9"

    def __init__(self, *, slug: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slug = slug

    def execute(self, context: Context, event: Any = None) -> str:
        """Lease an instance, or defer and try again."""
        del context, event
        from sightscan.warehouse.models.instances import lease_instance

        with city_work(self.slug) as work:
            instance_id = lease_instance(
                work.connection,
                work.run,
                work.config.instance_ids,
                seconds=lease_seconds(work.config.mts_time_limit_seconds),
            )
        if instance_id is None:
            self.log.info("all of %s are leased; waiting", ", ".join(settings().instance_ids))
            self.defer(trigger=TimeDeltaTrigger(LEASE_POLL), method_name="execute")
        return str(instance_id)


class StartInstanceOperator(EC2StartInstanceOperator):
    """Start the leased instance and open its session, from which it is billed."""

    aws_hook_class = InstanceHook

    def __init__(self, *, slug: str, **kwargs: Any) -> None:
        super().__init__(aws_conn_id=AWS_CONNECTION, **kwargs)
        self.slug = slug

    def execute(self, context: Context) -> None:
        """Start and wait until EC2 says running."""
        from sightscan.warehouse.models.instances import mark_session_running, open_session

        with city_work(self.slug) as work:
            self.check_interval = work.config.mts_check_interval_seconds
            self._await_end_of_stopping()
            open_session(work.connection, work.config, work.run, self.instance_id)
            with _told_in_words(self.instance_id):
                super().execute(context)
            mark_session_running(work.connection, self.instance_id)

    def _await_end_of_stopping(self) -> None:
        """Let a stop end first: EC2 refuses to start an instance that is stopping."""
        if self.hook.get_instance_state(self.instance_id) == "stopping":
            self.log.info("%s is still stopping; waiting", self.instance_id)
            self.hook.wait_for_state(
                instance_id=self.instance_id,
                target_state="stopped",
                check_interval=self.check_interval,
            )


@contextmanager
def _told_in_words(instance_id: str) -> Iterator[None]:
    """Turn EC2's refusal into a sentence; one that lasts is not tried again."""
    try:
        yield
    except ClientError as error:
        refusal = Ec2Refusal.of(error)
        msg = f"EC2 does not start {instance_id} ({refusal})"
        msg += f"; {refusal.advice}" if refusal.advice else ""
        raise (AirflowFailException if refusal.is_lasting else InstanceError)(msg) from error


class TrainModelOperator(SSHRemoteJobOperator):
    """Run the trainer on the leased host; its progress is kept in the warehouse as it goes."""

    template_fields: Sequence[str] = (
        *SSHRemoteJobOperator.template_fields,
        "instance_id",
        "training_id",
        "progress_file",
    )

    def __init__(
        self, *, slug: str, instance_id: str, training_id: Any, progress_file: str, **kwargs: Any
    ) -> None:
        super().__init__(
            ssh_conn_id=f"{GPU_HOST_CONNECTION}{instance_id}",
            # Relative to the login folder, so that the job's log stays with the user's files.
            remote_base_dir=".sightscan-jobs",
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
            # A dead instance writes no exit code: without a limit the trigger waits for ever.
            self.timeout = training_seconds(work.config.mts_time_limit_seconds)
            start_training(work.connection, int(self.training_id), instance_id=self.instance_id)
        super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """End well, or note in the warehouse why the training failed."""
        from sightscan.warehouse.models.trainings import finish_training

        try:
            super().execute_complete(context, event)
        except Exception as error:
            with city_work(self.slug) as work:
                finish_training(work.connection, int(self.training_id), error=str(error))
            raise

    def defer(self, *, trigger: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Watch with our trigger, which keeps the epochs' metrics, instead of the plain one."""
        _, arguments = trigger.serialize()
        super().defer(
            trigger=TrainingTrigger(
                training_id=int(self.training_id), progress_file=self.progress_file, **arguments
            ),
            **kwargs,
        )


class StopInstanceOperator(EC2StopInstanceOperator):
    """Stop the leased instance, close its session, free the lease: in this order.

    Should it fail, the lease stays until the reaper sees that the run is over.
    """

    aws_hook_class = InstanceHook

    def __init__(self, *, slug: str, **kwargs: Any) -> None:
        super().__init__(aws_conn_id=AWS_CONNECTION, **kwargs)
        self.slug = slug

    def execute(self, context: Context) -> None:
        """Stop and wait until EC2 says stopped."""
        from sightscan.warehouse.models.instances import (
            close_session,
            find_open_session,
            lease_of,
            release_lease,
        )

        with city_work(self.slug) as work:
            lease = lease_of(work.connection, work.run)
            if lease is None:
                self.log.info("the lease is gone already: the reaper stopped the instance")
                return
            if lease.instance_id != self.instance_id:
                msg = (
                    f"run {work.run.run_id} holds {lease.instance_id}, but was told to stop "
                    f"{self.instance_id}; clear the task reserve_instance of this run"
                )
                raise InstanceError(msg)
            self.check_interval = work.config.mts_check_interval_seconds
            session = find_open_session(work.connection, self.instance_id)
            has_run = self.hook.get_instance_state(self.instance_id) == "running"
            super().execute(context)
            if session is not None:
                close_session(
                    work.connection,
                    self.instance_id,
                    stopped_by="teardown",
                    session_id=session.session_id,
                    has_run=has_run,
                )
            release_lease(work.connection, work.run)
