"""What may be held of uploads: as the middleware meets them, in the order in which bytes come."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import anyio
import pytest

from detector_app.web.upload_guard import UploadGuard
from detector_app.web.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup
    from starlette.types import Message, Receive, Scope, Send

MEGA = 1_000_000


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Streamlit:
    """What Streamlit does with an upload: read all of it, then hold it for its session."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, int]] = defaultdict(dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session_id, file_id = scope["path"].split("/")[-2:]
        if scope["method"] == "DELETE":
            self.remove_file(session_id, file_id)
        else:
            size, has_more = 0, True
            while has_more:
                message = await receive()
                size += len(message["body"])
                has_more = message["more_body"]
            self.held[session_id][file_id] = size
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def remove_file(self, session_id: str, file_id: str) -> None:
        self.held[session_id].pop(file_id, None)

    def held_bytes(self) -> int:
        return sum(sum(files.values()) for files in self.held.values())


class Visitor:
    """One upload: its parts are sent when the test says so."""

    def __init__(self, guard: UploadGuard, path: str, client: str, stated: int | None) -> None:
        self._guard = guard
        length = [] if stated is None else [(b"content-length", str(stated).encode())]
        self._scope: Scope = {
            "type": "http",
            "method": "PUT",
            "path": f"/_stcore/upload_file/{path}",
            "headers": length,
            "client": (client, 1),
        }
        self._give, self._parts = anyio.create_memory_object_stream[tuple[bytes, bool]](100)
        self.status: int | None = None
        self.sentence = ""

    async def run(self) -> None:
        await self._guard(self._scope, self._receive, self._send)

    async def sends(self, size: int, *, is_all: bool = False) -> None:
        await self._give.send((b"x" * size, not is_all))
        await anyio.wait_all_tasks_blocked()

    async def _receive(self) -> Message:
        body, has_more = await self._parts.receive()
        return {"type": "http.request", "body": body, "more_body": has_more}

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.sentence += message.get("body", b"").decode()


class Place:
    """A guarded Streamlit, and who sends to it."""

    def __init__(self, tasks: TaskGroup) -> None:
        self.clock = Clock()
        self.uploads = Uploads(self.clock)
        self.streamlit = Streamlit()
        self.closed: set[str] = set()
        self._guard = UploadGuard(
            self.streamlit, uploads=self.uploads, is_active=lambda one: one not in self.closed
        )
        self._tasks = tasks
        self._count = 0

    async def begins(
        self, path: str, *, client: str = "", stated: int | None = 20 * MEGA
    ) -> Visitor:
        # Each from another address, if none is told: how often one may ask is no matter here.
        self._count += 1
        visitor = Visitor(self._guard, path, client or f"192.0.2.{self._count}", stated)
        self._tasks.start_soon(visitor.run)
        await anyio.wait_all_tasks_blocked()
        return visitor

    async def sends(self, path: str, size: int, *, client: str = "") -> Visitor:
        visitor = await self.begins(path, client=client, stated=size)
        await visitor.sends(size, is_all=True)
        return visitor

    def drop(self) -> None:
        self.uploads.drop_unshown(self.streamlit, lambda one: one not in self.closed)


def staged(story: Callable[[Place], Awaitable[None]]) -> None:
    """Play a story; whoever still sends at its end is cut off."""

    async def play() -> None:
        async with anyio.create_task_group() as tasks:
            await story(Place(tasks))
            tasks.cancel_scope.cancel()

    anyio.run(play)


def test_upload_that_takes_longer_than_the_page_waits_is_counted_when_it_has_come() -> None:
    async def story(place: Place) -> None:
        slow = [await place.begins(f"one/{number}") for number in range(6)]
        for one in slow:
            await one.sends(MEGA)
        place.clock.now += 61
        place.drop()
        for one in slow:
            await one.sends(18 * MEGA, is_all=True)
        assert [one.status for one in slow] == [204] * 3 + [413] * 3
        assert place.streamlit.held_bytes() == 57 * MEGA
        place.clock.now += 61
        place.drop()
        assert place.streamlit.held_bytes() == 0
        assert (await place.sends("one/late", 20 * MEGA)).status == 204

    staged(story)


def test_upload_that_ends_after_its_page_is_not_held() -> None:
    async def story(place: Place) -> None:
        slow = await place.begins("one/a")
        await slow.sends(MEGA)
        place.closed.add("one")
        place.drop()
        await slow.sends(MEGA, is_all=True)
        place.drop()
        assert place.streamlit.held_bytes() == 0

    staged(story)


def test_who_states_a_size_and_sends_nothing_takes_no_room_from_others() -> None:
    async def story(place: Place) -> None:
        for number in range(40):
            await place.begins(f"{number}/a")
        assert (await place.sends("guest/a", 20 * MEGA)).status == 204

    staged(story)


def test_room_of_all_is_taken_by_what_has_come_of_uploads_on_their_way() -> None:
    async def story(place: Place) -> None:
        coming = [await place.begins(f"{number}/a", stated=20 * MEGA) for number in range(20)]
        for one in coming:
            await one.sends(19 * MEGA)
        last = await place.begins("guest/a")
        await last.sends(15 * MEGA)
        assert last.status is None
        await last.sends(5 * MEGA, is_all=True)
        assert last.status == 204
        refused = await place.sends("late/a", MEGA)
        assert refused.status == 503
        assert "server's room" in refused.sentence
        # What was begun and does not fit is let go, and its room with it.
        await coming[0].sends(MEGA)
        assert coming[0].status == 503
        assert (await place.sends("later/a", 19 * MEGA)).status == 204

    staged(story)


def test_client_holds_no_more_than_its_share_over_all_its_sessions_where_room_is_scarce() -> None:
    async def story(place: Place) -> None:
        answers = [
            await place.sends(f"{number}/a", 20 * MEGA, client="192.0.2.1") for number in range(20)
        ]
        # Many behind one address are many people, as long as half of the room is left.
        assert [one.status for one in answers[:10]] == [204] * 10
        assert {one.status for one in answers[10:]} == {503}
        assert "at your internet address" in answers[10].sentence
        assert place.streamlit.held_bytes() == 200 * MEGA
        # Others get their share then, and no more.
        others = [
            await place.sends(f"guest{number}/a", 20 * MEGA, client="192.0.2.2")
            for number in range(6)
        ]
        assert [one.status for one in others] == [204] * 5 + [503]
        place.closed.update(str(number) for number in range(20))
        place.drop()
        assert (await place.sends("again/a", 20 * MEGA, client="192.0.2.1")).status == 204

    staged(story)


def test_two_uploads_of_one_file_at_once_are_both_counted() -> None:
    async def story(place: Place) -> None:
        both = [await place.begins("one/a") for _ in range(2)]
        for one in both:
            await one.sends(20 * MEGA)
        assert (await place.sends("one/b", 20 * MEGA)).status == 204
        assert (await place.sends("one/c", MEGA)).status == 413
        for one in both:
            await one.sends(0, is_all=True)
        # Streamlit holds the one that came last.
        assert place.streamlit.held_bytes() == 40 * MEGA
        assert (await place.sends("one/c", 20 * MEGA)).status == 204

    staged(story)


def test_what_says_no_size_is_counted_all_the_same() -> None:
    async def story(place: Place) -> None:
        chunked = await place.begins("one/a", stated=None)
        for _ in range(3):
            await chunked.sends(20 * MEGA)
        assert chunked.status is None
        await chunked.sends(1)
        assert chunked.status == 413

    staged(story)


def test_session_may_hold_so_many_files() -> None:
    async def story(place: Place) -> None:
        for number in range(12):
            assert (await place.sends(f"one/{number}", 10)).status == 204
        refused = await place.sends("one/12", 10)
        assert refused.status == 413
        assert "At most 12 photos" in refused.sentence
        assert (await place.sends("other/12", 10)).status == 204
        # The same file anew is no other one.
        assert (await place.sends("one/3", 10)).status == 204

    staged(story)


def test_session_may_hold_so_many_bytes() -> None:
    async def story(place: Place) -> None:
        for number in range(3):
            assert (await place.sends(f"one/{number}", 20 * MEGA)).status == 204
        refused = await place.sends("one/more", MEGA)
        assert refused.status == 413
        assert "60 MB together" in refused.sentence

    staged(story)


def test_what_no_page_shows_goes_after_a_while() -> None:
    async def story(place: Place) -> None:
        for name in ("shown", "never", "left"):
            await place.sends(f"one/{name}", 10)
        place.uploads.show("one", {"shown", "left"})
        place.clock.now += 59
        place.uploads.show("one", {"shown"})
        place.drop()
        assert set(place.streamlit.held["one"]) == {"shown", "never", "left"}
        place.clock.now += 2
        place.drop()
        assert set(place.streamlit.held["one"]) == {"shown", "left"}
        place.clock.now += 60
        place.drop()
        assert set(place.streamlit.held["one"]) == {"shown"}
        place.closed.add("one")
        place.drop()
        assert not place.streamlit.held["one"]
        assert place.uploads.is_empty()

    staged(story)


def test_what_was_removed_is_counted_no_more() -> None:
    async def story(place: Place) -> None:
        for number in range(20):
            path = f"one/{number}"
            assert (await place.sends(path, 20 * MEGA)).status == 204
            scope = {"type": "http", "method": "DELETE", "path": f"/_stcore/upload_file/{path}"}
            await place._guard({**scope, "headers": []}, pytest.fail, _swallow)
        assert place.uploads.is_empty()

    staged(story)


async def _swallow(message: Message) -> None:
    del message
