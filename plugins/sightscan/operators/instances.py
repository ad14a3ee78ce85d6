"""Lease, start and stop a GPU instance; it never runs without a lease."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from airflow.providers.amazon.aws.operators.ec2 import (
    EC2StartInstanceOperator,
    EC2StopInstanceOperator,
)
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from sightscan.errors import InstanceError
from sightscan.instance_sight import RUN_TAG, InstanceSight
from sightscan.operators.connections import AWS_CONNECTION
from sightscan.operators.ec2 import look_at, run_tag, tag_instance
from sightscan.operators.handover import hand_over, move_on
from sightscan.operators.hooks import InstanceHook
from sightscan.operators.leases import require_lease
from sightscan.operators.spending import confirm_estimate
from sightscan.operators.turns import LeaseTrigger
from sightscan.operators.work import CityWork, city_work
from sightscan.settings import sound_settings
from sightscan.train.ec2_refusals import Ec2Refusal
from sightscan.training import lease_seconds


class ReserveInstanceOperator(BaseOperator):
    """Take a lease on a free GPU instance; stand in a queue for one without holding a worker slot.

    Returns the instance's id. The same run gets the same instance again.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#dbe7c9"

    def __init__(self, *, slug: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slug = slug

    def execute(self, context: Context, event: Any = None) -> str:
        """Lease an instance, or defer until one is leased to this run."""
        del context, event
        from sightscan.warehouse.models.instances import lease_instance, lease_of
        from sightscan.warehouse.models.lease_queue import list_waiting

        with city_work(self.slug) as work:
            if lease_of(work.connection, work.run) is None:
                confirm_estimate(work)
            # Its turn was noticed by whoever gave it the lease: then this returns that one.
            instance_id = lease_instance(
                work.connection,
                work.run,
                work.config.instance_ids,
                seconds=lease_seconds(work.config.mts_time_limit_seconds),
            )
            places = [waiting.run for waiting in list_waiting(work.connection)]
            if work.run in places:
                self.log.info(
                    "all of %s are leased; waiting at place %d of %d: `sightscan machines` shows "
                    "who holds them and who else waits",
                    ", ".join(work.config.instance_ids),
                    places.index(work.run) + 1,
                    len(places),
                )
        if instance_id is None:
            self.defer(trigger=LeaseTrigger(**asdict(work.run)), method_name="execute")
        return str(instance_id)


class StartInstanceOperator(EC2StartInstanceOperator):
    """Start the leased instance and open its session; who holds it is written into its tags first.

    One that was handed over runs already, and is gone on with. If EC2 has no capacity for it, the
    lease moves to another.
    """

    aws_hook_class = InstanceHook

    def __init__(self, *, slug: str, **kwargs: Any) -> None:
        super().__init__(aws_conn_id=AWS_CONNECTION, **kwargs)
        self.slug = slug

    def execute(self, context: Context) -> None:
        """Start and wait until EC2 says running."""
        from sightscan.warehouse.models.lease_changes import take_up_lease

        with city_work(self.slug) as work:
            self.check_interval = work.config.mts_check_interval_seconds
            if take_up_lease(work.connection, work.run):
                self.log.info("%s was handed over to this run as it runs", self.instance_id)
            try:
                self._start(context, work)
            except InstanceError as error:
                moved = move_on(work, error, self.instance_id)
                if moved is None:
                    raise
                self.instance_id = moved
                self._start(context, work)

    def _start(self, context: Context, work: CityWork) -> None:
        from sightscan.warehouse.models.instances import (
            find_open_session,
            open_session,
            settle_session,
        )

        lease = require_lease(work, self.instance_id)
        with _told_in_words(self.instance_id):
            self._await_end_of_stopping()
            # Somebody may have started it, or restarted it, meanwhile: that is billed, too.
            before = find_open_session(work.connection, self.instance_id)
            sight = look_at(self.hook, self.instance_id)
            if sight.is_terminated:
                msg = f"EC2 has terminated {self.instance_id}; correct MTS_EC2_INSTANCE_ID"
                raise AirflowFailException(msg)
            settle_session(work.connection, work.config, sight, before)
            confirm_estimate(work, sight.instance_type)
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
def _told_in_words(instance_id: str, verb: str = "start") -> Iterator[None]:
    """Turn EC2's refusal into a sentence; a start's that lasts is not tried again, a stop's is."""
    try:
        yield
    except ClientError as error:
        refusal = Ec2Refusal.of(error)
        msg = f"EC2 does not {verb} {instance_id} ({refusal})"
        msg += f"; {refusal.advice}" if refusal.advice else ""
        is_over = refusal.is_lasting and verb == "start"
        raise (AirflowFailException if is_over else InstanceError)(msg) from error


class StopInstanceOperator(EC2StopInstanceOperator):
    """Stop the leased instance, then settle the books: close its session, free the lease.

    EC2 knows by a tag whether this run holds the instance, so it is stopped even while the warehouse
    is away. Should the books not be settled here, the lease stays until the reaper sees that the run
    is over. If somebody waits for it, it is handed over instead, and runs on.
    """

    aws_hook_class = InstanceHook

    def __init__(self, *, slug: str, **kwargs: Any) -> None:
        super().__init__(aws_conn_id=AWS_CONNECTION, **kwargs)
        self.slug = slug

    def execute(self, context: Context) -> None:
        """Stop and wait until EC2 says stopped."""
        with _told_in_words(self.instance_id, "stop"):
            self._stop_and_settle(context)

    def _stop_and_settle(self, context: Context) -> None:
        from sightscan.warehouse.models.instances import (
            find_open_session,
            lease_of,
            release_lease,
            settle_session,
        )

        if self._is_handed_over():
            return
        self.check_interval = sound_settings().mts_check_interval_seconds
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

    def _is_handed_over(self) -> bool:
        """Give the instance to the next run, if there is one; no trouble keeps it from being stopped."""
        try:
            with city_work(self.slug) as work:
                return hand_over(work, self.instance_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the instance is better stopped
            self.log.warning("%s cannot be handed over: %s", self.instance_id, error)
            return False
