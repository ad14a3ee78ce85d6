"""Detect in photos: drop them in or take one, see them with names and boxes, take them away."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import streamlit as st

from detector_app.budget import PHOTO_BUDGET
from detector_app.catalogue import City
from detector_app.errors import DetectionFailed, PhotoRefused, ServerBusy
from detector_app.models.detection import Detection
from detector_app.models.inference import Detector
from detector_app.models.letterbox import fit_letterbox
from detector_app.photos.overlay import choose_colours, draw_detections
from detector_app.photos.photo import MAX_PHOTO_MEGABYTES, read_photo, write_jpeg
from detector_app.web.uploads import MAX_SESSION_FILES, show_uploads
from detector_app.wording import as_plain, describe_found, list_sights, say_quietly


@dataclass(frozen=True)
class Answer:
    """What was found in a photo of `width` x `height`, the photo with it drawn in, the time it took."""

    detections: tuple[Detection, ...]
    annotated: bytes
    width: int
    height: int
    milliseconds: float


def show_photo_tab(city: City, detector: Detector, min_confidence: float | None) -> None:
    """Draw the tab for a detector that is loaded."""
    with st.container(key="photos"):
        # Any file: one that is none is refused below, in a sentence, rather than by a red mark.
        photos = st.file_uploader(
            f"Photos taken in {as_plain(city.name)}",
            accept_multiple_files=True,
            max_upload_size=MAX_PHOTO_MEGABYTES,
            key="photo",
            help=(
                "The photos stay in this server's memory while you look at them; none is kept. "
                f"At most {MAX_SESSION_FILES} at once, of at most {MAX_PHOTO_MEGABYTES} MB each."
            ),
        )
        with st.container(key="not_taken"):
            st.html(
                say_quietly(
                    "A file that is marked red was not taken. A photo may have at most "
                    f"{MAX_PHOTO_MEGABYTES} MB, and all of them together three times that: remove "
                    "it, and choose a smaller copy."
                )
            )
        # The camera is asked for only by those who want it.
        if st.toggle("Take a photo with this device's camera", key="takes_shot"):
            shot = st.camera_input("A photo", label_visibility="collapsed", key="shot")
            photos += [shot] if shot else []
    show_uploads([photo.file_id for photo in photos])
    for photo in photos:
        if len(photos) > 1:
            st.markdown(f"**{as_plain(photo.name)}**")
        _show_photo(photo.getvalue(), photo.name, city, detector, min_confidence, photo.file_id)


def _show_photo(  # noqa: PLR0917 - a photo, a detector, a choice, a key
    content: bytes,
    name: str,
    city: City,
    detector: Detector,
    min_confidence: float | None,
    key: str,
) -> None:
    try:
        answer = _look_once(content, name, detector.shown_names, min_confidence, detector)
    except (PhotoRefused, DetectionFailed) as error:
        st.error(as_plain(str(error)), icon=":material/broken_image:")
        return
    except ServerBusy as error:
        st.warning(as_plain(str(error)), icon=":material/hourglass_top:")
        st.button("Try again", key=f"again_{key}")
        return
    picture, found = st.columns([5, 3], gap="large")
    with picture:
        st.image(answer.annotated, alt=describe_found(answer.detections))
    with found:
        _show_found(city, answer.detections, choose_colours(detector.class_names))
        if answer.detections:
            st.download_button(
                "Download the picture",
                answer.annotated,
                file_name=f"{PurePath(name).stem}-sights.jpg",
                mime="image/jpeg",
                icon=":material/download:",
                on_click="ignore",
                key=f"download_{key}",
            )
    _show_debug(detector, answer)


@st.cache_data(max_entries=MAX_SESSION_FILES, show_spinner=False, scope="session")
def _look_once(
    content: bytes,
    name: str,
    shown_names: tuple[str, ...],
    min_confidence: float | None,
    _detector: Detector,
) -> Answer:
    # A click runs the page anew; a photo need not be looked at again for it. Each visitor's are
    # their own, and go with the page.
    del shown_names
    photo = read_photo(content, name)
    started = time.perf_counter()
    with PHOTO_BUDGET.hold(_detector.memory_bytes):
        detections = _detector.detect(np.asarray(photo), min_confidence)
    milliseconds = (time.perf_counter() - started) * 1000
    drawn = draw_detections(photo, detections, choose_colours(_detector.class_names))
    return Answer(detections, write_jpeg(drawn), photo.width, photo.height, milliseconds)


def _show_found(city: City, detections: Sequence[Detection], colours: dict[str, str]) -> None:
    if detections:
        st.subheader("Found")
        st.html(list_sights(detections, colours))
        return
    st.subheader("Nothing found")
    st.html(
        say_quietly(
            f"No sight of {city.name} was found in this photo. Let less sure names be shown "
            "above, or try a photo that shows more of the building."
        )
    )


def _show_debug(detector: Detector, answer: Answer) -> None:
    with st.expander("Details", icon=":material/bug_report:"):
        fitted = fit_letterbox(answer.width, answer.height, detector.image_size, detector.stride)
        st.text(
            f"{answer.milliseconds:.0f} ms to look at the photo of {answer.width} x {answer.height} "
            f"pixels, shown to the model as {fitted.width} x {fitted.height}."
        )
        if answer.detections:
            rows = [
                {
                    "sight": one.name,
                    "confidence": round(one.confidence, 4),
                    "x1": round(one.x1, 1),
                    "y1": round(one.y1, 1),
                    "x2": round(one.x2, 1),
                    "y2": round(one.y2, 1),
                }
                for one in answer.detections
            ]
            st.dataframe(rows, hide_index=True)
