"""The control endpoint and its client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.control import ControlClient, ControlServer
from sandbox.counts import Counts
from sandbox.gpu.ec2_fleet import Ec2Fleet, Ec2Refusal
from sandbox.ports import PortTaken
from sandbox.refusals import Refusals
from sandbox.vision.faults import VisionFaults


class _Sandbox:
    def __init__(self, folder: Path) -> None:
        self.counts = Counts()
        self.faults = VisionFaults()
        self.refusals = Refusals()
        self.fleet = Ec2Fleet(folder, self.counts, transition_seconds=600)
        self.server = ControlServer(self.counts, self.fleet, self.faults.set, self.refusals.set)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[_Sandbox]:
    """What the control endpoint controls."""
    parts = _Sandbox(tmp_path)
    parts.server.start()
    yield parts
    parts.server.stop()
    parts.fleet.close()


@pytest.fixture
def client(sandbox: _Sandbox) -> ControlClient:
    """A client of it."""
    return ControlClient(sandbox.server.url)


def test_counts_are_the_stand_ins(sandbox: _Sandbox, client: ControlClient) -> None:
    """As they are when asked."""
    sandbox.counts.add("vision", "images", 16)
    assert client.counts()["vision"] == {"images": 16}


def test_history_is_of_the_asked_instance(sandbox: _Sandbox, client: ControlClient) -> None:
    """With its states in order."""
    [instance_id] = sandbox.fleet.instance_ids
    sandbox.fleet.start([instance_id])
    states = [line["state"] for line in client.instance_history(instance_id)]
    assert states == ["stopped", "pending"]


def test_history_of_another_instance_is_empty(client: ControlClient) -> None:
    """Not everybody's."""
    assert client.instance_history("i-0another") == []


def test_starts_are_refused_on_demand(sandbox: _Sandbox, client: ControlClient) -> None:
    """For lack of capacity."""
    client.refuse_next_starts(1)
    with pytest.raises(Ec2Refusal, match="do not have sufficient"):
        sandbox.fleet.start(sandbox.fleet.instance_ids)


def test_instances_are_shut_down_and_terminated_on_demand(
    sandbox: _Sandbox, client: ControlClient
) -> None:
    [instance_id] = sandbox.fleet.instance_ids
    client.shut_down(instance_id)
    assert sandbox.fleet.state_of(instance_id) == "stopped"
    client.terminate(instance_id)
    assert sandbox.fleet.state_of(instance_id) == "shutting-down"
    with pytest.raises(ValueError, match=r"instance_id must be one of i-.*, but got 'i-0'"):
        client.terminate("i-0")


def test_ec2_fails_on_demand(sandbox: _Sandbox, client: ControlClient) -> None:
    client.fail_next_requests("StopInstances", "InternalError", 1)
    with pytest.raises(Ec2Refusal, match="asked to fail StopInstances"):
        sandbox.fleet.check_fault("StopInstances", "")
    with pytest.raises(ValueError, match="code must be one of"):
        client.fail_next_requests("StopInstances", "Nonsense", 1)


def test_vision_fails_on_demand(sandbox: _Sandbox, client: ControlClient) -> None:
    """In the way that was asked for."""
    client.set_vision_fault(kind="unavailable", when="after")
    fault = sandbox.faults.take()
    assert fault is not None
    assert (fault.kind, fault.after_processing) == ("unavailable", True)


@pytest.mark.parametrize(
    ("fault", "message"),
    [({"kind": "flood"}, "unknown fault 'flood'"), ({"sort": "quota"}, "unexpected keyword")],
)
def test_senseless_fault_is_an_error(
    client: ControlClient, fault: dict[str, str], message: str
) -> None:
    """Not silence."""
    with pytest.raises(ValueError, match=message):
        client.set_vision_fault(**fault)


def test_web_stand_ins_refuse_on_demand(sandbox: _Sandbox, client: ControlClient) -> None:
    client.set_web_refusal(service="wikidata_sparql", way="ban", next_requests=2, seconds=60)
    taken = [sandbox.refusals.take("wikidata_sparql") for _ in range(3)]
    assert [refusal is not None for refusal in taken] == [True, True, False]
    with pytest.raises(ValueError, match="unknown way 'maxlag'; choose one of none, hurry"):
        client.set_web_refusal(service="wikidata_sparql", way="maxlag")


def test_negative_number_of_starts_is_an_error(client: ControlClient) -> None:
    """The value is named."""
    with pytest.raises(ValueError, match="but got '-1'"):
        client.refuse_next_starts(-1)


def test_unknown_path_names_the_known_ones(client: ControlClient) -> None:
    """A typing mistake is seen at once."""
    with pytest.raises(ValueError, match="no GET /count here; there is GET /counts"):
        client._ask("GET", "/count")


def test_taken_port_is_named(sandbox: _Sandbox) -> None:
    """With the option that chooses another."""
    port = int(sandbox.server.url.rpartition(":")[2])
    second = ControlServer(
        sandbox.counts, sandbox.fleet, sandbox.faults.set, sandbox.refusals.set, port
    )
    with pytest.raises(PortTaken, match=f"port {port} .* choose another with --control-port"):
        second.start()
