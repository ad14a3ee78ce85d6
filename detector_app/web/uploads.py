"""What is held of visitors' uploads, and how much that may be.

Streamlit takes any number of files for a session, whether a widget is there for them or not, and
holds them until the session ends. Here the pages say which uploads they show (`show_uploads`); a
session and a client may hold so many bytes, all together so many, and what no page shows goes after
a while. Bytes count as they come: who states a size and sends nothing takes no room from others, and
what is on its way is counted until it has come, however long that takes.
"""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

from streamlit.runtime.scriptrunner import get_script_run_ctx

from detector_app.photos.photo import MAX_PHOTO_MEGABYTES
from detector_app.web.limits import BodyRefusedError

_MEGA: Final = 1_000_000
# Some photos at once, as people choose them from a gallery.
MAX_SESSION_FILES: Final = 12
MAX_SESSION_BYTES: Final = 3 * MAX_PHOTO_MEGABYTES * _MEGA
MAX_HELD_BYTES: Final = 20 * MAX_PHOTO_MEGABYTES * _MEGA
# Many share an address, as a school or a telephone company's phones do, so one address may hold more as
# long as half of the room is left for others; it does not take all there is.
MAX_CLIENT_BYTES: Final = 5 * MAX_PHOTO_MEGABYTES * _MEGA
SCARCE_BYTES: Final = MAX_HELD_BYTES // 2
# The page takes an upload up in a second; a phone that sends several needs longer.
MAX_UNSHOWN_SECONDS: Final = 60


class Files(Protocol):
    """Where Streamlit holds what was uploaded."""

    def remove_file(self, session_id: str, file_id: str) -> None:
        """Forget a file; one that is not there is no error."""


@dataclass(eq=False)
class Upload:
    """A file that is held, or on its way: of which session and client, and what has come of it."""

    session_id: str
    file_id: str
    client: str
    at: float
    bytes: int = 0
    is_shown: bool = False


@dataclass
class Uploads:
    """What is held of whom. Safe to share between the server's loop and the pages' threads."""

    clock: Callable[[], float] = time.monotonic
    _held: dict[tuple[str, str], Upload] = field(default_factory=dict)
    # Apart from those that are held: nothing but their end ends them.
    _coming: set[Upload] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def begin(self, session_id: str, file_id: str, client: str, stated_bytes: int) -> Upload:
        """Take note of an upload that begins; `end` is to be called for it, whatever happens.

        Raises `BodyRefusedError` if what it states finds no room now. It is given none yet.
        """
        with self._lock:
            own = {one.file_id for one in self._all() if one.session_id == session_id}
            if len(own - {file_id}) >= MAX_SESSION_FILES:
                msg = f"At most {MAX_SESSION_FILES} photos at once are possible; remove some first."
                raise BodyRefusedError(413, msg)
            upload = Upload(session_id, file_id, client, self.clock())
            self._check_room(upload, stated_bytes)
            self._coming.add(upload)
            return upload

    def take(self, upload: Upload, count: int) -> None:
        """Count bytes that came; raise `BodyRefusedError` if there is no room for them."""
        with self._lock:
            self._check_room(upload, count)
            upload.bytes += count

    def end(self, upload: Upload, *, is_kept: bool) -> None:
        """Take whether what has come is held now; it failed, or was refused, if not."""
        with self._lock:
            self._coming.discard(upload)
            if is_kept:
                upload.at = self.clock()
                self._held[upload.session_id, upload.file_id] = upload

    def forget(self, session_id: str, file_id: str) -> None:
        """Take that a file is held no more."""
        with self._lock:
            self._held.pop((session_id, file_id), None)

    def show(self, session_id: str, file_ids: Collection[str]) -> None:
        """Take which of its uploads a session's page shows now; the others may go."""
        with self._lock:
            for upload in self._held.values():
                if upload.session_id != session_id:
                    continue
                if upload.is_shown and upload.file_id not in file_ids:
                    upload.at = self.clock()
                upload.is_shown = upload.file_id in file_ids

    def drop_unshown(self, files: Files, is_active: Callable[[str], bool]) -> None:
        """Remove what no page shows, and all of sessions that have ended."""
        with self._lock:
            gone = [
                one
                for one in self._held.values()
                if not is_active(one.session_id)
                or (not one.is_shown and self.clock() - one.at > MAX_UNSHOWN_SECONDS)
            ]
            for one in gone:
                files.remove_file(one.session_id, one.file_id)
                self.forget(one.session_id, one.file_id)

    def is_empty(self) -> bool:
        """Tell whether nothing is held, and nothing on its way."""
        return not self._held and not self._coming

    def _all(self) -> list[Upload]:
        return [*self._held.values(), *self._coming]

    def _check_room(self, upload: Upload, more: int) -> None:
        everything = self._all()
        own = sum(one.bytes for one in everything if one.session_id == upload.session_id)
        if own + more > MAX_SESSION_BYTES:
            msg = (
                f"Photos of at most {MAX_SESSION_BYTES // _MEGA} MB together are possible; "
                "remove some first."
            )
            raise BodyRefusedError(413, msg)
        held = sum(one.bytes for one in everything) + more
        of_client = sum(one.bytes for one in everything if one.client == upload.client)
        if held > SCARCE_BYTES and of_client + more > MAX_CLIENT_BYTES:
            msg = (
                "People at your internet address hold much of this server's room, and little is left "
                "for others; close pages with photos, or try again in a minute."
            )
            raise BodyRefusedError(503, msg)
        if held > MAX_HELD_BYTES:
            msg = "Photos of other people take all of this server's room; try again in a minute."
            raise BodyRefusedError(503, msg)


# One for the process, as Streamlit's own store is: pages and middleware meet here.
UPLOADS: Final = Uploads()


def show_uploads(file_ids: Collection[str]) -> None:
    """Take which uploads the page that is being drawn shows; called by pages."""
    context = get_script_run_ctx()
    if context is not None:
        UPLOADS.show(context.session_id, file_ids)
