"""Ask EC2 about an instance, and leave there whom it runs for: what is known without the warehouse."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sightscan.instance_sight import DEADLINE_TAG, RUN_TAG, InstanceSight

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.providers.amazon.aws.hooks.ec2 import EC2Hook

logger = logging.getLogger(__name__)

MAX_TAG_LENGTH = 256


def look_at(hook: EC2Hook, instance_id: str) -> InstanceSight:
    """Return what EC2 says of an instance; one that it does not know is shown as terminated."""
    try:
        answer = _client(hook).describe_instances(InstanceIds=[instance_id])
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidInstanceID.NotFound":
            raise
        logger.warning(
            "EC2 does not know %s: it was terminated, or is of another region; correct "
            "MTS_EC2_INSTANCE_ID",
            instance_id,
        )
        return InstanceSight.of_none(instance_id)
    return InstanceSight.of(answer["Reservations"][0]["Instances"][0])


def tag_instance(
    hook: EC2Hook, instance_id: str, *, dag_id: str, run_id: str, deadline_at: datetime
) -> None:
    """Write into an instance's tags which run holds it, and until when at most."""
    tags = {RUN_TAG: run_tag(dag_id, run_id), DEADLINE_TAG: deadline_at.isoformat()}
    _client(hook).create_tags(
        Resources=[instance_id],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def run_tag(dag_id: str, run_id: str) -> str:
    """Return the value of the tag for a run; a long one ends in a hash, as tags are short."""
    value = f"{dag_id}/{run_id}"
    if len(value) <= MAX_TAG_LENGTH:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"{value[: MAX_TAG_LENGTH - len(digest) - 1]}#{digest}"


def _client(hook: EC2Hook) -> Any:
    connection: Any = hook.conn
    return connection.meta.client
