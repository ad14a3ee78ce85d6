"""What the server does by itself while it runs.

It shelves new models, drops forgotten uploads, and deletes its copies of photos that were taken down and
of models that are published no more.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
from streamlit import config, runtime

from detector_app.errors import AppError
from detector_app.models.model_store import drop_models
from detector_app.photos.card_photo import drop_card_photos, has_card_photos
from detector_app.resources import current_catalogue, model_shelf, shown_card_photos
from detector_app.settings import read_settings
from detector_app.web.middleware import is_active_session
from detector_app.web.uploads import UPLOADS, Files

logger = logging.getLogger(__name__)

DROP_UPLOADS_EVERY_SECONDS = 10
# The cards of all cities are asked for, if any photo is kept. `docs/runbooks/take-down.md` promises it.
DROP_TAKEN_DOWN_EVERY_SECONDS = 3600


class WrongPlaceError(Exception):
    """The server was asked to live where its pages cannot be."""


@asynccontextmanager
async def keep_up(app: Any) -> AsyncIterator[None]:
    """Start the upkeep with the server, and end it with it.

    Raises `WrongPlaceError` if the app is to live below another path than `/`.
    """
    del app
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    if base:
        msg = (
            f"server.baseUrlPath is {base!r}, expected none: /camera, its service worker and the models "
            "that phones keep live at the root of a host. Give the app a host name of its own "
            "(a virtual host of the proxy), and unset STREAMLIT_SERVER_BASE_URL_PATH."
        )
        raise WrongPlaceError(msg)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_shelve_models)
        tasks.start_soon(_drop_uploads)
        tasks.start_soon(_drop_taken_down)
        yield
        tasks.cancel_scope.cancel()


async def _shelve_models() -> None:
    while True:
        # A thread that may be left behind: fetching a model is not worth waiting for at the end.
        await anyio.to_thread.run_sync(_fill_shelf, abandon_on_cancel=True)
        await anyio.sleep(_seconds_between_looks())


def _fill_shelf() -> None:
    try:
        model_shelf().fill(current_catalogue())
    except AppError as error:
        logger.warning("models: %s", error)


def _seconds_between_looks() -> float:
    try:
        return read_settings().catalogue_refresh_seconds
    except AppError:
        # The pages say what is wrong; nothing can be shelved before it is corrected.
        return 60


async def _drop_uploads() -> None:
    while True:
        await anyio.sleep(DROP_UPLOADS_EVERY_SECONDS)
        if runtime.exists():
            # Of `st.App`, the one in memory, which can remove a file.
            files = cast("Files", runtime.get_instance().uploaded_file_mgr)
            UPLOADS.drop_unshown(files, is_active_session)


async def _drop_taken_down() -> None:
    while True:
        await anyio.to_thread.run_sync(drop_taken_down, abandon_on_cancel=True)
        await anyio.to_thread.run_sync(drop_old_models, abandon_on_cancel=True)
        await anyio.sleep(DROP_TAKEN_DOWN_EVERY_SECONDS)


def drop_taken_down() -> None:
    """Delete the kept photos that no card shows any more; later, if the warehouse does not answer."""
    try:
        folder = read_settings().model_cache_dir
        if not has_card_photos(folder):
            return
        count = drop_card_photos(folder, shown_card_photos())
    except AppError as error:
        logger.warning("cards: photos that were taken down are looked for later: %s", error)
        return
    if count:
        logger.info("cards: %d photos that no card shows any more were deleted", count)


def drop_old_models() -> None:
    """Delete the files of models that are published no more; later, if the warehouse does not answer."""
    try:
        catalogue = current_catalogue()
        folder = read_settings().model_cache_dir
    except AppError as error:
        logger.warning("models: old ones are looked for later: %s", error)
        return
    # An old list says nothing of what is published since.
    if catalogue.away:
        return
    count = drop_models(folder, model_shelf().hashes_in_use(catalogue))
    if count:
        logger.info("models: %d files of models that are published no more were deleted", count)
