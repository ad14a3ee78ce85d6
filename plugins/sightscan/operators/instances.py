"""Lease, start and stop a GPU instance; it never runs without a lease."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow.providers.amazon.aws.operators.ec2 import (
    EC2StartInstanceOperator,
    EC2StopInstanceOperator,
)
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from sightscan.errors import InstanceError
from sightscan.instance_sight import RUN_TAG, InstanceSight
from sightscan.operators.connections import AWS_CONNECTION
from sightscan.operators.ec2 import look_at, run_tag, tag_instance
from sightscan.operators.hooks import InstanceHook
from sightscan.operators.work import city_work
from sightscan.settings import settings
from sightscan.train.ec2_refusals import Ec2Refusal
from sightscan.training import lease_seconds

LEASE_POLL = timedelta(seconds=30)


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
    """Start the leased instance and open its session; who holds it is written into its tags first."""

    aws_hook_class = InstanceHook

    def __init__(self, *, slug: str, **kwargs: Any) -> None:
        super().__init__(aws_conn_id=AWS_CONNECTION, **kwargs)
        self.slug = slug

    def execute(self, context: Context) -> None:
        """Start and wait until EC2 says running."""
        from sightscan.warehouse.models.instances import (
            find_open_session,
            lease_of,
            open_session,
            settle_session,
        )

        with city_work(self.slug) as work, _told_in_words(self.instance_id):
            self.check_interval = work.config.mts_check_interval_seconds
            lease = lease_of(work.connection, work.run)
            if lease is None or lease.instance_id != self.instance_id:
                msg = (
                    f"run {work.run.run_id} does not hold {self.instance_id}: its lease is over; "
                    "clear the task reserve_instance of this run, and what follows it"
                )
                raise AirflowFailException(msg)
            self._await_end_of_stopping()
            # Somebody may have started it, or restarted it, meanwhile: that is billed, too.
            before = find_open_session(work.connection, self.instance_id)
            sight = look_at(self.hook, self.instance_id)
            if sight.is_terminated:
                msg = f"EC2 has terminated {self.instance_id}; correct MTS_EC2_INSTANCE_ID"
                raise AirflowFailException(msg)
            settle_session(work.connection, work.config, sight, before)
            # Before the start: what runs can be stopped by its tags, should the warehouse be away.
            tag_instance(
                self.hook,
                self.instance_id,
                dag_id=work.run.dag_id,
                run_id=work.run.run_id,
                deadline_at=lease.deadline_at,
            )
            session = open_session(
                work.connection,
                work.config,
                work.run,
                self.instance_id,
                instance_type=sight.instance_type,
            )
            super().execute(context)
            sight = look_at(self.hook, self.instance_id)
            settle_session(work.connection, work.config, sight, session)

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


class StopInstanceOperator(EC2StopInstanceOperator):
    """Stop the leased instance, then settle the books: close its session, free the lease.

    EC2 knows by a tag whether this run holds the instance, so it is stopped even while the warehouse
    is away. Should the books not be settled here, the lease stays until the reaper sees that the run
    is over.
    """

    aws_hook_class = InstanceHook

    def __init__(self, *, slug: str, **kwargs: Any) -> None:
        super().__init__(aws_conn_id=AWS_CONNECTION, **kwargs)
        self.slug = slug

    def execute(self, context: Context) -> None:
        """Stop and wait until EC2 says stopped."""
        from sightscan.warehouse.models.instances import (
            find_open_session,
            lease_of,
            release_lease,
            settle_session,
        )

        self.check_interval = settings().mts_check_interval_seconds
        holder = run_tag(context["dag"].dag_id, context["run_id"])
        sight = look_at(self.hook, self.instance_id)
        if sight.tags.get(RUN_TAG) == holder:
            self._stop(context, sight)
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
            session = find_open_session(work.connection, self.instance_id)
            # Leased, but not started by this run: what runs there is nobody else's either.
            self._stop(context, look_at(self.hook, self.instance_id))
            sight = look_at(self.hook, self.instance_id)
            settle_session(work.connection, work.config, sight, session, stopped_by="teardown")
            release_lease(work.connection, work.run)

    def _stop(self, context: Context, sight: InstanceSight) -> None:
        if not sight.has_ended:
            super().execute(context)
