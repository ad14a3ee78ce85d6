"""The application of all pages: routes, static files, errors as sentences, strict headers.

What the pages show was written by strangers (titles, authors, descriptions). They put it on screen
as text only, and the content security policy lets no script run but the pages' own files.
"""

import json
from collections.abc import Awaitable, Callable
from functools import cache

from airflow.api_fastapi.app import get_auth_manager
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from sightscan.errors import DecisionError, ReviewError, SightScanError, UnknownCity
from sightscan.pages import gallery, models, photos, reports, requests, review
from sightscan.pages.navigation import STATIC
from sightscan.pages.overview import page as overview

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
STATUS = {ReviewError: 409, DecisionError: 409, UnknownCity: 404}


@cache
def pages() -> FastAPI:
    """Build the application once."""
    app = FastAPI(title="SightScan's pages", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(overview.router)
    app.include_router(photos.router)
    app.include_router(gallery.router)
    app.include_router(review.router)
    app.include_router(requests.router)
    app.include_router(models.router)
    app.include_router(reports.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_exception_handler(SightScanError, _say_what_was_wrong)
    app.add_exception_handler(HTTPException, _lead_to_the_login)
    app.add_exception_handler(RequestValidationError, _say_what_was_expected)
    app.middleware("http")(_add_headers)
    return app


async def _say_what_was_wrong(_: Request, error: Exception) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 503)
    return JSONResponse({"detail": str(error)}, status)


async def _say_what_was_expected(_: Request, error: Exception) -> Response:
    """Answer 422 without repeating what was sent: JSON has no way to write all of it, such as NaN."""
    if not isinstance(error, RequestValidationError):
        raise error
    problems = [{key: one[key] for key in ("type", "loc", "msg")} for one in error.errors()]
    return Response(json.dumps({"detail": problems}), 422, media_type="application/json")


async def _lead_to_the_login(request: Request, error: Exception) -> Response:
    """Send who opens a page without a login to it, and back again afterwards."""
    if not isinstance(error, HTTPException):
        raise error
    is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if error.status_code == 401 and is_page:  # noqa: PLR2004 - unauthorised
        login = get_auth_manager().get_url_login(next_url=str(request.url))
        return RedirectResponse(login)
    return await http_exception_handler(request, error)


async def _add_headers(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await answer(request)
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response
