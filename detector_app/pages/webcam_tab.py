"""Detect in the webcam: the film with boxes, and the names beside it as text."""

from typing import Any

import streamlit as st
from streamlit_webrtc import WebRtcMode, WebRtcStreamerContext, webrtc_streamer

from detector_app.models.inference import Detector
from detector_app.photos.overlay import choose_colours
from detector_app.settings import read_settings
from detector_app.video import LatestSights, SightsSeen, make_frame_callback
from detector_app.wording import as_plain, describe_speed, list_sights, say_quietly

# Often enough to follow a moving camera, seldom enough for a screen reader.
NAMES_REFRESH_SECONDS = 0.5


def show_webcam_tab(detector: Detector, min_confidence: float | None) -> None:
    """Draw the tab for a detector that is loaded."""
    latest: LatestSights = st.session_state.setdefault("latest_sights", LatestSights())
    colours = choose_colours(detector.class_names)
    film, names = st.columns([5, 3], gap="large")
    with film:
        context = webrtc_streamer(
            key="webcam",
            mode=WebRtcMode.SENDRECV,
            rtc_configuration=read_settings().rtc_configuration(),
            media_stream_constraints={
                # On a phone, the camera that looks away from its owner.
                "video": {"width": {"ideal": 960}, "facingMode": {"ideal": "environment"}},
                "audio": False,
            },
            video_html_attrs={
                "autoPlay": True,
                "controls": False,
                "muted": True,
                "playsInline": True,
                "style": {"width": "100%", "borderRadius": "0.7rem"},
            },
            video_frame_callback=make_frame_callback(detector, latest, colours, min_confidence),
            async_processing=True,
        )
    with names:
        st.subheader("In view")
        is_playing = context.state.playing
        if not is_playing:
            latest.clear()
        every = NAMES_REFRESH_SECONDS if is_playing else None
        st.fragment(_show_names, run_every=every)(context, latest, colours)


def _show_names(
    context: WebRtcStreamerContext[Any, Any], latest: LatestSights, colours: dict[str, str]
) -> None:
    seen = latest.read()
    if seen.error:
        st.warning(as_plain(seen.error), icon=":material/broken_image:")
    if not context.state.playing:
        st.html(say_quietly("Press START and allow the camera. The film is not kept anywhere."))
    elif seen.detections:
        st.html(list_sights(seen.detections, colours, live=True))
    else:
        st.html(say_quietly(_say_why_empty(seen)))
    if context.state.playing and seen.frame_count:
        st.html(describe_speed(seen))


def _say_why_empty(seen: SightsSeen) -> str:
    if seen.frame_count:
        return "No sight in view. Point the camera at a building."
    return "Waiting for the camera."
