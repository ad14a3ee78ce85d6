"""The choice of the next photos: each once, and each call where it helps most."""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightscan.label.selection import PhotoChoice
from sightscan.warehouse.labels.labels import CityPhoto

PLENTY = 100_000
TOWER, BRIDGE, CHAPEL = 1, 2, 3
RANKS = {TOWER: 1, BRIDGE: 2, CHAPEL: 3}


def name(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def photo(
    text: str,
    *sight_ids: int,
    cluster: str | None = None,
    source: str = "commons",
    width: int = 960,
    answered: Sequence[int] | None = None,
) -> CityPhoto:
    """Return a photo that waits, or one that was answered with these sights."""
    return CityPhoto(
        name(text),
        name(cluster or text),
        width,
        width * 3 // 4,
        source,
        sight_ids,
        is_waiting=answered is None,
        is_answered=answered is not None,
        accepted_sight_ids=tuple(answered or ()),
    )


def backlog(
    sight_id: int, count: int, source: str = "commons", width: int = 960
) -> list[CityPhoto]:
    return [
        photo(f"{sight_id} {source} {width} {number}", sight_id, source=source, width=width)
        for number in range(count)
    ]


def answers(sight_id: int, hits: int, misses: int, source: str = "commons") -> list[CityPhoto]:
    found: list[CityPhoto] = []
    for number in range(hits + misses):
        seen = [sight_id] if number < hits else []
        text = f"answered {sight_id} {source} {number}"
        found.append(photo(text, sight_id, source=source, answered=seen))
    return found


def sights_of(photos: Sequence[CityPhoto], chosen: Sequence[bytes]) -> Counter[int]:
    by_name = {each.sha256: each for each in photos}
    return Counter(sight for sha256 in chosen for sight in by_name[sha256].query_sight_ids)


photos_of_cities = st.lists(
    st.builds(
        lambda number, sights, cluster, source, width, answered: photo(
            f"photo {number}",
            *sights,
            cluster=f"cluster {cluster}",
            source=source,
            width=width,
            answered=answered,
        ),
        st.integers(0, 10_000),
        st.sets(st.integers(1, 4), min_size=1, max_size=3),
        st.integers(0, 20),
        st.sampled_from(["commons", "openverse"]),
        st.sampled_from([300, 960, 4_000]),
        st.none() | st.lists(st.integers(1, 4), max_size=2, unique=True),
    ),
    unique_by=lambda each: each.sha256,
    max_size=60,
)
# What comes of the next photo taken; sight 4 is none of the city's.
outcomes = st.lists(st.sampled_from(["hit", "miss", "lost", "released"]), max_size=200)


@given(photos_of_cities, outcomes, st.integers(1, 9), st.integers(0, 80))
def test_every_photo_is_taken_exactly_once_whatever_comes_of_it(
    photos: list[CityPhoto], outcomes: list[str], batch: int, calls_left: int
) -> None:
    choice = PhotoChoice(photos, RANKS, minimum=3)
    paid: list[bytes] = []
    to_come = iter(outcomes)
    while taken := choice.take(batch, calls_left=calls_left):
        for sha256 in taken:
            outcome = next(to_come, "miss")
            if outcome == "released":
                choice.put_back([sha256])
                continue
            paid.append(sha256)
            if outcome == "lost":
                choice.forget([sha256])
            else:
                choice.note_answer(sha256, {TOWER} if outcome == "hit" else set())
    assert len(choice) == 0
    assert sorted(paid) == sorted(each.sha256 for each in photos if each.is_waiting)


@given(photos_of_cities)
def test_no_near_copy_comes_before_a_distinct_view(photos: list[CityPhoto]) -> None:
    clusters = {each.sha256: each.cluster_sha256 for each in photos}
    seen = {each.cluster_sha256 for each in photos if not each.is_waiting}
    known = [each for each in photos if set(each.query_sight_ids) & RANKS.keys()]
    order = PhotoChoice(known, RANKS, minimum=3).take(PLENTY, calls_left=PLENTY)
    seen &= {each.cluster_sha256 for each in known if not each.is_waiting}
    are_new = []
    for sha256 in order:
        are_new.append(clusters[sha256] not in seen)
        seen.add(clusters[sha256])
    assert are_new == sorted(are_new, reverse=True)


@given(photos_of_cities, st.randoms(use_true_random=False))
def test_order_of_the_rows_does_not_matter(photos: list[CityPhoto], dice: random.Random) -> None:
    shuffled = list(photos)
    dice.shuffle(shuffled)
    one, other = (PhotoChoice(each, RANKS, minimum=3) for each in (photos, shuffled))
    assert one.take(PLENTY, calls_left=40) == other.take(PLENTY, calls_left=40)


def test_streets_come_after_all_views_of_sights_and_before_near_copies() -> None:
    streets = [replace(photo(f"street {number}", 9), is_street=True) for number in range(5)]
    # The street next to the tower, which was found for the tower as well.
    both = photo("both", TOWER, 9)
    copy = replace(photo("copy of a street", 9, cluster="street 0", width=500), is_street=True)
    copies = [photo(f"copy {number}", TOWER, cluster="view", width=500) for number in range(3)]
    # Of a sight that is out of reach, and of none that is known.
    sights = [photo("view", TOWER), both, *backlog(CHAPEL, 2), photo("unsorted", 8)]
    choice = PhotoChoice([*streets, copy, *copies, *sights], RANKS, minimum=30)
    order = choice.take(PLENTY, calls_left=PLENTY)
    assert {*order[:5]} == {each.sha256 for each in sights}
    assert {*order[5:10]} == {each.sha256 for each in streets}
    assert {*order[10:13]} == {each.sha256 for each in copies}
    assert order[13:] == [copy.sha256]


def test_one_sight_reaches_the_minimum_before_the_next_is_begun() -> None:
    photos = backlog(TOWER, 60) + backlog(BRIDGE, 60)
    chosen = PhotoChoice(photos, RANKS, minimum=10).take(20, calls_left=PLENTY)
    assert sights_of(photos, chosen) == {TOWER: 20}


def test_sight_that_lacks_least_comes_first() -> None:
    photos = backlog(TOWER, 60) + backlog(BRIDGE, 60) + answers(BRIDGE, 5, 5)
    chosen = PhotoChoice(photos, RANKS, minimum=10).take(4, calls_left=PLENTY)
    assert sights_of(photos, chosen) == {BRIDGE: 4}


def test_sight_with_enough_waits_for_one_without() -> None:
    photos = backlog(TOWER, 60) + answers(TOWER, 12, 12) + backlog(BRIDGE, 60)
    chosen = PhotoChoice(photos, RANKS, minimum=10).take(10, calls_left=PLENTY)
    assert sights_of(photos, chosen) == {BRIDGE: 10}


def test_sight_that_can_never_reach_the_minimum_comes_after_more_of_one_that_has_it() -> None:
    photos = backlog(TOWER, 60) + answers(TOWER, 12, 12) + backlog(CHAPEL, 8)
    chosen = PhotoChoice(photos, RANKS, minimum=10).take(60, calls_left=PLENTY)
    assert sights_of(photos, chosen) == {TOWER: 60}


def test_sight_is_not_begun_when_too_few_calls_are_left_for_it() -> None:
    photos = backlog(TOWER, 60) + answers(TOWER, 12, 12) + backlog(BRIDGE, 60)
    chosen = PhotoChoice(photos, RANKS, minimum=10).take(10, calls_left=10)
    assert sights_of(photos, chosen) == {TOWER: 10}


def test_sight_on_which_nothing_is_found_is_given_up_for_another() -> None:
    photos = backlog(TOWER, 200) + backlog(BRIDGE, 60)
    choice = PhotoChoice(photos, RANKS, minimum=10)
    tower_calls = 0
    while sights_of(photos, taken := choice.take(8, calls_left=PLENTY)) == {TOWER: 8}:
        tower_calls += len(taken)
        for sha256 in taken:
            choice.note_answer(sha256, set())
    assert tower_calls < 70


@pytest.mark.parametrize(("misses", "sight_id"), [(9, BRIDGE), (90, TOWER)])
def test_second_thirty_views_of_a_sight_teach_half_as_much_as_the_first(
    misses: int, sight_id: int
) -> None:
    # Nearly every call about the tower hits; about the bridge, three of four or one of four.
    photos = answers(TOWER, 60, 0) + answers(BRIDGE, 30, misses)
    photos += backlog(TOWER, 60) + backlog(BRIDGE, 60)
    chosen = PhotoChoice(photos, RANKS, minimum=30).take(1, calls_left=PLENTY)
    assert sights_of(photos, chosen) == {sight_id: 1}


def test_photos_in_flight_count_for_what_they_will_probably_bring() -> None:
    photos = backlog(TOWER, 200) + backlog(BRIDGE, 60)
    choice = PhotoChoice(photos, RANKS, minimum=10)
    choice.take(20, calls_left=PLENTY)
    assert sights_of(photos, choice.take(8, calls_left=PLENTY)) == {BRIDGE: 8}


def test_a_label_of_a_sight_that_was_not_searched_for_counts_for_it() -> None:
    photos = [photo(f"mixed up {n}", CHAPEL, answered=[BRIDGE]) for n in range(9)]
    photos += backlog(TOWER, 60) + backlog(BRIDGE, 60)
    chosen = PhotoChoice(photos, RANKS, minimum=10).take(2, calls_left=PLENTY)
    assert sights_of(photos, chosen) == {BRIDGE: 2}


def test_labels_of_near_copies_count_once() -> None:
    photos = [photo(f"copy {n}", BRIDGE, cluster="one", answered=[BRIDGE]) for n in range(9)]
    photos += answers(TOWER, 2, 0) + backlog(TOWER, 60) + backlog(BRIDGE, 60)
    chosen = PhotoChoice(photos, RANKS, minimum=10).take(2, calls_left=PLENTY)
    assert sights_of(photos, chosen) == {TOWER: 2}


def test_largest_photo_speaks_for_its_near_copies() -> None:
    photos = [photo("s", TOWER, cluster="one", width=300), photo("l", TOWER, cluster="one")]
    assert PhotoChoice(photos, RANKS, minimum=3).take(1, calls_left=PLENTY) == [name("l")]


def test_near_copies_of_a_view_without_a_label_come_first() -> None:
    photos = [
        photo("full", TOWER, answered=[TOWER]),
        photo("copy of full", TOWER, cluster="full"),
        photo("empty", TOWER, answered=[]),
        photo("copy of empty", TOWER, cluster="empty"),
    ]
    chosen = PhotoChoice(photos, RANKS, minimum=3).take(1, calls_left=PLENTY)
    assert chosen == [name("copy of empty")]


@pytest.mark.parametrize(
    "stratum_of", [lambda each: each.source, lambda each: each.width_pixels], ids=["source", "size"]
)
def test_photos_are_spread_evenly_while_nothing_tells_them_apart(
    stratum_of: Callable[[CityPhoto], object],
) -> None:
    photos = [
        each
        for source in ("commons", "openverse")
        for width in (300, 960, 4_000)
        for each in backlog(TOWER, 30, source, width)
    ]
    chosen = set(PhotoChoice(photos, RANKS, minimum=10).take(12, calls_left=PLENTY))
    counts = Counter(stratum_of(each) for each in photos if each.sha256 in chosen)
    assert max(counts.values()) == min(counts.values())


def test_better_source_gives_more_and_the_worse_one_still_some() -> None:
    photos = backlog(TOWER, 90) + backlog(TOWER, 90, "search")
    photos += answers(BRIDGE, 36, 4) + answers(BRIDGE, 12, 28, "search")
    chosen = set(PhotoChoice(photos, RANKS, minimum=30).take(30, calls_left=PLENTY))
    counts = Counter(each.source for each in photos if each.sha256 in chosen)
    assert counts["commons"] > 2 * counts["search"] > 0


def test_photos_of_no_sight_of_the_city_come_last() -> None:
    photos = [photo("stray", 99), *backlog(TOWER, 3)]
    order = PhotoChoice(photos, RANKS, minimum=3).take(PLENTY, calls_left=PLENTY)
    assert (len(order), order[-1]) == (4, name("stray"))
