"""The page where people share a photo to help improve, see it as it would be stored, and take it back."""

from typing import Final
from uuid import uuid4

import streamlit as st

from detector_app.client_limits import SHARING
from detector_app.errors import AppError, PhotoRefused, ServerBusy, WarehouseAway
from detector_app.photos.photo import MAX_PHOTO_MEGABYTES
from detector_app.photos.stored_photo import StoredPhoto, prepare_photo
from detector_app.resources import current_warehouse, sharing_cities, sharing_sights
from detector_app.sharing import (
    MAX_AUTHOR_CHARACTERS,
    MAX_SHARED_SIDE_PIXELS,
    SHARED_JPEG_QUALITY,
    SHARED_LICENCE,
    hash_code,
    make_code,
)
from detector_app.texts import count, say
from detector_app.views.hurry import is_hurried
from detector_app.views.take_back import show_withdrawal
from detector_app.visitor import current_language, remember_visitor
from detector_app.web.uploads import show_uploads
from detector_app.wording import as_plain

# One photo of one visitor, as long as the page is open.
_PREPARED_AT_ONCE: Final = 2


def show() -> None:
    """Draw the page."""
    language = current_language()
    remember_visitor()
    st.title(say(language, "improve.title"))
    st.markdown(say(language, "improve.lead"))
    code = st.session_state.get("shared_code")
    if code:
        _show_code(language, code)
    elif st.toggle(say(language, "improve.switch"), key="helps_improve"):
        try:
            _show_form(language)
        except WarehouseAway:
            st.warning(say(language, "away.here"), icon=":material/cloud_off:")
    st.divider()
    show_withdrawal(language)


def _show_form(language: str) -> None:
    cities = sharing_cities()
    if not cities:
        st.info(say(language, "improve.no_city"), icon=":material/travel_explore:")
        return
    left, right = st.columns(2)
    city = left.selectbox(
        say(language, "ask.label"), cities, format_func=lambda one: one.city_name, index=None
    )
    if city is None:
        return
    sight = right.selectbox(
        say(language, "improve.sight"),
        sharing_sights(city.city_id),
        format_func=lambda one: one.sight_name,
        index=None,
    )
    photo = st.file_uploader(
        say(language, "improve.photo"), max_upload_size=MAX_PHOTO_MEGABYTES, key="shared_photo"
    )
    show_uploads([photo.file_id] if photo else [])
    if photo is None or sight is None:
        return
    try:
        with st.spinner(say(language, "improve.blurring")):
            shared = _prepare_once(photo.getvalue(), photo.name)
    except PhotoRefused as error:
        st.error(as_plain(error.told(language)), icon=":material/broken_image:")
        return
    except ServerBusy as error:
        st.warning(as_plain(error.told(language)), icon=":material/hourglass_top:")
        st.button(say(language, "improve.again"))
        return
    _show_shared(language, shared)
    author = st.text_input(
        say(language, "improve.author"),
        max_chars=MAX_AUTHOR_CHARACTERS,
        help=say(language, "improve.author.help"),
    )
    st.markdown(say(language, "improve.use"))
    agrees = st.checkbox(say(language, "improve.agree"), key=f"agrees_{photo.file_id}")
    if st.button(
        say(language, "improve.share"),
        type="primary",
        disabled=not agrees,
        icon=":material/volunteer_activism:",
    ):
        _share(language, shared, city.city_id, sight.sight_id, author)


def _show_shared(language: str, shared: StoredPhoto) -> None:
    found = ", ".join(
        (
            count(language, "improve.faces", shared.face_count),
            count(language, "improve.plates", shared.plate_count),
        )
    )
    st.image(shared.content, alt=say(language, "improve.alt", found=found))
    st.markdown(as_plain(say(language, "improve.look", found=found)))


@st.cache_data(max_entries=_PREPARED_AT_ONCE, show_spinner=False, scope="session")
def _prepare_once(content: bytes, file_name: str) -> StoredPhoto:
    # What is shown is what is stored: the same bytes, for as long as this visitor looks at them.
    return prepare_photo(
        content,
        file_name,
        max_side_pixels=MAX_SHARED_SIDE_PIXELS,
        jpeg_quality=SHARED_JPEG_QUALITY,
    )


def _share(language: str, shared: StoredPhoto, city_id: str, sight_id: int, author: str) -> None:
    if is_hurried(language, SHARING):
        return
    code = make_code()
    values: dict[str, object] = {
        "contribution_id": uuid4(),
        "city_id": city_id,
        "sight_id": sight_id,
        "bytes": shared.content,
        "licence": SHARED_LICENCE,
        # Nobody needs to know what else this person shared.
        "contributed_by": "anonymous",
        "code_sha256": hash_code(code),
        "author": " ".join(author.replace("\0", " ").split()) or None,
    }
    try:
        current_warehouse().ask("share_photo", values, writes=True)
    except AppError:
        st.warning(say(language, "improve.not_shared"), icon=":material/cloud_off:")
        return
    st.session_state["shared_code"] = code
    st.rerun()


def _show_code(language: str, code: str) -> None:
    st.success(say(language, "improve.thanks"), icon=":material/check:")
    st.code(code, language=None)
    st.download_button(
        say(language, "improve.keep"),
        say(language, "improve.file", code=code),
        file_name="sightscan-code.txt",
        mime="text/plain",
        icon=":material/download:",
        on_click="ignore",
    )
    if st.button(say(language, "improve.another"), icon=":material/add:"):
        del st.session_state["shared_code"]
        st.rerun()
