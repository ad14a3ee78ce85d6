"""Find photos that are mostly somebody's face: portraits before a sight show no sight.

OpenCV's own detector (Viola and Jones' cascade, shipped with it) is small and quick, and finds
faces from the front. Only large faces are looked for, which is also why there is little to mistake.
"""

import math
import threading
from functools import partial
from pathlib import Path

import cv2
import cv2.data
import numpy as np
from PIL import Image

CASCADE = Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"
# A face of interest fills much of a photo: it is as plain in a small copy of it.
SEARCHED_SIDE_PIXELS = 256
STEP = 1.1
# So many overlapping finds make a face; fewer are a window with two shadows.
MIN_FINDS = 4

# Photos are looked at side by side already: threads for each would only wait for one another.
cv2.setNumThreads(1)
# A cascade keeps what it works on in itself, so each thread has its own.
_of_thread = threading.local()


def face_share(image: Image.Image, min_share: float) -> float:
    """Return the share of the area (0 to 1) of the largest face; 0 if none reaches `min_share`.

    A face here is the square from brow to mouth that the detector draws.
    """
    small = image.convert("L")
    # By whole factors first, then by averages: the cascade, too, looks at averages of areas.
    size = (SEARCHED_SIDE_PIXELS, SEARCHED_SIDE_PIXELS)
    small.thumbnail(size, Image.Resampling.BOX, reducing_gap=1.0)
    area = small.width * small.height
    # A square of that share may be larger than a narrow picture is wide.
    min_side = min(math.floor(math.sqrt(min_share * area)), *small.size)
    search = partial(
        _cascade().detectMultiScale,
        cv2.equalizeHist(np.asarray(small)),
        minSize=(min_side, min_side),
    )
    # A face is found at several sizes. Where every second size has not a single find, as in nearly
    # every photo of a sight, the others need not be searched.
    if len(search(scaleFactor=STEP**2, minNeighbors=0)) == 0:
        return 0.0
    faces = search(scaleFactor=STEP, minNeighbors=MIN_FINDS)
    share = max((width * height / area for _, _, width, height in faces), default=0.0)
    return float(share) if share >= min_share else 0.0


def _cascade() -> cv2.CascadeClassifier:
    if not hasattr(_of_thread, "cascade"):
        _of_thread.cascade = cv2.CascadeClassifier(str(CASCADE))
    cascade: cv2.CascadeClassifier = _of_thread.cascade
    return cascade
