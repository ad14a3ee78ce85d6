"""Google Vision: open its client, send one batch once, and say what became of it.

The library's own retries are off: its default sends an image up to fifteen times, and each of them
may be billed. What may be tried again is what was provably not processed; who decides is the caller.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Any

import grpc
from google.api_core import exceptions as google_exceptions
from google.api_core.client_options import ClientOptions
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import vision
from google.cloud.vision_v1.services.image_annotator.transports import ImageAnnotatorGrpcTransport
from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import RetryInfo

from sightscan.city import City
from sightscan.errors import ServiceError, SettingsError
from sightscan.label.prepare import PreparedPhoto
from sightscan.settings import Settings
from sightscan.warehouse.text import clean_text

IMAGES_PER_REQUEST = 16
REQUEST_TIMEOUT_SECONDS = 60
# More than a photo has sights, and not billed by number.
MAX_LANDMARKS = 10
PLAIN = "http://"
METERS_PER_DEGREE = 111_195
# gRPC's own words for a call that never left this machine; a server's answer has metadata too.
NEVER_OPENED = ("failed to connect to all addresses", "DNS resolution failed")
NO_TOKEN = "Getting metadata from plugin failed"  # noqa: S105 - a message, not a secret


class SendStatus(Enum):
    """What became of a request as a whole."""

    ANSWERED = "answered"
    REFUSED = "refused"  # not processed, and would not be if it were sent again
    OVER_QUOTA = "over_quota"  # not processed; may be sent again after a while
    NEVER_OPENED = "never_opened"  # not sent
    UNKNOWN = "unknown"  # perhaps processed, perhaps billed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request; `responses` are in the order of its images, if it was answered.

    Each response is an AnnotateImageResponse as JSON, fields that are zero or empty left out.
    """

    status: SendStatus
    responses: tuple[dict[str, Any], ...] = ()
    detail: str = ""
    wait_seconds: float | None = None


def open_client(config: Settings) -> vision.ImageAnnotatorClient:
    """Return a client for Google Vision, or for VISION_ENDPOINT.

    Without TLS, and without credentials, on loopback and where `http://` says so.

    Raises:
        SettingsError: there are no credentials.

    """
    endpoint = config.vision_endpoint
    if endpoint is not None and (plain := _plain_address(endpoint)):
        channel = grpc.insecure_channel(plain)  # type: ignore[no-untyped-call]
        transport = ImageAnnotatorGrpcTransport(channel=channel)
        return vision.ImageAnnotatorClient(transport=transport)
    options = ClientOptions(api_endpoint=endpoint) if endpoint is not None else None
    try:
        return vision.ImageAnnotatorClient(client_options=options)
    except DefaultCredentialsError as error:
        msg = (
            f"no usable credentials for Google Vision: {str(error).rstrip('.')}; set "
            "GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account that may use "
            "the Cloud Vision API, or run `gcloud auth application-default login`"
        )
        raise SettingsError(msg) from None


def annotate_photos(
    client: vision.ImageAnnotatorClient, photos: Sequence[PreparedPhoto], city: City
) -> Outcome:
    """Send up to sixteen photos once, with the city as a hint, and wait up to a minute.

    Raises:
        ServiceError: more photos than fit into one request.

    """
    if not 1 <= len(photos) <= IMAGES_PER_REQUEST:
        msg = f"a request takes 1 to {IMAGES_PER_REQUEST} photos, but got {len(photos)}; split them"
        raise ServiceError(msg)
    context = vision.ImageContext(lat_long_rect=_rectangle(city))
    feature = vision.Feature(
        type_=vision.Feature.Type.LANDMARK_DETECTION, max_results=MAX_LANDMARKS
    )
    requests = [
        vision.AnnotateImageRequest(
            image=vision.Image(content=photo.content), features=[feature], image_context=context
        )
        for photo in photos
    ]
    try:
        answer = client.batch_annotate_images(
            requests=requests, retry=None, timeout=REQUEST_TIMEOUT_SECONDS
        )
    except google_exceptions.GoogleAPICallError as error:
        return _outcome_of(error)
    responses = tuple(
        _as_json(response) for response in vision.BatchAnnotateImagesResponse.pb(answer).responses
    )
    if len(responses) != len(photos):
        detail = f"{len(photos)} photos were sent, but {len(responses)} answers came back"
        return Outcome(SendStatus.UNKNOWN, detail=detail)
    return Outcome(SendStatus.ANSWERED, responses)


def _as_json(response: Any) -> dict[str, Any]:
    read = MessageToDict(response, preserving_proto_field_name=True)  # type: ignore[no-untyped-call]
    return dict(_clean(read))


def _clean(value: Any) -> Any:
    """Return JSON without the characters that PostgreSQL does not take."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {name: _clean(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_clean(each) for each in value]
    return value


def _outcome_of(error: google_exceptions.GoogleAPICallError) -> Outcome:
    detail = f"{type(error).__name__}: {error.message}"
    refusals = (
        google_exceptions.InvalidArgument,
        google_exceptions.FailedPrecondition,
        google_exceptions.Forbidden,
        google_exceptions.Unauthorized,
        google_exceptions.NotFound,
        google_exceptions.MethodNotImplemented,
    )
    if isinstance(error, refusals):
        return Outcome(SendStatus.REFUSED, detail=detail)
    if isinstance(error, google_exceptions.ResourceExhausted):
        return Outcome(
            SendStatus.OVER_QUOTA, detail=detail, wait_seconds=_retry_after_seconds(error)
        )
    if isinstance(error, google_exceptions.ServiceUnavailable) and not _metadata(error):
        if NO_TOKEN in str(error.message):
            return Outcome(SendStatus.REFUSED, detail=detail)
        if str(error.message).startswith(NEVER_OPENED):
            return Outcome(SendStatus.NEVER_OPENED, detail=detail)
    return Outcome(SendStatus.UNKNOWN, detail=detail)


def _retry_after_seconds(error: google_exceptions.GoogleAPICallError) -> float | None:
    """Return the seconds of RetryInfo, else of Retry-After, else None."""
    for note in error.details:
        if isinstance(note, RetryInfo):
            return float(note.retry_delay.seconds + note.retry_delay.nanos / 1e9)
    retry_after = _metadata(error).get("retry-after", "")
    return float(retry_after) if retry_after.isdecimal() else None


def _metadata(error: google_exceptions.GoogleAPICallError) -> dict[str, str]:
    """Return what the server sent beside the status, initial and trailing."""
    call = error.response
    if not isinstance(call, grpc.Call):
        return {}
    initial = call.initial_metadata() or ()  # type: ignore[no-untyped-call]
    trailing = call.trailing_metadata() or ()  # type: ignore[no-untyped-call]
    return {
        key.lower(): value if isinstance(value, str) else "" for key, value in (*initial, *trailing)
    }


def _rectangle(city: City) -> vision.LatLongRect:
    """Return the square around the city's circle, cut at the poles and the date line."""
    north = city.radius_meters / METERS_PER_DEGREE
    east = north / max(math.cos(math.radians(city.place.latitude)), 0.01)
    return vision.LatLongRect(
        min_lat_lng={
            "latitude": max(city.place.latitude - north, -90),
            "longitude": max(city.place.longitude - east, -180),
        },
        max_lat_lng={
            "latitude": min(city.place.latitude + north, 90),
            "longitude": min(city.place.longitude + east, 180),
        },
    )


def _plain_address(endpoint: str) -> str | None:
    """Return the address of an endpoint that is spoken to without TLS; None: any other."""
    if endpoint.startswith(PLAIN):
        return endpoint.removeprefix(PLAIN).rstrip("/")
    return endpoint if _is_loopback(endpoint) else None


def _is_loopback(endpoint: str) -> bool:
    host = endpoint.rpartition(":")[0] if ":" in endpoint else endpoint
    host = host.strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
