"""The EC2 API as boto3 sees it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.counts import Counts
from sandbox.gpu.ec2 import REGION, Ec2Server, new_key
from sandbox.gpu.ec2_fleet import Ec2Fleet, Ec2Refusal
from sandbox.ports import PortTaken
from tests.waiting import wait_until

KEY = new_key()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ec2Server]:
    """Two instances behind HTTP."""
    counts = Counts()
    folder = tmp_path_factory.mktemp("ec2")
    fleet = Ec2Fleet(folder, counts, instance_count=2, transition_seconds=0.1)
    server = Ec2Server(fleet, KEY, counts)
    server.start()
    yield server
    fleet.close()
    server.stop()


@pytest.fixture
def instance_id(server: Ec2Server) -> str:
    """The first instance."""
    return server._fleet.instance_ids[0]


@pytest.fixture
def client(server: Ec2Server) -> Any:
    """A client with the sandbox's key."""
    return _client(server)


@pytest.mark.parametrize(
    ("given", "code"),
    [(None, "DryRunOperation"), ("i-0123456789abcdef0", "InvalidInstanceID.NotFound")],
)
def test_a_dry_run_starts_nothing_and_knows_the_instances(
    server: Ec2Server, client: Any, instance_id: str, given: str | None, code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        client.start_instances(InstanceIds=[given or instance_id], DryRun=True)
    assert caught.value.response["Error"]["Code"] == code
    assert server._fleet.state_of(instance_id) == "stopped"


def test_start_and_stop_go_through_every_state(client: Any, instance_id: str) -> None:
    """With the library's own waiters."""
    [started] = client.start_instances(InstanceIds=[instance_id])["StartingInstances"]
    _wait(client, "instance_running", instance_id)
    [stopped] = client.stop_instances(InstanceIds=[instance_id])["StoppingInstances"]
    _wait(client, "instance_stopped", instance_id)
    names = [
        change[side]["Name"]
        for change in (started, stopped)
        for side in ("PreviousState", "CurrentState")
    ]
    assert names == ["stopped", "pending", "running", "stopping"]


def test_address_is_there_only_while_running(client: Any, instance_id: str) -> None:
    """A stopped instance has no public name."""
    client.start_instances(InstanceIds=[instance_id])
    _wait(client, "instance_running", instance_id)
    running = _describe(client, instance_id)
    client.stop_instances(InstanceIds=[instance_id])
    _wait(client, "instance_stopped", instance_id)
    stopped = _describe(client, instance_id)
    assert (running["PublicIpAddress"], running["PublicDnsName"]) == ("127.0.0.1", "localhost")
    assert not stopped.get("PublicIpAddress")
    assert not stopped.get("PublicDnsName")


def test_starting_a_running_instance_answers_running(client: Any, instance_id: str) -> None:
    """As in EC2."""
    client.start_instances(InstanceIds=[instance_id])
    _wait(client, "instance_running", instance_id)
    [again] = client.start_instances(InstanceIds=[instance_id])["StartingInstances"]
    client.stop_instances(InstanceIds=[instance_id])
    _wait(client, "instance_stopped", instance_id)
    assert (again["PreviousState"]["Name"], again["CurrentState"]["Name"]) == ("running", "running")


def test_every_instance_is_described(client: Any, server: Ec2Server) -> None:
    """Under its id, the type that the price list names, and a root disk."""
    found = [
        instance
        for reservation in client.describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    ]
    assert found
    assert {each["InstanceId"] for each in found} == set(server._fleet.instance_ids)
    assert {each["InstanceType"] for each in found} == {"g4dn.xlarge"}
    assert all(each["BlockDeviceMappings"] for each in found)


def test_state_filter_works(client: Any, server: Ec2Server) -> None:
    """The reaper asks for what runs."""
    filters = [{"Name": "instance-state-name", "Values": ["stopped"]}]
    found = client.describe_instances(Filters=filters)["Reservations"]
    assert len(found) == len(server._fleet.instance_ids)


@pytest.mark.parametrize("operation", ["describe_instances", "start_instances", "stop_instances"])
def test_unknown_instance_is_not_found(client: Any, operation: str) -> None:
    """With EC2's own code."""
    with pytest.raises(ClientError) as error:
        getattr(client, operation)(InstanceIds=["i-0123456789abcdef0"])
    assert error.value.response["Error"]["Code"] == "InvalidInstanceID.NotFound"


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("terminate_instances", {"InstanceIds": ["i-0123456789abcdef0"]}),
        ("run_instances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1}),
        ("reboot_instances", {"InstanceIds": ["i-0123456789abcdef0"]}),
    ],
)
def test_everything_but_start_and_stop_is_refused(
    client: Any, operation: str, arguments: dict[str, Any]
) -> None:
    """Above all terminating, which would delete the disk."""
    with pytest.raises(ClientError) as error:
        getattr(client, operation)(**arguments)
    assert error.value.response["Error"]["Code"] == "UnauthorizedOperation"


@pytest.mark.parametrize(
    "changed",
    [
        {"aws_secret_access_key": "wrong"},
        {"aws_access_key_id": "AKIAWRONG"},
        {"region_name": "us-east-1"},
    ],
)
def test_wrong_credentials_are_refused(server: Ec2Server, changed: dict[str, str]) -> None:
    """The signature is really checked."""
    with pytest.raises(ClientError) as error:
        _client(server, **changed).describe_instances()
    assert error.value.response["Error"]["Code"] == "AuthFailure"


def test_lack_of_capacity_reaches_the_client(
    client: Any, server: Ec2Server, instance_id: str
) -> None:
    """With EC2's own code, and once only."""
    server._fleet.refuse_next_starts(1)
    with pytest.raises(ClientError) as error:
        client.start_instances(InstanceIds=[instance_id])
    client.start_instances(InstanceIds=[instance_id])
    _wait(client, "instance_running", instance_id)
    client.stop_instances(InstanceIds=[instance_id])
    _wait(client, "instance_stopped", instance_id)
    assert error.value.response["Error"]["Code"] == "InsufficientInstanceCapacity"


def test_launch_and_end_are_told_as_ec2_tells_them(
    client: Any, server: Ec2Server, instance_id: str
) -> None:
    """The time of an end only after a call: of a shutdown from inside, who it was."""
    client.start_instances(InstanceIds=[instance_id])
    _wait(client, "instance_running", instance_id)
    running = _describe(client, instance_id)
    assert running["StateTransitionReason"] == ""
    assert running["LaunchTime"].microsecond == 0
    history = server._fleet.history()
    launched = [line.at for line in history if line.state == "pending"][-1]
    assert running["LaunchTime"].isoformat() == f"{launched[:19]}+00:00"
    client.stop_instances(InstanceIds=[instance_id])
    _wait(client, "instance_stopped", instance_id)
    stopped = _describe(client, instance_id)
    assert re.fullmatch(
        r"User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)", stopped["StateTransitionReason"]
    )
    assert stopped["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert stopped["LaunchTime"] == running["LaunchTime"]

    client.start_instances(InstanceIds=[instance_id])
    _wait(client, "instance_running", instance_id)
    server._fleet.shut_down(instance_id)
    _wait(client, "instance_stopped", instance_id)
    ended = _describe(client, instance_id)
    assert ended["StateTransitionReason"] == "User initiated"
    assert ended["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_tags_are_described_and_outlive_the_sandbox(
    client: Any, server: Ec2Server, instance_id: str
) -> None:
    tags = [{"Key": "sightscan:run", "Value": "a/b"}, {"Key": "empty", "Value": ""}]
    client.create_tags(Resources=[instance_id], Tags=tags)
    shown = {tag["Key"]: tag["Value"] for tag in _describe(client, instance_id)["Tags"]}
    assert shown == {"Name": "sightscan-gpu", "sightscan:run": "a/b", "empty": ""}
    with pytest.raises(ClientError, match="DryRunOperation"):
        client.create_tags(Resources=[instance_id], Tags=tags, DryRun=True)
    kept = Ec2Fleet(server._fleet.folder, Counts(), instance_count=2)
    assert kept.tags() == {instance_id: {"sightscan:run": "a/b", "empty": ""}}


def test_requests_fail_on_demand(client: Any, server: Ec2Server, instance_id: str) -> None:
    """Once, however often the client repeats it by itself."""
    server._fleet.fail_next("StopInstances", "RequestLimitExceeded", 1)
    with pytest.raises(ClientError, match="RequestLimitExceeded"):
        client.stop_instances(InstanceIds=[instance_id])
    client.stop_instances(InstanceIds=[instance_id])


def test_terminated_instance_is_described_and_never_starts(tmp_path: Path) -> None:
    fleet = Ec2Fleet(tmp_path, Counts(), transition_seconds=0)
    [instance_id] = fleet.instance_ids
    fleet.start([instance_id])
    wait_until(lambda: fleet.state_of(instance_id) == "running")
    fleet.terminate(instance_id)
    wait_until(lambda: fleet.state_of(instance_id) == "terminated")
    with pytest.raises(Ec2Refusal, match="not in a state from which it can be started"):
        fleet.start([instance_id])
    assert "User initiated (" in fleet.facts(instance_id).transition_reason
    fleet.close()
    assert Ec2Fleet(tmp_path, Counts()).state_of(instance_id) == "terminated"


def test_taken_port_is_named(server: Ec2Server, tmp_path: Path) -> None:
    """In one sentence."""
    counts = Counts()
    second = Ec2Server(Ec2Fleet(tmp_path, counts), KEY, counts, port=server.port)
    with pytest.raises(PortTaken, match=f"port {server.port} on 127.0.0.1 is taken"):
        second.start()


def _client(server: Ec2Server, **changed: str) -> Any:
    arguments: dict[str, Any] = {
        "region_name": REGION,
        "endpoint_url": server.url,
        "aws_access_key_id": KEY.access_key_id,
        "aws_secret_access_key": KEY.access_key,
        "config": Config(retries={"total_max_attempts": 1}),
    }
    return boto3.client("ec2", **(arguments | changed))


def _describe(client: Any, instance_id: str) -> dict[str, Any]:
    [reservation] = client.describe_instances(InstanceIds=[instance_id])["Reservations"]
    instance: dict[str, Any] = reservation["Instances"][0]
    return instance


def _wait(client: Any, name: str, instance_id: str) -> None:
    config = {"Delay": 0.05, "MaxAttempts": 1_200}
    client.get_waiter(name).wait(InstanceIds=[instance_id], WaiterConfig=config)
