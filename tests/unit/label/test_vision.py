"""The client of Google Vision: where it connects, and what its errors mean."""

import grpc
import pytest
from google.api_core import exceptions
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo

from sightscan.city import City, Place
from sightscan.errors import ServiceError, SettingsError
from sightscan.label import vision as ours
from sightscan.label.prepare import PreparedPhoto
from sightscan.label.vision import SendStatus, annotate_photos, open_client
from sightscan.settings import read_settings

CITY = City("Q1", "c", "C", "X", Place(89.99, 179.99), 10_000)
PHOTO = PreparedPhoto(b"x", 1, 1)


class FailingClient:
    """A client that only fails, and counts how often it was asked."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.calls = 0

    def batch_annotate_images(self, **_: object) -> None:
        self.calls += 1
        raise self.error


class Call(grpc.Call):  # type: ignore[misc]
    """What gRPC hangs onto an error; abstract methods that do not matter here are left out."""

    def __init__(self, *trailing: tuple[str, str]) -> None:
        self._trailing = trailing

    def initial_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()

    def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._trailing


Call.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]
NEVER = "failed to connect to all addresses; last error: refused"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (exceptions.InvalidArgument("x"), SendStatus.REFUSED),
        (exceptions.PermissionDenied("x"), SendStatus.REFUSED),
        (exceptions.Unauthenticated("x"), SendStatus.REFUSED),
        (exceptions.ResourceExhausted("x"), SendStatus.OVER_QUOTA),
        (exceptions.ServiceUnavailable(NEVER, response=Call()), SendStatus.NEVER_OPENED),
        (exceptions.ServiceUnavailable(NEVER, response=Call(("server", "x"))), SendStatus.UNKNOWN),
        (exceptions.ServiceUnavailable("Socket closed", response=Call()), SendStatus.UNKNOWN),
        (exceptions.ServiceUnavailable("Getting metadata from plugin failed"), SendStatus.REFUSED),
        (exceptions.DeadlineExceeded("x"), SendStatus.UNKNOWN),
        (exceptions.InternalServerError("x"), SendStatus.UNKNOWN),
        (exceptions.Cancelled("x"), SendStatus.UNKNOWN),
        (exceptions.Unknown("x"), SendStatus.UNKNOWN),
    ],
)
def test_only_what_was_provably_not_processed_may_be_sent_again(
    error: exceptions.GoogleAPICallError, status: SendStatus
) -> None:
    client = FailingClient(error)
    assert annotate_photos(client, [PHOTO], CITY).status is status  # type: ignore[arg-type]
    assert client.calls == 1


def test_delay_of_retry_info_is_kept() -> None:
    error = exceptions.ResourceExhausted("x", details=[RetryInfo(retry_delay=Duration(seconds=7))])
    assert annotate_photos(FailingClient(error), [PHOTO], CITY).wait_seconds == 7  # type: ignore[arg-type]


def test_retry_after_is_kept() -> None:
    error = exceptions.ResourceExhausted("x", response=Call(("retry-after", "12")))
    assert annotate_photos(FailingClient(error), [PHOTO], CITY).wait_seconds == 12  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 17])
def test_only_one_to_sixteen_photos_fit_into_a_request(count: int) -> None:
    client = FailingClient(AssertionError())
    with pytest.raises(ServiceError, match="1 to 16"):
        annotate_photos(client, [PHOTO] * count, CITY)  # type: ignore[arg-type]
    assert client.calls == 0


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("127.1.2.3:8080", "127.1.2.3:8080"),
        ("localhost:8080", "localhost:8080"),
        ("[::1]:8080", "[::1]:8080"),
        ("http://sandbox:8080/", "sandbox:8080"),
        ("127.0.0.1.example.org:443", None),
        ("localhost.example.org:443", None),
        ("10.0.0.5:8080", None),
        ("eu-vision.googleapis.com", None),
        ("https://eu-vision.googleapis.com", None),
    ],
)
def test_tls_is_left_out_on_loopback_and_where_it_is_said(
    endpoint: str, address: str | None
) -> None:
    assert ours._plain_address(endpoint) == address


@pytest.mark.parametrize("endpoint", [None, "eu-vision.googleapis.com"])
def test_no_credentials_is_a_sentence_that_says_how(
    endpoint: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(SettingsError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        open_client(read_settings(vision_endpoint=endpoint))


def test_hint_stays_on_the_globe() -> None:
    rectangle = ours._rectangle(CITY)
    assert rectangle.max_lat_lng.latitude == 90
    assert rectangle.max_lat_lng.longitude == 180
