"""The stand-in of Google Vision, asked by Google's own client."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import vision
from google.cloud.vision_v1.services.image_annotator.transports import (
    ImageAnnotatorGrpcTransport,
)
from google.rpc import error_details_pb2
from PIL import Image

from sandbox.counts import Counts
from sandbox.vision.images import VisionLimits
from sandbox.vision.landmark_answers import NO_ERRORS, VisionErrors
from sandbox.vision.server import VisionServer
from sandbox.world.city_facts import CityFacts, facts_of
from sandbox.world.photo_copies import scaled, truncated
from sandbox.world.world import World, WorldPhoto
from tests.waiting import does_end, wait_until

LANDMARKS = vision.Feature(type_=vision.Feature.Type.LANDMARK_DETECTION)


class Vision:
    """A running stand-in, what it counted, and the real client of it."""

    def __init__(self, server: VisionServer, counts: Counts) -> None:
        self.server = server
        self._counts = counts
        self.channel = grpc.insecure_channel(
            server.endpoint, options=[("grpc.max_send_message_length", -1)]
        )
        self._client = vision.ImageAnnotatorClient(
            transport=ImageAnnotatorGrpcTransport(channel=self.channel)
        )

    def ask(self, *images: bytes, timeout: float = 10) -> list[vision.AnnotateImageResponse]:
        """Ask for the landmarks of images, once."""
        requests = [
            vision.AnnotateImageRequest(image=vision.Image(content=image), features=[LANDMARKS])
            for image in images
        ]
        answer = self._client.batch_annotate_images(requests=requests, retry=None, timeout=timeout)
        return list(answer.responses)

    def counted(self, key: str) -> int:
        """Return one of the stand-in's counts."""
        return self._counts.snapshot().get("vision", {}).get(key, 0)


def running(
    world: World, errors: VisionErrors = NO_ERRORS, limits: VisionLimits | None = None
) -> Iterator[Vision]:
    counts = Counts()
    server = VisionServer(
        world,
        facts_of(world),
        counts,
        errors=errors,
        latency_seconds=0,
        limits=limits or VisionLimits(),
    )
    with server:
        client = Vision(server, counts)
        yield client
        client.channel.close()


@pytest.fixture
def google(world: World) -> Iterator[Vision]:
    yield from running(world)


@pytest.fixture
def small_google(world: World) -> Iterator[Vision]:
    """Give a Vision whose limits are met by small images and few requests."""
    limits = VisionLimits(request_bytes=200_000, image_bytes=90_000, requests_per_minute=3)
    yield from running(world, limits=limits)


@pytest.fixture
def photo(world: World) -> WorldPhoto:
    return world.photos[0]


def corners(annotation: vision.EntityAnnotation) -> list[tuple[int, int]]:
    return [(vertex.x, vertex.y) for vertex in annotation.bounding_poly.vertices]


def noise(width: int, height: int) -> bytes:
    """Return a PNG that compresses badly."""
    buffer = io.BytesIO()
    Image.effect_noise((width, height), 90).save(buffer, "PNG")
    return buffer.getvalue()


def test_landmark_has_id_name_place_and_box(
    google: Vision, facts: CityFacts, photo: WorldPhoto
) -> None:
    (response,) = google.ask(photo.path.read_bytes())
    (landmark,) = response.landmark_annotations
    sight = facts.of(photo.boxes[0].sight)
    assert (landmark.mid, landmark.description) == (sight.mid, sight.labels["en"])
    assert landmark.locations[0].lat_lng.latitude == pytest.approx(sight.latitude, abs=0.001)
    box = photo.boxes[0]
    # The box touches the left edge: proto3 leaves the zeros out, and x reads as 0.
    assert corners(landmark) == [(0, 20), (box.x2, 20), (box.x2, 280), (0, 280)]


def test_box_is_in_pixels_of_the_image_that_was_sent(google: Vision, photo: WorldPhoto) -> None:
    (response,) = google.ask(scaled(photo.path.read_bytes(), photo.width // 2))
    assert corners(response.landmark_annotations[0])[2] == (90, 140)


def test_photo_of_two_sights_has_two_landmarks(google: Vision, world: World) -> None:
    both = next(photo for photo in world.photos if len(photo.boxes) == 2)
    (response,) = google.ask(both.path.read_bytes())
    assert len(response.landmark_annotations) == 2


def test_sixteen_images_are_answered_in_order(google: Vision, world: World) -> None:
    photos = world.photos[-16:]
    responses = google.ask(*(photo.path.read_bytes() for photo in photos))
    found = [{mark.description for mark in r.landmark_annotations} for r in responses]
    assert found == [{box.sight for box in photo.boxes} for photo in photos]


def test_seventeen_images_are_refused_and_not_charged(google: Vision, photo: WorldPhoto) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="Too many images"):
        google.ask(*[photo.path.read_bytes()] * 17)
    assert google.counted("images") == 0


@pytest.mark.parametrize("kind", ["no image", "cut off"])
def test_bad_image_does_not_fail_the_batch(google: Vision, photo: WorldPhoto, kind: str) -> None:
    bad = b"<html>" if kind == "no image" else truncated(photo)
    first, second = google.ask(bad, photo.path.read_bytes())
    assert (first.error.code, first.error.message) == (3, "Bad image data.")
    assert second.landmark_annotations


def test_unknown_picture_has_no_landmark(google: Vision) -> None:
    (response,) = google.ask(noise(200, 200))
    assert not response.landmark_annotations
    assert not response.error.code


def test_image_over_the_limit_fails_alone(small_google: Vision, photo: WorldPhoto) -> None:
    first, second = small_google.ask(noise(320, 320), photo.path.read_bytes())
    assert first.error.message == "Bad image data."
    assert second.landmark_annotations


def test_request_over_the_limit_is_refused(small_google: Vision) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="payload size exceeds"):
        small_google.ask(noise(640, 640))


def test_quota_says_when_to_come_back(small_google: Vision, photo: WorldPhoto) -> None:
    data = photo.path.read_bytes()
    for _ in range(3):
        small_google.ask(data)
    with pytest.raises(exceptions.ResourceExhausted) as refused:
        small_google.ask(data)
    (retry,) = [d for d in refused.value.details if isinstance(d, error_details_pb2.RetryInfo)]
    assert 0 < retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9 <= 20


def test_images_and_repetitions_are_counted(google: Vision, world: World) -> None:
    first, second = (photo.path.read_bytes() for photo in world.photos[:2])
    google.ask(first, second)
    google.ask(first)
    counted = [google.counted(key) for key in ("requests", "images", "images_repeated")]
    assert counted == [2, 3, 1]


@pytest.mark.parametrize(("when", "images"), [("before", 0), ("after", 1)])
def test_service_fails_before_or_after_it_charged(
    google: Vision, photo: WorldPhoto, when: str, images: int
) -> None:
    google.server.set_fault(kind="unavailable", when=when)
    with pytest.raises(exceptions.ServiceUnavailable):
        google.ask(photo.path.read_bytes())
    assert google.counted("images") == images


def test_late_answer_runs_into_the_deadline(google: Vision, photo: WorldPhoto) -> None:
    google.server.set_fault(kind="deadline", when="after", delay_seconds="3600")
    # As long as a busy machine may need to bring the question to the service.
    with pytest.raises(exceptions.DeadlineExceeded):
        google.ask(photo.path.read_bytes(), timeout=5)
    assert google.counted("images") == 1


def test_fault_is_over_after_the_set_number_of_requests(google: Vision, photo: WorldPhoto) -> None:
    google.server.set_fault(kind="internal", next_requests="2")
    outcomes = []
    for _ in range(3):
        try:
            google.ask(photo.path.read_bytes())
            outcomes.append("answered")
        except exceptions.InternalServerError:
            outcomes.append("failed")
    assert outcomes == ["failed", "failed", "answered"]


def test_one_image_can_fail_on_demand(google: Vision, world: World) -> None:
    google.server.set_fault(kind="bad_image")
    first, second = google.ask(*(photo.path.read_bytes() for photo in world.photos[:2]))
    assert (first.error.code, second.error.code) == (13, 0)


def test_unknown_fault_is_refused_with_the_choices(google: Vision) -> None:
    with pytest.raises(ValueError, match="unknown fault 'fire'; choose one of"):
        google.server.set_fault(kind="fire")


def test_other_features_are_not_answered(google: Vision, photo: WorldPhoto) -> None:
    stub = vision.ImageAnnotatorClient(
        transport=ImageAnnotatorGrpcTransport(channel=google.channel)
    )
    label = vision.Feature(type_=vision.Feature.Type.LABEL_DETECTION)
    image = vision.Image(content=photo.path.read_bytes())
    request = vision.AnnotateImageRequest(image=image, features=[label])
    (response,) = stub.batch_annotate_images(requests=[request], retry=None).responses
    assert response == vision.AnnotateImageResponse()


def test_erring_vision_gives_the_same_answers_after_a_restart(world: World) -> None:
    contents = [photo.path.read_bytes() for photo in world.photos[:16]]
    answers = []
    for _ in range(2):
        for google in running(world, VisionErrors()):
            answers.append(google.ask(*contents))  # noqa: PERF401 - a generator fixture
    assert answers[0] == answers[1]


def test_taken_port_is_named(world: World, facts: CityFacts, google: Vision) -> None:
    port = google.server.port
    with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 is taken"):
        VisionServer(world, facts, Counts(), port=port).start()


def test_stop_does_not_wait_for_a_late_answer(google: Vision, photo: WorldPhoto) -> None:
    google.server.set_fault(kind="deadline", delay_seconds=3_600)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(google.ask, photo.path.read_bytes(), timeout=3_600)
        wait_until(lambda: google.counted("faults_deadline") == 1)
        assert does_end(google.server.stop)
        with pytest.raises(exceptions.GoogleAPICallError):
            asked.result(timeout=60)
