"""Answer the EC2 API on loopback: the stand-in of Amazon EC2.

`moto` describes the instances; starting and stopping them is `ec2_fleet`'s, since moto's own
transitions are instant and cannot be configured. The account's key may describe, start, stop and
tag; everything else is refused, as a careful operator's IAM policy would: above all, terminating an
instance and with it the disk that holds the photos.

Modelled on the API reference, on error messages that others quote, and on answers that others
recorded: `LaunchTime` is that of the last start, in whole seconds; `StateTransitionReason` is empty
while an instance runs, `User initiated (2026-11-28 12:00:00 GMT)` after a call, and without the time
after a shutdown from inside, of which only `StateReason` tells (`Client.InstanceInitiatedShutdown`).
Invented: how long states take, the name and address of an instance that runs, and that the end of
the sandbox is Amazon's own stop (`Server.ScheduledStop`).
"""

import io
import secrets
import socket
from collections.abc import Iterable
from typing import NoReturn
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import Instance, Reservation, StateReason
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.wrappers import Request, Response

from sandbox.counts import Counts
from sandbox.gpu.ec2_fleet import (
    INSTANCE_TYPE,
    STATE_CODES,
    Ec2Fleet,
    Ec2Refusal,
    InstanceFacts,
    State,
)
from sandbox.gpu.ec2_wire import (
    AwsKey,
    check_signature,
    error_xml,
    state_changes_xml,
    tags_created_xml,
)
from sandbox.ports import LOOPBACK, ON_LOOPBACK, Listening, PortTaken, is_free
from sandbox.processes.wsgi_server import QuietHandler, WsgiServer

REGION = "eu-central-1"
IMAGE_ID = "ami-0abcdef1234567890"
# What moto may answer: reading, and whose key this is (Airflow's connection test asks).
PASSED_ON = ("Describe", "GetCallerIdentity")
CHANGES = {"StartInstances", "StopInstances", "CreateTags"}
SERVICES = {"ec2", "sts"}


def new_key() -> AwsKey:
    """Return a key in Amazon's form, valid in this sandbox only."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    key_id = "AKIA" + "".join(secrets.choice(letters) for _ in range(16))
    return AwsKey(key_id, secrets.token_urlsafe(30))


class _QuietMotoHandler(QuietHandler, MotoRequestHandler):
    """Reads requests as moto wants them."""


class Ec2Server(WsgiServer):
    """The HTTP server in front of a fleet; `url` is what AWS clients call `endpoint_url`.

    One at a time in a process: moto's state is global.
    """

    handler = _QuietMotoHandler

    def __init__(
        self,
        fleet: Ec2Fleet,
        key: AwsKey,
        counts: Counts,
        port: int = 0,
        listening: Listening = ON_LOOPBACK,
    ) -> None:
        super().__init__("ec2", port, listening)
        self._fleet = fleet
        self._key = key
        self._counts = counts
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._shown: dict[str, _ShownInstance] = {}

    def start(self) -> None:
        """Describe the fleet to moto, then listen."""
        address = self._listening.address
        if self.port and not is_free(self.port, address):
            msg = f"port {self.port} on {address} is taken; end the program that listens there"
            raise PortTaken(msg)
        ec2_backends.reset()
        backend = ec2_backends[DEFAULT_ACCOUNT_ID][REGION]
        for instance_id in self._fleet.instance_ids:
            self._shown[instance_id] = _show(backend, instance_id, self._listening.host)
        super().start()

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer what this key may ask for, refuse the rest."""
        request = Request(environ)
        request.get_data(cache=True)
        form = dict(parse_qsl(request.get_data(as_text=True)))
        try:
            self._check(request, form)
            action = form["Action"]
            self._counts.add("ec2", f"{action}_requests")
            invocation = request.headers.get("amz-sdk-invocation-id", "")
            self._fleet.check_fault(action, invocation)
            if action in CHANGES:
                response = Response(self._change(request, form), content_type="text/xml")
                return response(environ, start_response)
        except Ec2Refusal as refusal:
            self._counts.add("ec2", f"refused_{refusal.code}")
            response = Response(error_xml(refusal), refusal.status, content_type="text/xml")
            return response(environ, start_response)
        self._mirror()
        environ["wsgi.input"] = io.BytesIO(request.get_data())  # moto reads it once more
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer

    def _check(self, request: Request, form: dict[str, str]) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.get_data()
        region, service = check_signature(self._key, request.method, request.url, headers, body)
        if region != REGION:
            msg = f"this sandbox is in {REGION}, but the request is for {region}"
            raise Ec2Refusal(code="AuthFailure", message=msg, status=401)
        action = form.get("Action", "")
        allowed = action in CHANGES or action.startswith(PASSED_ON)
        if service not in SERVICES or not allowed:
            msg = (
                "You are not authorized to perform this operation: the sandbox's key may "
                f"describe, start, stop and tag instances, not {service}:{action or request.method}"
            )
            raise Ec2Refusal(code="UnauthorizedOperation", message=msg, status=403)

    def _change(self, request: Request, form: dict[str, str]) -> bytes:
        ids = "ResourceId." if form["Action"] == "CreateTags" else "InstanceId."
        names = sorted(name for name in form if name.startswith(ids))
        instance_ids = [form[name] for name in names]
        self._fleet.require(instance_ids)
        if form.get("DryRun") == "true":
            msg = "Request would have succeeded, but DryRun flag is set."
            raise Ec2Refusal(code="DryRunOperation", message=msg, status=412)
        if form["Action"] == "CreateTags":
            self._fleet.set_tags(instance_ids, _tags_in(form))
            return tags_created_xml()
        if form["Action"] == "StartInstances":
            invocation = request.headers.get("amz-sdk-invocation-id", "")
            changes = self._fleet.start(instance_ids, invocation)
        else:
            changes = self._fleet.stop(instance_ids)
        return state_changes_xml(form["Action"], changes)

    def _mirror(self) -> None:
        tags = self._fleet.tags()
        for instance_id, shown in self._shown.items():
            shown.show(self._fleet.state_of(instance_id), self._fleet.facts(instance_id))
            shown.add_tags(tags.get(instance_id, {}))


class _ShownInstance(Instance):
    """An instance as moto describes it, with the addresses of one that runs on this machine."""

    host = LOOPBACK

    def show(self, state: State, facts: InstanceFacts) -> None:
        """Take over a state of the fleet, and what is known of it."""
        self._state.name = state
        self._state.code = STATE_CODES[state]
        self.launch_time = facts.launched_at
        self._reason = facts.transition_reason
        reason = facts.state_reason
        self.state_reason = StateReason(reason[1], reason[0]) if reason else StateReason()

    def is_created(self) -> bool:
        """Say yes: it is there from the start (moto asks its templates only)."""
        return True

    @classmethod
    def update_from_cloudformation_json(cls, *_: object, **__: object) -> NoReturn:
        """Refuse: no template describes these instances."""
        raise NotImplementedError

    @property
    def public_ip(self) -> str | None:
        """Where the host is while running: a stopped instance has no public address."""
        return socket.gethostbyname(self.host) if self.state == "running" else None

    @property
    def public_ip_address(self) -> str | None:
        """The name under which it is described."""
        return self.public_ip

    @property
    def public_dns_name(self) -> str | None:
        """The host name while running."""
        name = "localhost" if self.host == LOOPBACK else self.host
        return name if self.state == "running" else None


def _tags_in(form: dict[str, str]) -> dict[str, str]:
    keys = [name for name in form if name.startswith("Tag.") and name.endswith(".Key")]
    return {form[name]: form.get(f"{name.removesuffix('Key')}Value", "") for name in keys}


def _show(backend: EC2Backend, instance_id: str, host: str) -> _ShownInstance:
    reservation = Reservation(f"r-{instance_id[2:]}", owner_id=DEFAULT_ACCOUNT_ID)
    instance = _ShownInstance(
        backend,
        IMAGE_ID,
        None,
        [],
        instance_type=INSTANCE_TYPE,
        region_name=REGION,
        placement=f"{REGION}a",
        subnet_id=backend.get_default_subnets()[f"{REGION}a"].id,
        associate_public_ip=False,
    )
    instance.id = instance_id
    instance.host = host
    reservation.instances.append(instance)
    backend.reservations[reservation.id] = reservation
    instance.setup_defaults()
    instance.add_tags({"Name": "sightscan-gpu"})
    return instance
