"""Photos that browsers send: from this server's own pages only, and in the room that all share."""

from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from detector_app.web.answers import refuse
from detector_app.web.limits import BodyRefusedError, BodyRoom, RateLimit, read_body

MAX_PHOTO_SECONDS: Final = 20.0
# Of all that is on its way, or waits to be looked at: one client alone could send 96 photos at once.
MAX_BODIES_BYTES: Final = 200_000_000
# Without a photo's type, a form of another site could send one unasked.
_SIMPLE_TYPES: Final = (
    "text/plain",
    "multipart/form-data",
    "application/x-www-form-urlencoded",
    "",
)

_body_room = BodyRoom(MAX_BODIES_BYTES)


async def work_on_photo(
    request: Request, max_bytes: int, work: Callable[[bytes], Response]
) -> Response:
    """Take the photo that a page of ours sends, and answer with what `work` makes of it."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return refuse(403, "Photos are taken from this server's own pages only.")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in _SIMPLE_TYPES:
        return refuse(415, "Send a photo, and say with Content-Type which kind it is.")
    with _body_room.share() as take:
        try:
            content = await read_body(
                request, max_bytes=max_bytes, max_seconds=MAX_PHOTO_SECONDS, take=take
            )
        except BodyRefusedError as error:
            # What is still on its way is not read.
            reason = {408: "too_slow", 413: "too_large"}.get(error.status, "busy")
            return refuse(error.status, str(error), {"Connection": "close"}, reason=reason)
        except ClientDisconnect:
            return Response(status_code=499)
        return await run_in_threadpool(work, content)


def refuse_hurry(
    limit: RateLimit, client: str, sentence: str, reason: str = "too_often"
) -> Response | None:
    """Count a request of a client; return the refusal if there were too many.

    The pages' sentence for `too_often` is of one device: of all together, another reason is told.
    """
    seconds = limit.take(client)
    if not seconds:
        return None
    retry = {"Retry-After": str(round(seconds) + 1)}
    return refuse(429, sentence, retry, reason=reason)
