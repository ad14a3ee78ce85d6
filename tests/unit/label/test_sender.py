"""Batches go out prepared and come back with their fate: none is lost, none is sent twice."""

import io
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from google.api_core.exceptions import InternalServerError
from google.cloud import vision
from PIL import Image

from sightscan.city import City, Place
from sightscan.label.sender import (
    BatchResult,
    PreparedBatch,
    ReservedPhoto,
    Sender,
    withhold_batch,
)
from sightscan.label.vision import SendStatus
from sightscan.warehouse.labels.labels import PhotoToLabel

CITY = City("Q64", "berlin", "Berlin", "Germany", Place(52.5, 13.4), 10_000)


class Jobs(Executor):
    """Does what was submitted when it is told to: threads that stand still."""

    def __init__(self) -> None:
        self._jobs: deque[tuple[Future[Any], Callable[[], Any]]] = deque()

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._jobs.append((future, lambda: work(*args, **kwargs)))
        return future

    def do_next(self) -> None:
        future, work = self._jobs.popleft()
        try:
            future.set_result(work())
        except ValueError as error:
            future.set_exception(error)


class Client:
    """A client of Google Vision that finds nothing, or is in trouble."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.trouble: Exception | None = None

    def batch_annotate_images(
        self, requests: list[vision.AnnotateImageRequest], **_: object
    ) -> vision.BatchAnnotateImagesResponse:
        self.sent.append(len(requests))
        if self.trouble is not None:
            raise self.trouble
        return vision.BatchAnnotateImagesResponse(responses=[{} for _ in requests])


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def sender(client: Client, jobs: Jobs) -> Sender:
    return Sender(client, CITY, jobs)  # type: ignore[arg-type]


def photo(number: int, content: bytes | None = None) -> ReservedPhoto:
    if content is None:
        stream = io.BytesIO()
        Image.new("RGB", (64, 48)).save(stream, "JPEG")
        content = stream.getvalue()
    return ReservedPhoto(number, PhotoToLabel(bytes([number]), content, frozenset({7})))


def send(sender: Sender, jobs: Jobs, *photos: ReservedPhoto) -> None:
    """Let a batch be prepared, sent and answered."""
    sender.prepare(photos)
    jobs.do_next()
    batch = sender.take_prepared()
    assert batch is not None
    sender.send(batch)
    jobs.do_next()


def result_of(sender: Sender) -> BatchResult:
    with sender.next_result() as result:
        assert result is not None
        return result


def test_batch_comes_back_prepared_then_answered(
    sender: Sender, jobs: Jobs, client: Client
) -> None:
    sender.prepare([photo(1), photo(2)])
    assert sender.take_prepared() is None
    jobs.do_next()
    batch = sender.take_prepared()
    assert batch is not None
    assert (batch.call_ids, client.sent) == ([1, 2], [])
    sender.send(batch)
    jobs.do_next()
    result = result_of(sender)
    assert (result.outcome.status, client.sent, sender.in_flight) == (SendStatus.ANSWERED, [2], 0)
    sizes = [(sent.call_id, sent.width_pixels, sent.height_pixels) for sent in result.sent]
    assert sizes == [(1, 64, 48), (2, 64, 48)]


def test_photo_that_cannot_be_decoded_comes_back_unsent_with_the_reason(
    sender: Sender, jobs: Jobs, client: Client
) -> None:
    send(sender, jobs, photo(1, b"<html>"), photo(2))
    result = result_of(sender)
    assert ([sent.call_id for sent in result.sent], client.sent) == ([2], [1])
    (unfit,) = result.unfit
    assert (unfit.call_id, unfit.reason[:17]) == (1, "cannot be decoded")


def test_nothing_fit_asks_nothing(sender: Sender, jobs: Jobs, client: Client) -> None:
    send(sender, jobs, photo(1, b""))
    assert (result_of(sender).sent, client.sent) == ((), [])


def test_photos_given_up_by_the_owner_are_not_sent(
    sender: Sender, jobs: Jobs, client: Client
) -> None:
    sender.prepare([photo(1), photo(2), photo(3)])
    jobs.do_next()
    batch = sender.take_prepared()
    assert batch is not None
    sender.send(batch.only({1, 3}))
    jobs.do_next()
    assert [sent.call_id for sent in result_of(sender).sent] == [1, 3]
    assert client.sent == [2]


def test_one_good_answer_makes_room_before_it_is_recorded(sender: Sender, jobs: Jobs) -> None:
    send(sender, jobs, photo(1))
    assert sender.has_room(1)
    sender.prepare([photo(2)])
    assert not sender.has_room(1)
    assert sender.has_room(2)


def test_bad_answer_is_learnt_from_before_there_is_room(
    sender: Sender, jobs: Jobs, client: Client
) -> None:
    client.trouble = InternalServerError("out of order")
    send(sender, jobs, photo(1))
    assert not sender.has_room(1)
    assert result_of(sender).outcome.status is SendStatus.UNKNOWN
    assert sender.has_room(1)


def test_interrupted_recording_gives_the_result_again(sender: Sender, jobs: Jobs) -> None:
    send(sender, jobs, photo(1))
    with pytest.raises(KeyboardInterrupt), sender.next_result() as result:
        raise KeyboardInterrupt
    assert list(sender.drain()) == [result]


def test_drain_gives_what_was_prepared_and_what_was_sent_and_no_more(
    sender: Sender, jobs: Jobs
) -> None:
    send(sender, jobs, photo(1))
    sender.prepare([photo(2)])
    jobs.do_next()
    prepared, answered = sender.drain()
    assert isinstance(prepared, PreparedBatch)
    assert isinstance(answered, BatchResult)
    assert (prepared.call_ids, [sent.call_id for sent in answered.sent]) == ([2], [1])
    assert (sender.in_flight, list(sender.drain())) == (0, [])


def test_what_a_thread_raised_is_raised_and_left_out_of_the_drain(
    sender: Sender, jobs: Jobs, client: Client
) -> None:
    client.trouble = ValueError("a bug")
    send(sender, jobs, photo(1))
    with pytest.raises(ValueError, match="a bug"), sender.next_result():
        pass
    assert list(sender.drain()) == []


def test_withheld_batch_was_never_sent(sender: Sender, jobs: Jobs, client: Client) -> None:
    sender.prepare([photo(1), photo(2, b"")])
    jobs.do_next()
    batch = sender.take_prepared()
    assert batch is not None
    result = withhold_batch(batch)
    assert (result.outcome.status, client.sent) == (SendStatus.NEVER_OPENED, [])
    assert [each.call_id for each in (*result.sent, *result.unfit)] == [1, 2]
