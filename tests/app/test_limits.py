"""How often a client may ask, and what may be held of its uploads."""

import anyio
import pytest
from starlette.requests import Request

from detector_app.client_limits import WritingLimit
from detector_app.web.limits import (
    BodyRefusedError,
    BodyRoom,
    RateLimit,
    client_of,
    counted_as,
    read_body,
)
from detector_app.web.uploads import Uploads

MEGA = 1_000_000


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Store:
    """What Streamlit holds; notes what is removed."""

    def __init__(self) -> None:
        self.removed: list[tuple[str, str]] = []

    def remove_file(self, session_id: str, file_id: str) -> None:
        self.removed.append((session_id, file_id))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:DB8:1:2:0::2", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("a socket", "another", False),
    ],
)
def test_addresses_of_one_network_of_ipv6_are_one_client(
    one: str, other: str, *, is_same: bool
) -> None:
    assert (counted_as(one) == counted_as(other)) is is_same
    limit = WritingLimit(RateLimit(1, 1, lambda: 0.0), RateLimit(1, 9, lambda: 0.0))
    limit.take(one)
    assert (limit.take(other) > 0) is is_same
    requests = [Request({"type": "http", "client": (host, 1)}) for host in (one, other)]
    assert (client_of(requests[0]) == client_of(requests[1])) is is_same


def test_burst_is_followed_by_a_rate_for_each_client() -> None:
    clock = Clock()
    limit = RateLimit(2, 3, clock)
    assert [limit.take("a") for _ in range(3)] == [0, 0, 0]
    assert limit.take("a") == pytest.approx(0.5)
    assert limit.take("b") == 0
    clock.now += 0.5
    assert limit.take("a") == 0
    assert limit.take("a") > 0


def test_rest_gives_no_more_than_a_burst() -> None:
    clock = Clock()
    limit = RateLimit(2, 3, clock)
    limit.take("a")
    clock.now += 1000
    assert [limit.take("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_many_clients_are_not_remembered_for_ever() -> None:
    limit = RateLimit(1, 1, Clock())
    for number in range(10_050):
        limit.take(str(number))
    assert len(limit._accounts) == 10_000
    assert limit.take("10049") > 0
    assert limit.take("0") == 0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def uploads(clock: Clock) -> Uploads:
    return Uploads(clock)


def test_session_may_hold_so_many_files(uploads: Uploads) -> None:
    for number in range(12):
        assert uploads.reserve("one", str(number), 10) is None
    assert "At most 12 photos" in (uploads.reserve("one", "12", 10) or "")
    assert uploads.reserve("other", "12", 10) is None
    # The same file anew is no other one.
    assert uploads.reserve("one", "3", 10) is None
    uploads.settle("one", "3", None)
    assert uploads.reserve("one", "12", 10) is None


def test_session_and_all_sessions_may_hold_so_many_bytes(uploads: Uploads) -> None:
    taken = 0
    for session in range(50):
        for number in range(50):
            if uploads.reserve(f"{session}", f"{number}", 20 * MEGA) is None:
                taken += 20
        if session == 0:
            assert taken == 60
            assert "60 MB together" in (uploads.reserve("0", "more", 1 * MEGA) or "")
    assert taken == 400
    assert "server's room" in (uploads.reserve("late", "one", MEGA) or "")


def test_what_failed_is_not_counted(uploads: Uploads) -> None:
    for number in range(50):
        assert uploads.reserve("one", str(number), 20 * MEGA) is None
        uploads.settle("one", str(number), None)


def test_what_no_page_shows_goes_after_a_while(uploads: Uploads, clock: Clock) -> None:
    store = Store()
    for name in ("shown", "never", "left"):
        uploads.reserve("one", name, 10)
    uploads.show("one", {"shown", "left"})
    clock.now += 59
    uploads.show("one", {"shown"})
    uploads.drop_unshown(store, lambda _: True)
    assert store.removed == []
    clock.now += 2
    uploads.drop_unshown(store, lambda _: True)
    assert store.removed == [("one", "never")]
    clock.now += 60
    uploads.drop_unshown(store, lambda _: True)
    assert store.removed == [("one", "never"), ("one", "left")]


def test_all_of_a_session_that_ended_goes(uploads: Uploads) -> None:
    store = Store()
    uploads.reserve("one", "a", 10)
    uploads.show("one", {"a"})
    uploads.drop_unshown(store, lambda _: False)
    assert store.removed == [("one", "a")]
    assert not uploads._held


def send(room: BodyRoom, parts: list[bytes], *, is_held: list[bool]) -> bytes:
    """Have the server read a body of these parts; note what others get meanwhile."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    async def read() -> bytes:
        request = Request({"type": "http", "headers": [], "method": "POST"}, receive)
        with room.share() as take:
            content = await read_body(request, max_bytes=100, max_seconds=60, take=take)
            with room.share() as take_more:
                try:
                    take_more(31)
                except BodyRefusedError:
                    is_held.append(True)
        return content

    return anyio.run(read)


def test_bodies_of_all_clients_share_a_room_until_they_were_looked_at() -> None:
    room, is_held = BodyRoom(100), []
    assert send(room, [b"x" * 40, b"y" * 30], is_held=is_held) == b"x" * 40 + b"y" * 30
    assert is_held == [True]
    # All is free again, also after one that was refused in the middle.
    for _ in range(3):
        with pytest.raises(BodyRefusedError) as refused:
            send(room, [b"x" * 60, b"y" * 50], is_held=is_held)
        assert refused.value.status == 413
    small = BodyRoom(50)
    with pytest.raises(BodyRefusedError, match="try again in a few seconds") as refused:
        send(small, [b"x" * 40, b"y" * 20], is_held=is_held)
    assert refused.value.status == 503
    assert send(small, [b"x" * 50], is_held=is_held) == b"x" * 50
    assert send(room, [b"x" * 100], is_held=is_held) == b"x" * 100
