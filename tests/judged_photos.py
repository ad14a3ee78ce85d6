"""Photos with their truth, read by a detector as publication reads them."""

from collections.abc import Sequence

from sightscan.box import Box
from sightscan.publish.detector import OnnxDetector
from sightscan.publish.reading import Entrant, JudgedPhoto, Reading, read_photos

# A photo's bytes, and its truth.
Labelled = tuple[bytes, Sequence[tuple[str, Box]]]


def read(detector: OnnxDetector, photos: Sequence[Labelled]) -> Reading:
    """Let a detector answer the photos."""
    judged = [
        (JudgedPhoto(bytes([number]), tuple(truth)), content)
        for number, (content, truth) in enumerate(photos)
    ]
    (reading,) = read_photos([Entrant(detector, detector.class_names)], judged)
    return reading
