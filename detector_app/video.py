"""Detect in a webcam's frames, off the page's thread, and hand the results to the page.

The browser's frames arrive on a thread of the WebRTC library, which gives the callback the newest
frame and drops those that came while it was busy: the picture may stutter, but never lags. The
page reads what was seen last from `LatestSights`; nothing waits for anything.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import av
import numpy as np
from PIL import Image

from detector_app.errors import DetectionFailed
from detector_app.models.detection import Detection
from detector_app.models.inference import Detector
from detector_app.photos.overlay import draw_detections

logger = logging.getLogger(__name__)

# A name stays on the page this long after it was last seen: read calmly rather than flickering.
NAME_LINGERS_SECONDS: Final = 1.5
# Without a new frame for this long, the film has stopped.
STALE_AFTER_SECONDS: Final = 3.0
_FRAMES_FOR_RATE: Final = 30


@dataclass(frozen=True)
class SightsSeen:
    """What the webcam shows now: each sight once, surest first, and how fast frames are done."""

    detections: tuple[Detection, ...] = ()
    frame_count: int = 0
    milliseconds_per_frame: float = 0.0
    frames_per_second: float = 0.0
    width: int = 0
    height: int = 0
    error: str | None = None


class LatestSights:
    """The newest results of a film; written by the film's thread, read by the page's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = SightsSeen()
        self._last_seen_at: dict[str, tuple[float, Detection]] = {}
        self._frame_times: deque[float] = deque(maxlen=_FRAMES_FOR_RATE)

    def record(
        self, detections: tuple[Detection, ...], milliseconds: float, width: int, height: int
    ) -> None:
        """Take the results of one frame of `width` x `height` pixels."""
        with self._lock:
            now = self._clock()
            self._frame_times.append(now)
            # Surest first, so the surest of a name is the one that stays.
            for detection in reversed(detections):
                self._last_seen_at[detection.name] = (now, detection)
            before = self._seen
            smooth = before.milliseconds_per_frame if before.frame_count else milliseconds
            self._seen = SightsSeen(
                frame_count=before.frame_count + 1,
                milliseconds_per_frame=0.8 * smooth + 0.2 * milliseconds,
                width=width,
                height=height,
            )

    def record_error(self, message: str) -> None:
        """Take the sentence that says why a frame could not be looked at."""
        with self._lock:
            self._frame_times.append(self._clock())
            self._seen = replace(self._seen, error=message)

    def clear(self) -> None:
        """Forget everything: another film begins."""
        with self._lock:
            self._seen = SightsSeen()
            self._last_seen_at.clear()
            self._frame_times.clear()

    def read(self) -> SightsSeen:
        """Return what is seen now; nothing, when no frame came for some seconds."""
        with self._lock:
            now = self._clock()
            if not self._frame_times or now - self._frame_times[-1] > STALE_AFTER_SECONDS:
                return SightsSeen(error=self._seen.error)
            current = [
                detection
                for at, detection in self._last_seen_at.values()
                if now - at <= NAME_LINGERS_SECONDS
            ]
            current.sort(key=lambda detection: -detection.confidence)
            return replace(self._seen, detections=tuple(current), frames_per_second=self._rate())

    def _rate(self) -> float:
        duration = self._frame_times[-1] - self._frame_times[0]
        return (len(self._frame_times) - 1) / duration if duration > 0 else 0.0


def make_frame_callback(
    detector: Detector,
    latest: LatestSights,
    colours: Mapping[str, str],
    min_confidence: float | None,
) -> Callable[[av.VideoFrame], av.VideoFrame]:
    """Return what looks at one frame, records what it sees, and gives the frame with boxes.

    The callback never raises for a failed detection: that would end the film for good.
    """

    def look_at_frame(frame: av.VideoFrame) -> av.VideoFrame:
        pixels = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
        started = time.perf_counter()
        try:
            detections = detector.detect(pixels, min_confidence)
        except DetectionFailed as error:
            logger.warning("webcam: %s", error)
            latest.record_error(str(error))
            return frame
        milliseconds = (time.perf_counter() - started) * 1000
        latest.record(detections, milliseconds, width=frame.width, height=frame.height)
        if not detections:
            return frame
        drawn = draw_detections(Image.fromarray(pixels), detections, colours)
        return av.VideoFrame.from_ndarray(np.asarray(drawn), format="rgb24")

    return look_at_frame
