"""Detect in photos: drop them in or take one, see them with names and boxes, take them away."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import streamlit as st

from detector_app.budget import PHOTO_BUDGET
from detector_app.catalogue import City, PublishedModel
from detector_app.errors import DetectionFailed, PhotoRefused, ServerBusy
from detector_app.models.inference import Detector
from detector_app.models.letterbox import fit_letterbox
from detector_app.photos.overlay import choose_colours, draw_detections
from detector_app.photos.photo import MAX_PHOTO_MEGABYTES, read_photo, write_jpeg
from detector_app.texts import say
from detector_app.views.photo_answer import Answer, show_photo_answer, write_plain
from detector_app.visitor import announce
from detector_app.web.uploads import MAX_SESSION_FILES, show_uploads
from detector_app.wording import as_plain, describe_found, say_quietly


@dataclass(frozen=True)
class _Look:
    """How photos are looked at: in which language, for which city, by whom, from which confidence on."""

    language: str
    city: City
    model: PublishedModel
    detector: Detector
    min_confidence: float | None


def show_photo_tab(
    language: str,
    city: City,
    model: PublishedModel,
    detector: Detector,
    min_confidence: float | None,
) -> None:
    """Draw the tab for the detector of a model, which is loaded."""
    with st.container(key="photos"):
        # Any file: one that is none is refused below, in a sentence, rather than by a red mark.
        photos = st.file_uploader(
            say(language, "photo.taken_in", city=as_plain(city.name)),
            accept_multiple_files=True,
            max_upload_size=MAX_PHOTO_MEGABYTES,
            key="photo",
            help=say(
                language, "photo.limits", most=MAX_SESSION_FILES, megabytes=MAX_PHOTO_MEGABYTES
            ),
        )
        with st.container(key="not_taken"):
            refusal = say(language, "photo.not_taken", megabytes=MAX_PHOTO_MEGABYTES)
            st.html(say_quietly(refusal))
        # The camera is asked for only by those who want it.
        if st.toggle(say(language, "photo.camera"), key="takes_shot"):
            label = say(language, "photo.shot")
            shot = st.camera_input(label, label_visibility="collapsed", key="shot")
            photos += [shot] if shot else []
    show_uploads([photo.file_id for photo in photos])
    look = _Look(language, city, model, detector, min_confidence)
    answers = []
    for photo in photos:
        if len(photos) > 1:
            st.markdown(f"**{as_plain(photo.name)}**")
        answer = _show_photo(look, photo.getvalue(), photo.name, photo.file_id)
        answers += [(photo.file_id, answer)] if answer else []
    _announce_new(look, answers)


def _show_photo(look: _Look, content: bytes, name: str, key: str) -> Answer | None:
    language, detector = look.language, look.detector
    try:
        looked_by = (look.model.onnx_sha256, *detector.shown_names)
        answer = _look_once(content, name, looked_by, look.min_confidence, language, detector)
    except (PhotoRefused, DetectionFailed) as error:
        st.error(as_plain(error.told(language)), icon=":material/broken_image:")
        return None
    except ServerBusy as error:
        st.warning(as_plain(error.told(language)), icon=":material/hourglass_top:")
        st.button(say(language, "photo.again"), key=f"again_{key}")
        return None
    picture, found = st.columns([5, 3], gap="large")
    with picture:
        st.image(
            answer.annotated,
            alt=describe_found(language, answer.detections, detector.names_in(language)),
        )
    with found:
        _show_found(look, answer, name, key)
        if answer.detections:
            st.download_button(
                say(language, "photo.download"),
                answer.annotated,
                file_name=f"{PurePath(name).stem}-sights.jpg",
                mime="image/jpeg",
                icon=":material/download:",
                on_click="ignore",
                key=f"download_{key}",
            )
    _show_debug(look, answer)
    return answer


def _announce_new(look: _Look, answers: Sequence[tuple[str, Answer]]) -> None:
    """Have answers spoken when they come, not whenever the page is drawn again."""
    known: set[str] = st.session_state.setdefault("photos_answered", set())
    new = {f"{key} {look.min_confidence}": answer for key, answer in answers}
    new = {key: answer for key, answer in new.items() if key not in known}
    if not new:
        return
    known.update(new)
    found = [one for answer in new.values() for one in answer.detections]
    names = look.detector.names_in(look.language)
    announce(", ".join(new), describe_found(look.language, found, names))


@st.cache_data(max_entries=MAX_SESSION_FILES, show_spinner=False, scope="session")
def _look_once(
    content: bytes,
    name: str,
    looked_by: tuple[str, ...],
    min_confidence: float | None,
    language: str,
    _detector: Detector,
) -> Answer:
    # A click runs the page anew; a photo need not be looked at again for it, unless another model, or
    # one that is shown to know other sights, is in place by then. Each visitor's are their own, and go
    # with the page.
    del looked_by
    photo = read_photo(content, name)
    started = time.perf_counter()
    with PHOTO_BUDGET.hold(_detector.memory_bytes):
        detections = _detector.detect(np.asarray(photo), min_confidence)
    milliseconds = (time.perf_counter() - started) * 1000
    colours = choose_colours(_detector.class_names)
    drawn = draw_detections(photo, detections, colours, _detector.names_in(language))
    plain = write_plain(photo)
    return Answer(detections, write_jpeg(drawn), plain, photo.width, photo.height, milliseconds)


def _show_found(look: _Look, answer: Answer, name: str, key: str) -> None:
    if answer.detections:
        st.header(say(look.language, "photo.found"))
    else:
        st.header(say(look.language, "photo.nothing"))
        st.html(say_quietly(say(look.language, "photo.nothing.long", city=look.city.name)))
    show_photo_answer(
        look.language, look.city, look.model, look.detector, answer, file_name=name, key=key
    )


def _show_debug(look: _Look, answer: Answer) -> None:
    language, detector = look.language, look.detector
    with st.expander(say(language, "photo.details"), icon=":material/bug_report:"):
        fitted = fit_letterbox(answer.width, answer.height, detector.image_size, detector.stride)
        st.text(
            say(
                language,
                "photo.took",
                milliseconds=f"{answer.milliseconds:.0f}",
                width=answer.width,
                height=answer.height,
                model_width=fitted.width,
                model_height=fitted.height,
            )
        )
        if answer.detections:
            rows = [
                {
                    say(language, "photo.sight"): one.name,
                    say(language, "photo.confidence"): round(one.confidence, 4),
                    "x1": round(one.x1, 1),
                    "y1": round(one.y1, 1),
                    "x2": round(one.x2, 1),
                    "y2": round(one.y2, 1),
                }
                for one in answer.detections
            ]
            st.dataframe(rows, hide_index=True)
