"""Detect in a photo: drop it in, see it with names and boxes, take it away."""

import time
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
import streamlit as st
from PIL import Image

from detector_app.catalogue import City
from detector_app.errors import DetectionFailed, PhotoRefused
from detector_app.models.detection import Detection
from detector_app.models.inference import Detector
from detector_app.models.letterbox import fit_letterbox
from detector_app.photos.overlay import choose_colours, draw_detections
from detector_app.photos.photo import (
    MAX_PHOTO_MEGABYTES,
    PHOTO_SUFFIXES,
    read_photo,
    write_jpeg,
)
from detector_app.wording import as_plain, describe_found, list_sights, say_quietly


def show_photo_tab(city: City, detector: Detector, min_confidence: float | None) -> None:
    """Draw the tab for a detector that is loaded."""
    upload = st.file_uploader(
        f"A photo taken in {as_plain(city.name)}",
        type=list(PHOTO_SUFFIXES),
        max_upload_size=MAX_PHOTO_MEGABYTES,
        key="photo",
        help="The photo stays on this server's memory while you look at it; it is not kept.",
    )
    if upload is None:
        return
    try:
        photo = _read_photo_once(upload.getvalue(), upload.name)
        started = time.perf_counter()
        detections = detector.detect(np.asarray(photo), min_confidence)
    except (PhotoRefused, DetectionFailed) as error:
        st.error(as_plain(str(error)), icon=":material/broken_image:")
        return
    milliseconds = (time.perf_counter() - started) * 1000
    colours = choose_colours(detector.class_names)
    annotated = write_jpeg(draw_detections(photo, detections, colours))
    picture, found = st.columns([5, 3], gap="large")
    with picture:
        st.image(annotated, alt=describe_found(detections))
    with found:
        _show_found(city, detections, colours)
        if detections:
            st.download_button(
                "Download the picture",
                annotated,
                file_name=f"{PurePath(upload.name).stem}-sights.jpg",
                mime="image/jpeg",
                icon=":material/download:",
                on_click="ignore",
            )
    _show_debug(detector, photo, detections, milliseconds)


@st.cache_data(max_entries=1, show_spinner=False, scope="session")
def _read_photo_once(content: bytes, file_name: str) -> Image.Image:
    # The slider runs the page anew; the photo need not be unpacked again for it. Each visitor's is
    # their own, and goes with the page.
    return read_photo(content, file_name)


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


def _show_debug(
    detector: Detector, photo: Image.Image, detections: Sequence[Detection], milliseconds: float
) -> None:
    with st.expander("Details", icon=":material/bug_report:"):
        fitted = fit_letterbox(photo.width, photo.height, detector.image_size, detector.stride)
        st.text(
            f"{milliseconds:.0f} ms to look at the photo of {photo.width} x {photo.height} "
            f"pixels, shown to the model as {fitted.width} x {fitted.height}."
        )
        if detections:
            rows = [
                {
                    "sight": one.name,
                    "confidence": round(one.confidence, 4),
                    "x1": round(one.x1, 1),
                    "y1": round(one.y1, 1),
                    "x2": round(one.x2, 1),
                    "y2": round(one.y2, 1),
                }
                for one in detections
            ]
            st.dataframe(rows, hide_index=True)
