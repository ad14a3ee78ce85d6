"""The routes of the app's server, and what each answers; see `server`."""

import logging
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from detector_app.errors import AppError, DetectionFailed, PhotoRefused, ServerBusy
from detector_app.photos.photo import MAX_PHOTO_MEGABYTES
from detector_app.resources import current_catalogue, current_detector, model_shelf
from detector_app.settings import read_settings
from detector_app.web.answers import refuse, send_answer, send_fresh
from detector_app.web.browser_files import (
    BROWSER_FOLDER,
    version_of,
    write_page,
    write_service_worker,
)
from detector_app.web.card_routes import send_card_photo, send_city
from detector_app.web.cities import CitiesAnswers
from detector_app.web.files import IMMUTABLE, REVALIDATED, CompressedFiles
from detector_app.web.limits import RateLimit, client_of
from detector_app.web.look import look_at
from detector_app.web.model_shelf import ShelvedModel
from detector_app.web.photo_bodies import refuse_hurry, work_on_photo
from detector_app.web.report_route import take_report
from detector_app.web.runtime import RUNTIME_FOLDER, RUNTIME_VERSION, find_faults

logger = logging.getLogger(__name__)

# A browser asks once a second; a few who share an address, more often.
LOOKS_PER_SECOND: Final = 4.0
LOOKS_AT_ONCE: Final = 16

_cities_answers = CitiesAnswers()
_look_limit = RateLimit(LOOKS_PER_SECOND, LOOKS_AT_ONCE)


def make_routes() -> list[BaseRoute]:
    """Return all routes; Streamlit's come after them."""
    # The code does not change under a running app.
    version = version_of()
    page, worker = write_page(version), write_service_worker(version)

    def send_camera(request: Request) -> Response:
        return send_fresh(request, page, "text/html")

    def send_service_worker(request: Request) -> Response:
        # It lies in a folder, and serves /camera too.
        allowed = {"Service-Worker-Allowed": "/"}
        return send_fresh(request, worker, "text/javascript", allowed)

    return [
        Route("/healthz", _answer_health),
        Route("/camera", send_camera),
        Route("/browser/sw.js", send_service_worker),
        Mount(f"/browser/{version}", _browser_files(IMMUTABLE)),
        Mount("/browser", _browser_files(REVALIDATED)),
        Mount(f"/runtime/{RUNTIME_VERSION}", _runtime_files()),
        Route("/models/{sha256}.onnx", _send_model),
        Route("/api/city-list", _list_cities),
        Route("/api/cities", _refuse_older_page),
        Route("/api/cities/{slug}", send_city),
        Route("/sights/{slug}/{sha256}.jpg", send_card_photo),
        Route("/api/detect", _detect, methods=["POST"]),
        Route("/api/report", take_report, methods=["POST"]),
        # What begins as one of ours and is none is not one of Streamlit's pages.
        *(Mount(prefix, _nothing_here) for prefix in ("/runtime", "/models", "/sights", "/api")),
    ]


async def _answer_health(request: Request) -> Response:
    del request
    return PlainTextResponse("ok", headers={"Cache-Control": "no-store"})


def _send_model(request: Request) -> Response:
    """Send a checked model; it is not compressed, since weights are noise to any coding."""
    try:
        shelved = model_shelf().find(request.path_params["sha256"], current_catalogue())
    except AppError as error:
        return refuse(503, str(error), reason="no_detector")
    if shelved is None:
        sentence = "No model with this hash is published; ask /api/city-list for the present ones."
        return refuse(404, sentence, reason="gone")
    headers = {"Cache-Control": IMMUTABLE, "ETag": f'"{shelved.model.onnx_sha256}"'}
    if _has_already(request, shelved):
        return Response(status_code=304, headers=headers)
    return FileResponse(shelved.path, media_type="application/octet-stream", headers=headers)


def _list_cities(request: Request) -> Response:
    settings = read_settings()
    answer = _cities_answers.write(current_catalogue(), model_shelf(), settings.public_keys)
    return send_answer(request, answer)


def _refuse_older_page(request: Request) -> Response:
    """Refuse the list to a page that was open before it was short: it reads whole models there."""
    del request
    return refuse(410, "This page is older than its server. Load it again.")


async def _detect(request: Request) -> Response:
    sentence = "This device asks too often; one photo a second is possible."
    hurry = refuse_hurry(_look_limit, client_of(request), sentence)
    if hurry:
        return hurry
    look = partial(_look, sha256=request.query_params.get("model", ""))
    return await work_on_photo(request, MAX_PHOTO_MEGABYTES * 1_000_000, look)


def _look(content: bytes, sha256: str) -> Response:
    try:
        found: dict[str, Any] | None = None
        for city in current_catalogue().cities:
            if city.model and city.model.onnx_sha256 == sha256:
                found = look_at(content, current_detector(city.model))
    except PhotoRefused as error:
        return refuse(422, str(error), reason="photo")
    except ServerBusy as error:
        return refuse(503, str(error), {"Retry-After": "2"}, reason="busy")
    except DetectionFailed as error:
        return refuse(500, str(error), reason="failed")
    except AppError as error:
        return refuse(503, str(error), reason="no_detector")
    if found is None:
        sentence = "No model with this hash is published any more; reload the page."
        return refuse(404, sentence, reason="gone")
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


def _has_already(request: Request, shelved: ShelvedModel) -> bool:
    asked = request.headers.get("if-none-match", "")
    return shelved.model.onnx_sha256 in asked or asked.strip() == "*"


def _browser_files(cache_control: str) -> CompressedFiles:
    return CompressedFiles(BROWSER_FOLDER, cache_control=cache_control)


def _runtime_files() -> Any:
    folder = RUNTIME_FOLDER / RUNTIME_VERSION
    faults = find_faults(folder)
    if not faults:
        return CompressedFiles(folder, cache_control=IMMUTABLE)
    logger.warning(
        "runtime: nothing is sent from %s, since %s; fetch it with "
        "python -m detector_app.web.fetch_runtime",
        folder,
        "; ".join(faults),
    )
    sentence = (
        "This server has no whole copy of onnxruntime-web, with which browsers look for themselves; "
        "whoever runs it fetches one with make setup."
    )
    return refuse(503, sentence)


_nothing_here = refuse(404, "There is nothing at this address.")
