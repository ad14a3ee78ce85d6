"""What several routes answer with: something that browsers have already, JSON by coding, or a refusal."""

import hashlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from detector_app.web.cities import CitiesAnswer
from detector_app.web.files import REVALIDATED, accepts


def send_fresh(
    request: Request,
    content: bytes,
    media_type: str,
    more: dict[str, str] | None = None,
    tag: str | None = None,
) -> Response:
    """Send what a browser asks for each time, unless it is what the browser has."""
    tag = tag or f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": REVALIDATED, "ETag": tag, **(more or {})}
    if tag in request.headers.get("if-none-match", ""):
        headers.pop("Content-Encoding", None)
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def send_answer(request: Request, answer: CitiesAnswer) -> Response:
    """Send a list or a city in a coding that the browser takes."""
    accepted = request.headers.get("accept-encoding", "")
    coding = next((one for one in answer.compressed if accepts(accepted, one)), None)
    content = answer.compressed[coding] if coding else answer.content
    headers = {"Vary": "Accept-Encoding"} | ({"Content-Encoding": coding} if coding else {})
    return send_fresh(request, content, "application/json", headers, tag=answer.tag)


def refuse(
    status: int, sentence: str, headers: dict[str, str] | None = None, reason: str | None = None
) -> Response:
    """Say no; for a `reason` the pages have a sentence of their own, in their language."""
    answer = {"error": sentence} | ({"reason": reason} if reason else {})
    return JSONResponse(answer, status, headers={"Cache-Control": "no-store", **(headers or {})})
