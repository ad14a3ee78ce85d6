"""Checks of the GPU instances: EC2 knows them, and none is on that nobody holds."""

from botocore.exceptions import BotoCoreError, ClientError

from sightscan.instance_sight import InstanceSight
from sightscan.services.doctor.installation import Installation, InstallationCheck, open_warehouse
from sightscan.services.gpu import look_for_weights, open_ec2
from sightscan.services.question import CheckFailedError, CheckSkippedError, one_line
from sightscan.train.ec2_refusals import Ec2Refusal
from sightscan.warehouse.models.machines import list_machines


def look_at_instances(installation: Installation) -> str:
    """Ask EC2 what the instances do, and the warehouse who holds them."""
    config = installation.config
    ids = config.listed_instance_ids
    if not ids:
        msg = "MTS_EC2_INSTANCE_ID is empty: no instance is set up yet"
        raise CheckSkippedError(msg)
    try:
        answer = open_ec2(config).describe_instances(InstanceIds=list(ids))
    except ClientError as error:
        refusal = Ec2Refusal.of(error)
        raise CheckFailedError(str(refusal), refusal.advice) from error
    except BotoCoreError as error:
        raise CheckFailedError(one_line(f"{type(error).__name__}: {error}")) from error
    sights = [
        InstanceSight.of(instance)
        for reservation in answer["Reservations"]
        for instance in reservation["Instances"]
    ]
    gone = [sight.instance_id for sight in sights if sight.is_terminated]
    if gone:
        msg = f"EC2 has terminated {', '.join(gone)}"
        raise CheckFailedError(msg, "take it out of MTS_EC2_INSTANCE_ID", gone)
    with open_warehouse(installation) as connection:
        machines = list_machines(connection, ids)
    # Neither a run whose time is over holds it, nor the reaper, who stops it or cannot.
    held = {
        machine.instance_id
        for machine in machines
        if machine.slug and machine.deadline_at and machine.deadline_at > installation.now()
    }
    left_on = [
        sight.instance_id for sight in sights if sight.is_on and sight.instance_id not in held
    ]
    if left_on:
        msg = f"{', '.join(left_on)} runs, and no run holds it any more: it costs money"
        raise CheckFailedError(msg, things=left_on)
    return ", ".join(f"{sight.instance_id} {sight.state}" for sight in sights)


def find_weights(installation: Installation) -> str:
    """See that the weights are there from which a first model starts."""
    return look_for_weights(installation.config)


CHECKS = (
    InstallationCheck(
        name="instances",
        service="Amazon EC2",
        asks="what the GPU instances do, and the warehouse who holds them",
        why="an instance that nobody holds costs money for nothing",
        expected="each one known, and off unless a run holds it",
        advice="docs/runbooks/gpu-left-on.md",
        ask=look_at_instances,
    ),
    InstallationCheck(
        name="weights",
        service="this machine",
        asks="for the weights from which a first model starts",
        why="without them each run ends in its first task",
        expected="the file of MTS_WEIGHTS, or that of COCO for MTS_ARCHITECTURE",
        advice="`make weights FROM=<file or URL>`",
        ask=find_weights,
    ),
)
