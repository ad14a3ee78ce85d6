"""How often a client may ask, and how much it may send."""

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
from detector_app.web.session_guard import SessionGuard


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


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


def test_client_has_no_end_of_pages_open_and_others_are_not_in_its_way() -> None:
    """Each page is a websocket, whose session Streamlit holds as long as it is open."""

    async def story() -> None:
        leave = [anyio.Event() for _ in range(300)]
        refused: list[int] = []

        async def app(scope: dict[str, int], receive: object, send: object) -> None:
            del receive, send
            await leave[scope["number"]].wait()

        guard = SessionGuard(app)  # type: ignore[arg-type]

        async def opens(number: int, client: str) -> None:
            async def connect() -> dict[str, str]:
                return {"type": "websocket.connect"}

            async def note(message: dict[str, object]) -> None:
                assert message == {"type": "websocket.close", "code": 1013}
                refused.append(number)

            scope = {"type": "websocket", "number": number, "client": (client, 1), "headers": []}
            await guard(scope, connect, note)  # type: ignore[arg-type]

        async with anyio.create_task_group() as tasks:
            for number in range(250):
                tasks.start_soon(opens, number, "192.0.2.1")
            await anyio.wait_all_tasks_blocked()
            assert sorted(refused) == list(range(200, 250))
            tasks.start_soon(opens, 260, "192.0.2.2")
            await anyio.wait_all_tasks_blocked()
            assert 260 not in refused
            for one in leave:
                one.set()
        assert not guard._open

    anyio.run(story)


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
