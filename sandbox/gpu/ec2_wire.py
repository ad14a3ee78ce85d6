"""The bytes of the EC2 API that moto is not asked for: signatures, state changes, errors."""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4
from xml.sax.saxutils import escape

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.gpu.ec2_fleet import STATE_CODES, Ec2Refusal, StateChange

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)"
    r"/aws4_request, ?SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class AwsKey:
    """An access key of the sandbox's account."""

    access_key_id: str
    access_key: str = field(repr=False)


def check_signature(
    key: AwsKey, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[str, str]:
    """Verify an AWS signature (version 4); return (region, service). `headers`: lower-case names.

    Raises Ec2Refusal with AuthFailure, as EC2 does for an unknown key as for a wrong one.
    """
    found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if found is None or found["key"] != key.access_key_id:
        msg = "AWS was not able to validate the provided access credentials"
        raise Ec2Refusal(code="AuthFailure", message=msg, status=401)
    signed = {name: headers.get(name, "") for name in found["headers"].split(";")}
    request = AWSRequest(method=method, url=url, headers=signed, data=body)
    request.context["timestamp"] = headers.get("x-amz-date", "")
    credentials = Credentials(key.access_key_id, key.access_key)
    signer = SigV4Auth(credentials, found["service"], found["region"])
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if not hmac.compare_digest(signer.signature(text, request), found["signature"]):
        msg = "AWS was not able to validate the provided access credentials"
        raise Ec2Refusal(code="AuthFailure", message=msg, status=401)
    return found["region"], found["service"]


def state_changes_xml(action: str, changes: Sequence[StateChange]) -> bytes:
    """Return the answer to StartInstances or StopInstances."""
    items = "".join(
        f"<item><instanceId>{escape(change.instance_id)}</instanceId>"
        f"<currentState><code>{STATE_CODES[change.current]}</code>"
        f"<name>{change.current}</name></currentState>"
        f"<previousState><code>{STATE_CODES[change.previous]}</code>"
        f"<name>{change.previous}</name></previousState></item>"
        for change in changes
    )
    return _xml(
        f'<{action}Response xmlns="{NAMESPACE}"><requestId>{uuid4()}</requestId>'
        f"<instancesSet>{items}</instancesSet></{action}Response>"
    )


def tags_created_xml() -> bytes:
    """Return the answer to CreateTags."""
    return _xml(
        f'<CreateTagsResponse xmlns="{NAMESPACE}"><requestId>{uuid4()}</requestId>'
        "<return>true</return></CreateTagsResponse>"
    )


def error_xml(refusal: Ec2Refusal) -> bytes:
    """Return an error answer."""
    return _xml(
        f"<Response><Errors><Error><Code>{escape(refusal.code)}</Code>"
        f"<Message>{escape(str(refusal))}</Message></Error></Errors>"
        f"<RequestID>{uuid4()}</RequestID></Response>"
    )


def _xml(text: str) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()
