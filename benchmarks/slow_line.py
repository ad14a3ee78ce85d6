"""A line between a browser and a server that is as slow as a phone's, and counts what goes through it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE_BYTES = 16_384


class SlowLine:
    """Where it begins, and how many bytes the server has sent through it; all connections share its rate."""

    def __init__(self, port: int, bits_per_second: float, round_trip_seconds: float) -> None:
        """Take the server's port, and how slow the line is."""
        self.url, self.received_bytes = "", 0
        self._port, self._rate, self._trip = port, bits_per_second, round_trip_seconds
        self._free_at = 0.0

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, both ways."""
        # A handshake goes there and back before anything is asked.
        await asyncio.sleep(self._trip)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        # Who measured enough ends it in the middle.
        with suppress(asyncio.CancelledError):
            await asyncio.gather(
                self._carry(reader, far_writer, down=False),
                self._carry(far_reader, writer, down=True),
            )
        for one in (writer, far_writer):
            one.close()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, down: bool
    ) -> None:
        arriving: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivering = asyncio.ensure_future(_deliver(arriving, writer))
        now = asyncio.get_running_loop().time
        with suppress(OSError):
            while piece := await reader.read(_PIECE_BYTES):
                if down:
                    self.received_bytes += len(piece)
                    self._free_at = max(self._free_at, now()) + len(piece) * 8 / self._rate
                    # No more than the line carries is read: the server waits, as at a real one.
                    await asyncio.sleep(max(0.0, self._free_at - now()))
                arriving.put_nowait((now() + self._trip / 2, piece))
        arriving.put_nowait((now() + self._trip / 2, b""))
        with suppress(OSError):
            await delivering


async def _deliver(
    arriving: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
) -> None:
    """Write each piece when it is due; an empty one is the end."""
    while True:
        due, piece = await arriving.get()
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        if not piece:
            break
        writer.write(piece)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def slow_line(
    port: int, *, bits_per_second: float, round_trip_seconds: float
) -> Iterator[SlowLine]:
    """Yield a line to a port of this machine."""
    line = SlowLine(port, bits_per_second, round_trip_seconds)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(line.connect, "127.0.0.1", 0), loop
    ).result()
    line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
