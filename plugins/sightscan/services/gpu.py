"""Checks of the training: are its weights there, may our key start the instances, is the host the pinned one?

Nothing is started: EC2 is asked with `DryRun`, and a host is looked at only while it runs.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sightscan.instance_sight import RUN_TAG
from sightscan.services.check import Check, Probe
from sightscan.services.question import CheckFailedError, CheckSkippedError, one_line
from sightscan.settings import Settings
from sightscan.train.addresses import host_address
from sightscan.train.ec2_refusals import Ec2Refusal
from sightscan.train.host import open_host
from sightscan.train.starting_weights import choose_weights_without_model

EC2_CONNECT_SECONDS = 10
EC2_SILENCE_SECONDS = 30
ALLOWED = "DryRunOperation"


def start_dry(probe: Probe) -> str:
    """Ask whether our key may tag and start the instances, without doing either."""
    instance_ids = list(_instance_ids(probe.config))
    ec2 = open_ec2(probe.config)
    tags = [{"Key": RUN_TAG, "Value": ""}]
    _expect_allowed(lambda: ec2.create_tags(Resources=instance_ids, Tags=tags, DryRun=True))
    _expect_allowed(lambda: ec2.start_instances(InstanceIds=instance_ids, DryRun=True))
    return f"{ALLOWED}: our key may tag and start {', '.join(instance_ids)}"


def _expect_allowed(ask: Callable[[], object]) -> None:
    try:
        ask()
    except ClientError as error:
        refusal = Ec2Refusal.of(error)
        if refusal.code == ALLOWED:
            return
        raise CheckFailedError(str(refusal), refusal.advice) from error
    except BotoCoreError as error:
        raise CheckFailedError(_words_of(error)) from error
    msg = "EC2 took a dry run for an order: look whether an instance runs now"
    raise CheckFailedError(msg)


def look_at_weights(probe: Probe) -> str:
    """See that the weights are there from which a first model starts; nobody is asked."""
    return look_for_weights(probe.config)


def look_for_weights(config: Settings) -> str:
    """Return from what a first model starts."""
    _instance_ids(config)
    name = choose_weights_without_model(config)
    if name is None:
        return "MTS_WEIGHTS=none: each training starts from nothing"
    return f"{config.mts_architecture} starts from {name}"


def compare_host_keys(probe: Probe) -> str:
    """Log in to the hosts that run, by the pinned keys."""
    config = probe.config
    instance_ids = _instance_ids(config)
    # What is not set shows before anybody is asked.
    for instance_id in instance_ids:
        host_address(config, instance_id, host="")
    hosts = _running_hosts(config, instance_ids)
    if not hosts:
        msg = (
            "no instance runs, and a host shows its key only while it does: check during a training"
        )
        raise CheckSkippedError(msg)

    async def log_in() -> None:
        for instance_id, host in hosts.items():
            async with open_host(host_address(config, instance_id, host)):
                pass

    asyncio.run(log_in())
    return f"the pinned host key and our own key fit: {', '.join(hosts)}"


def _instance_ids(config: Settings) -> tuple[str, ...]:
    if not config.mts_ec2_instance_id:
        msg = "MTS_EC2_INSTANCE_ID is empty: no instance is set up yet"
        raise CheckSkippedError(msg)
    return config.instance_ids


def open_ec2(config: Settings) -> Any:
    """Return a client that gives up within a minute."""
    secret = config.aws_access_key
    return boto3.client(
        "ec2",
        region_name=config.aws_region,
        endpoint_url=config.aws_endpoint_url,
        aws_access_key_id=config.aws_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(
            connect_timeout=EC2_CONNECT_SECONDS,
            read_timeout=EC2_SILENCE_SECONDS,
            retries={"total_max_attempts": 2, "mode": "standard"},
        ),
    )


def _running_hosts(config: Settings, instance_ids: tuple[str, ...]) -> dict[str, str]:
    """Return the host names of the instances that run."""
    try:
        answer = open_ec2(config).describe_instances(InstanceIds=list(instance_ids))
    except ClientError as error:
        refusal = Ec2Refusal.of(error)
        raise CheckFailedError(str(refusal), refusal.advice) from error
    except BotoCoreError as error:
        raise CheckFailedError(_words_of(error)) from error
    return {
        instance["InstanceId"]: instance.get("PublicDnsName") or instance["PrivateDnsName"]
        for reservation in answer["Reservations"]
        for instance in reservation["Instances"]
        if instance["State"]["Name"] == "running"
    }


def _words_of(error: BotoCoreError) -> str:
    return one_line(f"{type(error).__name__}: {error}")


CHECKS = (
    Check(
        name="weights",
        service="this machine",
        asks="nobody: looks for the weights from which a first model starts",
        why="without them each run ends in its first task: from nothing, a few hundred photos make "
        "no model",
        expected="the file of MTS_WEIGHTS, or that of COCO for MTS_ARCHITECTURE, as it was made",
        advice="`make weights FROM=<file or URL>`",
        max_requests=0,
        ask=look_at_weights,
    ),
    Check(
        name="gpu-start",
        service="Amazon EC2",
        asks="whether our key may tag and start the instances (DryRun: nothing is done)",
        why="a missing permission shows only hours into a run, when the training begins",
        expected=ALLOWED,
        advice="check AWS_ACCESS_KEY_ID, AWS_ACCESS_KEY, AWS_REGION and MTS_EC2_INSTANCE_ID",
        max_requests=2,
        ask=start_dry,
    ),
    Check(
        name="gpu-host-key",
        service="the GPU hosts that run",
        asks="EC2 which instances run, and these for their SSH host key, by a login",
        why="a host with another key is not spoken to, and a training would wait in vain",
        expected="the key that MTS_SSH_KNOWN_HOSTS pins, and a login with MTS_SSH_KEY_FILE",
        advice="if the instance was rebuilt, pin its new key in MTS_SSH_KNOWN_HOSTS; else find out who "
        "answers there",
        max_requests=2,
        ask=compare_host_keys,
    ),
)
