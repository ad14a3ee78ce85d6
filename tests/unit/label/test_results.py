"""What came back of a batch becomes results, labels and counts; nothing is dropped."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from sightscan.city import City, Place, Sight
from sightscan.label.matching import SightIndex
from sightscan.label.results import Results
from sightscan.label.sender import BatchResult, SentPhoto, UnfitPhoto
from sightscan.label.vision import Outcome, SendStatus
from sightscan.warehouse.labels.labels import LabelRow
from sightscan.warehouse.spend.paid_calls import CallResult

HERE = Place(52.5163, 13.3777)
CITY = City("Q64", "berlin", "Berlin", "Germany", HERE, 10_000)
INDEX = SightIndex(CITY, [Sight(1, "Q64", "Brandenburg Gate", 1, place=HERE, freebase_id="/m/1")])
VERTICES = [{}, {"x": 50}, {"x": 50, "y": 50}, {"y": 50}]
GATE = {
    "landmark_annotations": [
        {
            "mid": "/m/1",
            "score": 0.9,
            "bounding_poly": {"vertices": VERTICES},
            "locations": [{"lat_lng": {"latitude": HERE.latitude, "longitude": HERE.longitude}}],
        }
    ]
}
NOTHING: dict[str, Any] = {}
REFUSED_IMAGE = {"error": {"code": 3, "message": "Bad image data."}}
UNCLEAR = {"error": {"code": 13, "message": "Internal server error."}}
ONE, TWO, THREE, FOUR, FIVE = (
    SentPhoto(number, bytes([number]), frozenset({1}), 100, 100) for number in range(1, 6)
)
UNFIT = UnfitPhoto(9, b"\x09", "cannot be decoded")


class Store:
    """Keeps what it is given, but for calls that it refuses."""

    def __init__(self, *refused: int) -> None:
        self.refused = refused
        self.call_results: list[CallResult] = []
        self.labels: list[LabelRow] = []

    def __call__(self, call_results: Sequence[CallResult], labels: Sequence[LabelRow]) -> None:
        if any(each.call_id in self.refused and each.answer for each in call_results):
            msg = "a value out of range"
            raise psycopg.DataError(msg)
        self.call_results += call_results
        self.labels += labels

    @property
    def states(self) -> dict[int, str]:
        return {call_result.call_id: call_result.state for call_result in self.call_results}


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def results(store: Store) -> Results:
    return Results(store, INDEX, min_score=0.5)


def answered(*responses: dict[str, Any], unfit: tuple[UnfitPhoto, ...] = ()) -> BatchResult:
    sent = (ONE, TWO, THREE, FOUR, FIVE)[: len(responses)]
    return BatchResult(Outcome(SendStatus.ANSWERED, responses), sent, unfit)


def test_each_answer_is_the_result_of_its_call(store: Store, results: Results) -> None:
    recorded = results.record(answered(GATE, NOTHING, REFUSED_IMAGE, UNCLEAR, unfit=(UNFIT,)))
    assert store.states == {
        1: "succeeded", 2: "succeeded", 3: "failed", 4: "unknown", 9: "failed",
    }  # fmt: skip
    assert recorded.accepted == {ONE.sha256: {1}, TWO.sha256: set()}
    assert (recorded.lost, recorded.unfit) == ((THREE.sha256, FOUR.sha256), (UNFIT.sha256,))
    assert recorded.released == ()
    assert results.counts == {
        "sent": 4, "answered": 2, "empty": 1, "failed": 2, "unknown": 1, "accepted": 1,
    }  # fmt: skip


def test_answers_are_kept_whole_beside_the_size_as_sent(store: Store, results: Results) -> None:
    results.record(answered(GATE))
    (call_result,) = store.call_results
    sent = {"width_pixels": 100, "height_pixels": 100}
    assert call_result.answer == {"sent": sent, "response": GATE}
    (label,) = store.labels
    assert (label.call_id, label.sight_id, label.state) == (1, 1, "accepted")


@pytest.mark.parametrize(
    "status", [SendStatus.REFUSED, SendStatus.OVER_QUOTA, SendStatus.NEVER_OPENED]
)
def test_what_was_provably_not_processed_is_released(
    store: Store, results: Results, status: SendStatus
) -> None:
    recorded = results.record(BatchResult(Outcome(status, detail="x"), (ONE, TWO), (UNFIT,)))
    assert store.states == {1: "failed", 2: "failed", 9: "failed"}
    # Without an answer, so that it may be chosen again; the unfit one has one.
    assert [each.call_id for each in store.call_results if each.answer is None] == [1, 2]
    assert recorded.released == (ONE.sha256, TWO.sha256)
    assert results.counts == {"released": 2, "failed": 1}


def test_what_may_have_been_processed_is_unknown(store: Store, results: Results) -> None:
    recorded = results.record(BatchResult(Outcome(SendStatus.UNKNOWN, detail="x"), (ONE, TWO), ()))
    assert store.states == {1: "unknown", 2: "unknown"}
    assert (recorded.released, recorded.lost) == ((), (ONE.sha256, TWO.sha256))
    assert results.counts == {"sent": 2, "unknown": 2}


def test_answer_that_the_warehouse_refuses_costs_only_itself() -> None:
    store = Store(2)
    results = Results(store, INDEX, min_score=0.5)
    recorded = results.record(answered(GATE, GATE, NOTHING, unfit=(UNFIT,)))
    assert store.states == {1: "succeeded", 2: "unknown", 3: "succeeded", 9: "failed"}
    assert recorded.accepted == {ONE.sha256: {1}, THREE.sha256: set()}
    assert (recorded.lost, recorded.unfit) == ((TWO.sha256,), (UNFIT.sha256,))
    assert results.counts == {
        "sent": 3, "answered": 2, "empty": 1, "failed": 1, "unknown": 1, "accepted": 1,
    }  # fmt: skip


def test_warehouse_that_is_away_counts_nothing() -> None:
    def away(*_: object) -> None:
        raise psycopg.OperationalError

    results = Results(away, INDEX, min_score=0.5)
    with pytest.raises(psycopg.OperationalError):
        results.record(answered(GATE))
    assert not results.counts
