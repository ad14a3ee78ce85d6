"""Labelling through the real client library, against the stand-in of Google Vision."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from google.cloud import vision
from PIL import Image

from sandbox.counts import Counts
from sandbox.vision.landmark_answers import NO_ERRORS, VisionErrors
from sandbox.vision.server import VisionServer
from sandbox.world.world import World, WorldPhoto
from sightscan.box import Box, intersection_over_union
from sightscan.city import City
from sightscan.errors import ServiceError
from sightscan.label import calls, throttle
from sightscan.label import vision as vision_module
from sightscan.label.relabel import relabel_answers
from sightscan.label.run import LabelLoop, LabelReport, label_photos
from sightscan.label.vision import open_client
from sightscan.run import Run
from sightscan.settings import Settings, read_settings
from sightscan.warehouse.connection import connect
from sightscan.warehouse.labels.labels import list_photos_to_label
from sightscan.warehouse.models.datasets import list_backgrounds, list_labelled_photos
from sightscan.warehouse.registry.backgrounds import ensure_streets
from sightscan.warehouse.registry.cities import add_city
from sightscan.warehouse.registry.sights import list_sights, upsert_sights
from sightscan.warehouse.spend.paid_calls import (
    VISION_LANDMARKS,
    Caps,
    mark_calls_sent,
    reserve_calls,
)
from sightscan.warehouse.spend.prices import unit_price
from tests.cities.labelled_city import LabelledCity, draw_world, jpeg_of, store_city, store_photo

PHOTOS_A_SIGHT = 12
PHOTOS = 3 * PHOTOS_A_SIGHT


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return draw_world(tmp_path_factory.mktemp("world"), PHOTOS_A_SIGHT)


@pytest.fixture
def stored(warehouse: psycopg.Connection[Any], world: World) -> LabelledCity:
    return store_city(warehouse, world)


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def server(stored: LabelledCity, counts: Counts) -> Iterator[VisionServer]:
    """Serve Vision without mistakes."""
    with VisionServer(
        stored.world, stored.facts, counts, errors=NO_ERRORS, latency_seconds=0.0
    ) as running:
        yield running


@pytest.fixture
def config(server: VisionServer) -> Settings:
    return read_settings(vision_endpoint=server.endpoint)


Label = Callable[..., LabelReport]


@pytest.fixture
def label(
    warehouse: psycopg.Connection[Any], stored: LabelledCity, config: Settings
) -> Iterator[Label]:
    """Run a label task of the city; keyword arguments are settings of this run."""
    client: vision.ImageAnnotatorClient = open_client(config)

    def run(
        run_id: str = "run 1",
        city: City = stored.city,
        connection: psycopg.Connection[Any] = warehouse,
        **overrides: object,
    ) -> LabelReport:
        return label_photos(
            connection,
            client,
            config.with_overrides(overrides),
            city,
            Run(city.city_id, city.dag_id, run_id),
        )

    yield run
    client.transport.close()


def rescaled(photo: WorldPhoto) -> bytes:
    """Return a photo as another file."""
    stream = io.BytesIO()
    with Image.open(photo.path) as image:
        image.resize((240, 180)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def sent_images(counts: Counts) -> int:
    return counts.snapshot().get("vision", {}).get("images", 0)


def repeated_images(counts: Counts) -> int:
    return counts.snapshot().get("vision", {}).get("images_repeated", 0)


def states(warehouse: psycopg.Connection[Any]) -> dict[str, int]:
    return dict(
        warehouse.execute("select state, count(*) from core.paid_call group by state").fetchall()
    )


def all_labels(warehouse: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return warehouse.execute(
        "select sha256, sight_id, x1, y1, x2, y2, state, reason, recorded_at"
        " from core.label order by sha256, annotation_number"
    ).fetchall()


def test_every_photo_is_sent_once_in_batches_of_sixteen(label: Label, counts: Counts) -> None:
    report = label()
    assert (report.sent, report.answered, report.spent) == (PHOTOS, PHOTOS, PHOTOS)
    assert counts.snapshot()["vision"] == {"images": PHOTOS, "requests": -(-PHOTOS // 16)}


def test_labels_are_the_worlds_boxes(
    label: Label, stored: LabelledCity, warehouse: psycopg.Connection[Any]
) -> None:
    report = label()
    assert (report.accepted, report.held_back, report.unmatched) == (PHOTOS, 0, 0)
    worst = min(
        intersection_over_union(
            Box(*warehouse.execute(
                "select x1, y1, x2, y2 from core.label join core.photo using (sha256)"
                " where sha256 = sha256(%s) and sight_id = %s",
                (photo.path.read_bytes(), stored.sight_id(box.sight)),
            ).fetchone()),  # type: ignore[misc]
            Box(box.x1 / photo.width, box.y1 / photo.height, box.x2 / photo.width,
                box.y2 / photo.height),
        )
        for photo in stored.world.photos
        for box in photo.boxes
    )  # fmt: skip
    assert worst > 0.97


def test_streets_are_asked_about_when_all_sights_are_and_become_backgrounds(
    label: Label, stored: LabelledCity, warehouse: psycopg.Connection[Any]
) -> None:
    streets_id = ensure_streets(warehouse, stored.city.city_id, None)
    # One of them shows a sight after all, as Vision sees.
    (tower, *_) = stored.world.photos
    seen = store_photo(warehouse, rescaled(tower), [streets_id])
    streets = {store_photo(warehouse, jpeg_of(f"street {n}"), [streets_id]) for n in range(4)}
    capped = label(max_google_vision_calls_per_new_city=PHOTOS)
    assert (capped.sent, capped.accepted, capped.skipped_by_cap) == (PHOTOS, PHOTOS, 5)
    assert not list_backgrounds(warehouse, stored.city)
    rest = label("run 2", max_google_vision_calls_per_new_city=PHOTOS + 5)
    assert (rest.sent, rest.empty, rest.accepted) == (5, 4, 1)
    found = list_backgrounds(warehouse, stored.city)
    assert {photo.sha256 for photo in found} == streets
    labelled = list_labelled_photos(warehouse, stored.city.city_id)
    assert seen in {photo.sha256 for photo in labelled}


def test_second_run_sends_nothing_and_changes_no_label(
    label: Label, counts: Counts, warehouse: psycopg.Connection[Any]
) -> None:
    label()
    before = all_labels(warehouse)
    report = label("run 2")
    assert (report.sent, report.relabelled, sent_images(counts)) == (0, 0, PHOTOS)
    assert all_labels(warehouse) == before


def test_cap_is_kept_and_serves_every_sight(
    label: Label, counts: Counts, warehouse: psycopg.Connection[Any]
) -> None:
    report = label(max_google_vision_calls_per_new_city=7)
    assert (report.spent, report.skipped_by_cap, sent_images(counts)) == (7, PHOTOS - 7, 7)
    per_sight = warehouse.execute(
        "select count(*) from core.label group by sight_id order by 1"
    ).fetchall()
    assert per_sight == [(2,), (2,), (3,)]


def test_cap_of_the_run_is_kept_and_the_next_run_goes_on(label: Label, counts: Counts) -> None:
    first = label(max_google_vision_calls_per_run=5)
    assert (first.sent, first.skipped_by_cap, sent_images(counts)) == (5, PHOTOS - 5, 5)
    assert label("run 2", max_google_vision_calls_per_run=3).sent == 3
    assert sent_images(counts) == 8


@pytest.mark.parametrize(
    "cap", ["max_google_vision_calls_per_month", "max_google_vision_calls_in_all"]
)
def test_cap_of_all_cities_stops_the_run_and_is_named(
    label: Label, counts: Counts, cap: str
) -> None:
    report = label(**{cap: 5})
    assert (sent_images(counts), report.skipped_by_cap) == (5, PHOTOS - 5)
    assert "(5 of 5 images)" in report.stopped_by
    assert f"raise {cap.upper()}" in report.stopped_by


def test_raised_cap_goes_on_where_it_stopped(label: Label, counts: Counts) -> None:
    label(max_google_vision_calls_per_new_city=7)
    report = label("run 2", max_google_vision_calls_per_new_city=20)
    assert (report.sent, report.spent) == (13, 20)
    assert (sent_images(counts), repeated_images(counts)) == (20, 0)


def test_near_copies_come_after_distinct_views(
    label: Label, stored: LabelledCity, warehouse: psycopg.Connection[Any]
) -> None:
    warehouse.execute(
        "update core.photo set cluster_sha256 = (select min(source.sha256::text)::bytea"
        " from core.photo_source as source where sight_id = %(sight_id)s)"
        " where sha256 in (select sha256 from core.photo_source where sight_id = %(sight_id)s)",
        {"sight_id": stored.sight_id("White Tower")},
    )
    label(max_google_vision_calls_per_new_city=2 * PHOTOS_A_SIGHT + 1)
    (tower,) = warehouse.execute(
        "select count(*) from core.label where sight_id = %s", (stored.sight_id("White Tower"),)
    ).fetchone() or (0,)
    assert tower == 1


def test_a_photo_with_nothing_on_it_is_paid_for_once(
    label: Label, stored: LabelledCity, warehouse: psycopg.Connection[Any], counts: Counts
) -> None:
    store_photo(warehouse, jpeg_of("nobody knows this"), [stored.sight_id("Old Bridge")])
    first = label()
    second = label("run 2")
    assert (first.empty, first.spent, second.sent) == (1, PHOTOS + 1, 0)
    assert sent_images(counts) == PHOTOS + 1


def test_a_broken_photo_is_not_sent_and_not_chosen_again(
    label: Label, stored: LabelledCity, warehouse: psycopg.Connection[Any], counts: Counts
) -> None:
    store_photo(warehouse, b"no image at all", [stored.sight_id("Old Bridge")])
    first = label()
    second = label("run 2")
    assert (first.failed, first.spent, second.failed) == (1, PHOTOS, 0)
    assert sent_images(counts) == PHOTOS


def test_an_image_whose_outcome_is_unclear_costs_only_itself_and_is_not_sent_again(
    label: Label, server: VisionServer, counts: Counts, warehouse: psycopg.Connection[Any]
) -> None:
    server.set_fault(kind="bad_image", next_requests=1)
    first = label("run 1", vision_concurrency=1)
    second = label("run 2")
    assert (first.answered, first.unknown, first.spent) == (PHOTOS - 1, 1, PHOTOS)
    assert (second.sent, repeated_images(counts)) == (0, 0)
    assert states(warehouse) == {"succeeded": PHOTOS - 1, "unknown": 1}
    messages = warehouse.execute(
        "select answer #>> '{response,error,message}' from core.paid_call where state = 'unknown'"
    ).fetchall()
    assert messages == [("Internal server error.",)]


def test_odd_answer_is_kept_and_costs_the_others_nothing(
    label: Label, server: VisionServer, warehouse: psycopg.Connection[Any]
) -> None:
    server.set_fault(kind="odd", next_requests=100)
    report = label("run 1", vision_concurrency=1)
    assert (report.answered, report.unknown, report.spent) == (PHOTOS, 0, PHOTOS)
    assert states(warehouse) == {"succeeded": PHOTOS}
    held_back = warehouse.execute(
        "select count(*) from core.label where score = 0 and state <> 'accepted'"
    ).fetchall()
    assert held_back[0][0] > 0


def test_images_that_fail_use_up_the_cap_however_often_it_is_run(
    label: Label, server: VisionServer, counts: Counts
) -> None:
    server.set_fault(kind="bad_image", next_requests=100)
    for run in range(4):
        label(f"run {run}", max_google_vision_calls_per_new_city=5)
    assert (sent_images(counts), repeated_images(counts)) == (5, 0)


def test_zero_characters_of_an_answer_cost_no_label(
    label: Label, warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = vision_module.MessageToDict

    def with_zeros(response: Any, **options: Any) -> Any:
        answer = read(response, **options)
        for annotation in answer.get("landmark_annotations", ()):
            annotation["description"] += "\0"
        return answer

    monkeypatch.setattr(vision_module, "MessageToDict", with_zeros)
    assert label().answered == states(warehouse)["succeeded"] == PHOTOS


def test_an_answer_that_the_warehouse_refuses_costs_only_itself(
    label: Label, warehouse: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    record_results = calls.record_call_results
    odd: list[int] = []

    def refuse_one(connection: Any, call_results: Any) -> None:
        odd.extend(each.call_id for each in call_results[:1] if not odd)
        for each in call_results:
            if each.call_id in odd and each.state == "succeeded":
                msg = "a value out of range"
                raise psycopg.DataError(msg)
        record_results(connection, call_results)

    monkeypatch.setattr(calls, "record_call_results", refuse_one)
    report = label()
    assert (report.answered, report.unknown) == (PHOTOS - 1, 1)
    assert states(warehouse) == {"succeeded": PHOTOS - 1, "unknown": 1}


def test_lost_connection_loses_no_answer(
    label: Label,
    warehouse: psycopg.Connection[Any],
    counts: Counts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record_results = calls.record_call_results
    cut: list[int] = []

    def cut_once(connection: psycopg.Connection[Any], *given: Any, **more: Any) -> Any:
        if not cut:
            cut.append(connection.info.backend_pid)
            with connect(autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s, 5000)", cut)
        return record_results(connection, *given, **more)

    monkeypatch.setattr(calls, "record_call_results", cut_once)
    with connect(autocommit=True) as connection:
        report = label(connection=connection)
    assert (report.answered, report.spent, sent_images(counts)) == (PHOTOS, PHOTOS, PHOTOS)
    assert states(warehouse) == {"succeeded": PHOTOS}


def test_over_quota_waits_as_told_and_goes_on(
    label: Label, server: VisionServer, counts: Counts, warehouse: psycopg.Connection[Any]
) -> None:
    server.set_fault(kind="quota", next_requests=1)
    report = label(vision_concurrency=1)
    assert (report.released, report.answered, sent_images(counts)) == (16, PHOTOS, PHOTOS)
    assert states(warehouse) == {"succeeded": PHOTOS, "failed": 16}


@pytest.mark.parametrize("kind", ["unavailable", "internal"])
def test_unclear_failure_is_unknown_spent_and_never_repeated(
    label: Label, server: VisionServer, counts: Counts, kind: str
) -> None:
    server.set_fault(kind=kind, next_requests=1, when="after")
    first = label(vision_concurrency=1)
    second = label("run 2")
    assert (first.unknown, first.answered, first.spent) == (16, PHOTOS - 16, PHOTOS)
    assert (second.sent, sent_images(counts), repeated_images(counts)) == (0, PHOTOS, 0)


def test_timed_out_request_is_unknown(
    label: Label, server: VisionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightscan.label.vision.REQUEST_TIMEOUT_SECONDS", 5)
    # The others have these seconds for their answers, too, on a machine that may be busy.
    server.set_fault(kind="deadline", next_requests=1, when="after", delay_seconds=3_600)
    assert label(vision_concurrency=1).unknown == 16


def test_service_in_trouble_is_left_alone_before_it_eats_the_cap(
    label: Label, server: VisionServer, warehouse: psycopg.Connection[Any]
) -> None:
    server.set_fault(kind="unavailable", next_requests=100)
    with pytest.raises(ServiceError, match="without an answer"):
        label(vision_concurrency=1, max_google_vision_calls_per_new_city=1000)
    assert states(warehouse)["unknown"] <= 16 * 3


def test_connection_that_never_opened_costs_nothing(
    warehouse: psycopg.Connection[Any],
    stored: LabelledCity,
    config: Settings,
    server: VisionServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "RECONNECT_SECONDS", 0.01)
    server.stop()
    with pytest.raises(ServiceError, match="nothing was paid"):
        label_photos(
            warehouse, open_client(config), config, stored.city, Run(stored.city.city_id, "d", "r")
        )
    assert set(states(warehouse)) == {"failed"}


@pytest.mark.parametrize(("turns", "state"), [(1, "failed"), (2, "succeeded")])
def test_interrupted_task_records_what_was_sent_and_releases_what_was_not(
    label: Label,
    warehouse: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    turns: int,
    state: str,
) -> None:
    # In the first turn a batch is reserved and prepared, in the second it is sent.
    left = iter([None] * (turns - 1))

    def interrupt(*_: object) -> None:
        if next(left, "over") == "over":
            raise KeyboardInterrupt

    monkeypatch.setattr(LabelLoop, "_log_progress", interrupt)
    with pytest.raises(KeyboardInterrupt):
        label(vision_concurrency=1)
    assert states(warehouse) == {state: 16}
    assert len(all_labels(warehouse)) == (16 if state == "succeeded" else 0)


def test_photos_that_another_worker_gave_up_are_not_sent(
    label: Label,
    counts: Counts,
    warehouse: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def be_slow(connection: psycopg.Connection[Any], call_ids: list[int]) -> frozenset[int]:
        connection.execute(
            "update core.paid_call set state = 'failed', settled_at = now() where call_id = any(%s)",
            (call_ids[:6],),
        )
        return mark_calls_sent(connection, call_ids)

    monkeypatch.setattr(calls, "mark_calls_sent", be_slow)
    label(vision_concurrency=1)
    assert sent_images(counts) == states(warehouse)["succeeded"] == PHOTOS - 3 * 6 + 2


@pytest.mark.parametrize("is_sent", [True, False])
def test_left_reservation_is_spent_if_it_was_marked_as_sent_and_free_if_not(
    label: Label,
    stored: LabelledCity,
    warehouse: psycopg.Connection[Any],
    counts: Counts,
    is_sent: bool,  # noqa: FBT001 - a case
) -> None:
    waiting = list_photos_to_label(warehouse, VISION_LANDMARKS, stored.city.city_id)
    reserve_calls(
        warehouse,
        VISION_LANDMARKS,
        Run(stored.city.city_id, stored.city.dag_id, "run 1"),
        waiting[:5],
        caps=Caps(city=100),
        price=unit_price(read_settings(), VISION_LANDMARKS.price_name),
        is_marked_when_sent=not is_sent,
    )
    report = label("run 1")
    assert (report.abandoned, report.released) == ((5, 0) if is_sent else (0, 5))
    assert sent_images(counts) == report.sent == PHOTOS - (5 if is_sent else 0)
    assert report.spent == PHOTOS


def test_another_city_reads_what_was_paid_for_once(
    label: Label, stored: LabelledCity, warehouse: psycopg.Connection[Any], counts: Counts
) -> None:
    label()
    twin = add_city(warehouse, replace(stored.city, city_id="Q7", slug="twin", name="Twin"))
    sights = upsert_sights(
        warehouse, "Q7", [replace(sight, city_id="Q7") for sight in stored.sights]
    )
    for photo in stored.world.photos:
        bridge = next(sight for sight in sights if sight.name == photo.boxes[0].sight)
        store_photo(warehouse, photo.path.read_bytes(), [bridge.sight_id or 0])
    report = label("run 2", twin)
    assert (report.sent, report.relabelled, sent_images(counts)) == (0, PHOTOS, PHOTOS)
    assert report.spent == 0


def test_labels_follow_sights_that_changed_without_paying(
    label: Label,
    stored: LabelledCity,
    config: Settings,
    warehouse: psycopg.Connection[Any],
    counts: Counts,
) -> None:
    label()
    warehouse.execute(
        "update core.sight set freebase_id = null, knowledge_graph_id = null, names = '{}',"
        " aliases = '{}', name = 'Quite Another' where name = 'Old Bridge'"
    )
    report = relabel_answers(warehouse, config, stored.city)
    assert (report.changed, report.unmatched, sent_images(counts)) == (
        PHOTOS_A_SIGHT, PHOTOS_A_SIGHT, PHOTOS
    )  # fmt: skip
    assert relabel_answers(warehouse, config, stored.city).changed == 0


def test_sight_that_was_accepted_twice_is_judged_anew(
    label: Label, stored: LabelledCity, config: Settings, warehouse: psycopg.Connection[Any]
) -> None:
    label()
    # Each answer names its sight again, without id and place.
    warehouse.execute(
        "update core.paid_call set answer = jsonb_insert(answer,"
        " '{response,landmark_annotations,0}',"
        " (answer #> '{response,landmark_annotations,0}') - 'mid' - 'locations')"
    )
    relabel_answers(warehouse, config, stored.city)
    warehouse.execute("update core.label set state = 'accepted', reason = null")
    report = relabel_answers(warehouse, config, stored.city)
    assert (report.changed, report.accepted, report.held_back) == (PHOTOS, PHOTOS, PHOTOS)
    kept = warehouse.execute(
        "select count(*) from core.label where state = 'accepted' and mid is not null"
    ).fetchone()
    assert kept == (PHOTOS,)


def test_erring_vision_still_gives_labels_of_the_right_class(
    warehouse: psycopg.Connection[Any], stored: LabelledCity
) -> None:
    errors = VisionErrors(nothing_found=0.15, wrong_place=0.1, name_variant=0.5, mid_missing=0.5)
    with VisionServer(
        stored.world, stored.facts, Counts(), errors=errors, latency_seconds=0.0
    ) as server:
        config = read_settings(vision_endpoint=server.endpoint)
        client = open_client(config)
        report = label_photos(
            warehouse, client, config, stored.city, Run(stored.city.city_id, "d", "r")
        )
        client.transport.close()
    wrong = warehouse.execute(
        "select count(*) from core.label where state = 'accepted' and not exists ("
        " select from core.photo_source as source where source.sha256 = label.sha256"
        " and source.sight_id = label.sight_id)"
    ).fetchone()
    assert wrong == (0,)
    right_place = PHOTOS - report.empty - report.unmatched
    assert report.accepted >= 0.9 * right_place
    assert len(list_sights(warehouse, stored.city.city_id)) == 3
