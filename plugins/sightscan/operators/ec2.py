"""EC2 as the pool of GPU instances; what it refuses is said in its words, with what to do."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING, Any, Self

from airflow.providers.amazon.aws.hooks.ec2 import EC2Hook
from botocore.exceptions import BotoCoreError, ClientError

from sightscan.errors import InstanceError, LastingInstanceError, NoCapacity
from sightscan.instance_sight import DEADLINE_TAG, RUN_TAG, InstanceSight, run_tag
from sightscan.operators.connections import AWS_CONNECTION
from sightscan.operators.hooks import FallsBackToSettings
from sightscan.settings import sound_settings
from sightscan.train.ec2_refusals import Ec2Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

logger = logging.getLogger(__name__)

# EC2 stops an instance in a minute or two.
MAX_STOPPING_SECONDS = 600


class InstanceHook(FallsBackToSettings, EC2Hook):
    """EC2, where the settings say, unless Airflow has `sightscan_aws`."""

    @classmethod
    def of_settings(cls) -> Self:
        """Return the hook that all of ours use."""
        return cls(aws_conn_id=AWS_CONNECTION)


class Ec2Pool:
    """Instances of EC2, through a hook of the provider's."""

    def __init__(self, hook: InstanceHook) -> None:
        """Keep the hook; nothing is asked yet."""
        self._hook = hook

    def look_at(self, instance_id: str) -> InstanceSight:
        """Return what EC2 says of an instance; one that it does not know is shown as terminated."""
        with _told_in_words(instance_id, "show"):
            try:
                answer = self._client.describe_instances(InstanceIds=[instance_id])
            except ClientError as error:
                if Ec2Refusal.of(error).code != "InvalidInstanceID.NotFound":
                    raise
                logger.warning(
                    "EC2 does not know %s: it was terminated, or is of another region; correct "
                    "MTS_EC2_INSTANCE_ID",
                    instance_id,
                )
                return InstanceSight.of_none(instance_id)
        return InstanceSight.of(answer["Reservations"][0]["Instances"][0])

    def list_marked(self) -> list[InstanceSight]:
        """Return the instances of this account and region that are on and bear the tags of a run."""
        with _told_in_words("the instances that are on", "list"):
            pages = self._client.get_paginator("describe_instances").paginate(
                Filters=[
                    {"Name": "tag-key", "Values": [DEADLINE_TAG]},
                    {"Name": "instance-state-name", "Values": ["pending", "running"]},
                ]
            )
            return [
                InstanceSight.of(instance)
                for page in pages
                for reservation in page["Reservations"]
                for instance in reservation["Instances"]
            ]

    def host_of(self, instance_id: str) -> str:
        """Return the public name of a running instance, or the private one if it has no other."""
        with _told_in_words(instance_id, "show"):
            instance = self._hook.get_instance(instance_id)
            host = instance.public_dns_name or instance.private_dns_name
        if not host:
            msg = (
                f"instance {instance_id} runs but has no address; expected a public or private "
                "DNS name, check its subnet"
            )
            raise InstanceError(msg)
        return str(host)

    def mark(self, instance_id: str, *, dag_id: str, run_id: str, deadline_at: datetime) -> None:
        """Write into an instance's tags which run holds it, and until when at most."""
        tags = {RUN_TAG: run_tag(dag_id, run_id), DEADLINE_TAG: deadline_at.isoformat()}
        with _told_in_words(instance_id, "tag"):
            self._client.create_tags(
                Resources=[instance_id],
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            )

    def start(self, instance_id: str) -> None:
        """Start an instance and wait until EC2 says running."""
        with _told_in_words(instance_id, "start"):
            logger.info("starting %s", instance_id)
            self._hook.get_instance(instance_id).start()
            self._hook.wait_for_state(
                instance_id=instance_id,
                target_state="running",
                check_interval=sound_settings().mts_check_interval_seconds,
            )

    def stop(self, instance_id: str) -> None:
        """Tell an instance to stop."""
        with _told_in_words(instance_id, "stop"):
            logger.info("stopping %s", instance_id)
            self._hook.get_instance(instance_id).stop()

    def await_stopped(self, instance_id: str) -> None:
        """Wait until EC2 says stopped."""
        delay = sound_settings().mts_check_interval_seconds
        with _told_in_words(instance_id, "stop"):
            self._hook.get_instance(instance_id).wait_until_stopped(
                WaiterConfig={"Delay": delay, "MaxAttempts": ceil(MAX_STOPPING_SECONDS / delay)}
            )

    @property
    def _client(self) -> Any:
        connection: Any = self._hook.conn
        return connection.meta.client


@contextmanager
def _told_in_words(what: str, verb: str) -> Iterator[None]:
    """Turn what EC2 refuses, or does not answer, into an error of ours."""
    try:
        yield
    except ClientError as error:
        refusal = Ec2Refusal.of(error)
        msg = f"EC2 does not {verb} {what} ({refusal})"
        msg += f"; {refusal.advice}" if refusal.advice else ""
        if refusal.lacks_capacity:
            raise NoCapacity(msg) from error
        raise (LastingInstanceError if refusal.is_lasting else InstanceError)(msg) from error
    except BotoCoreError as error:
        msg = f"EC2 was asked to {verb} {what}, and did not in time or did not answer: {error}"
        raise InstanceError(msg) from error
