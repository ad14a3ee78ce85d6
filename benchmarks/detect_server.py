"""Measure the app's server: photos of all kinds and sizes, its memory, and what a look costs beside the bare run.

    .venv/app/bin/python -m benchmarks.detect_server --model model.onnx --photos <folder>

Run in the app's environment, which reads and writes HEIC. The server is the real one, over HTTP; each
client has an address of its own, since one alone may send a photo a second.
"""

import argparse
import http.client
import itertools
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.kept_city import ServerProcess, keep_city
from benchmarks.photo_kinds import make_kinds, make_large
from benchmarks.report import Row, publish
from detector_app.models.inference import Detector, load_detector
from detector_app.models.letterbox import apply_letterbox, fit_letterbox
from detector_app.photos.photo import read_photo
from tests.end_to_end.app_server import run_app

ROUNDS = 5
PHOTOS_OF_THE_RUN = 20


def measure(model: Path, photos: list[Path]) -> list[Row]:
    """Return the figures of the server."""
    rows = _measure_runs(model, photos[:PHOTOS_OF_THE_RUN])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = keep_city(model, folder / "cache")
        with run_app(folder / "cache", folder / "app.log") as url:
            asking = _Asking(url, kept.onnx_sha256)
            jpeg = photos[0].read_bytes()
            # The model is loaded with the first photo.
            asking.send(jpeg)
            with Image.open(photos[0]) as opened:
                rows += _measure_kinds(asking, opened.convert("RGB"))
            rows += _measure_large(asking, ServerProcess(url))
    return rows


def _measure_runs(model: Path, photos: list[Path]) -> list[Row]:
    """Time the bare run and the whole way in turns, so that a noisy second is shared."""
    detector = load_detector(model.read_bytes())
    timed = [_time_photo(detector, path) for _ in range(ROUNDS) for path in photos]
    bare, seen, whole = zip(*timed, strict=True)
    run = statistics.median(bare)
    return [
        Row(f"bare run, median, {detector.image_size} pixels", run * 1000, "ms"),
        Row.at_most(
            "a look at pixels, by the bare run", statistics.median(seen) / run, "times", 1.25
        ),
        Row.at_most(
            "a look at a JPEG, by the bare run", statistics.median(whole) / run, "times", 1.25
        ),
    ]


def _time_photo(detector: Detector, path: Path) -> tuple[float, float, float]:
    """Return the seconds of the bare run, of a look at pixels, and of one at the file."""
    content = path.read_bytes()
    pixels = np.asarray(read_photo(content, path.name))
    fitted = fit_letterbox(pixels.shape[1], pixels.shape[0], detector.image_size, detector.stride)
    images = apply_letterbox(pixels, fitted)
    moments = [time.perf_counter()]
    detector.session.run(["predictions"], {"images": images})
    moments.append(time.perf_counter())
    detector.detect(pixels)
    moments.append(time.perf_counter())
    detector.detect(np.asarray(read_photo(content, path.name)))
    moments.append(time.perf_counter())
    first, second, third = (end - start for start, end in itertools.pairwise(moments))
    return first, second, third


class _Asking:
    """Sends photos, each as a client of its own."""

    def __init__(self, url: str, sha256: str) -> None:
        self.port, self.path = urlsplit(url).port, f"/api/detect?model={sha256}"
        self._clients = itertools.count(2)

    def send(self, content: bytes) -> tuple[float, int, dict[str, object]]:
        """Return the seconds, the status and the answer."""
        number = next(self._clients)
        line = http.client.HTTPConnection(
            "127.0.0.1",
            self.port,
            timeout=60,
            source_address=(f"127.0.{number // 200}.{number % 200 + 2}", 0),
        )
        started = time.perf_counter()
        line.request("POST", self.path, content, {"Content-Type": "application/octet-stream"})
        answer = line.getresponse()
        told = json.loads(answer.read())
        line.close()
        return time.perf_counter() - started, answer.status, told


def _measure_kinds(asking: _Asking, photo: Image.Image) -> list[Row]:
    kinds = make_kinds(photo)
    slowest, unsaid, answered = (0.0, ""), [], 0
    for name, content in kinds.items():
        seconds, status, told = asking.send(content)
        slowest = max(slowest, (seconds, name))
        answered += status == 200
        if status != 200 and not (status == 422 and str(told.get("error")).endswith(".")):
            unsaid.append(f"{name} ({status})")
    return [
        Row.at_least("kinds of file", len(kinds), "", 24),
        Row("answered with what is on them; the others refused", answered),
        Row.at_most(
            f"neither answered nor refused in a sentence {unsaid or ''}", len(unsaid), "", 0
        ),
        Row.at_most(f"the slowest of them: {slowest[1]}", slowest[0], "s", 1),
    ]


def _measure_large(asking: _Asking, server: ServerProcess) -> list[Row]:
    single = {
        f"48 megapixels, {form}": asking.send(make_large(48, form))[0] for form in ("JPEG", "PNG")
    }
    large = [make_large(60, "JPEG")] * 4
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(asking.send, large))
    statuses = sorted({status for _, status, _ in answers})
    return [
        *(Row.at_most(name, seconds, "s", 3) for name, seconds in single.items()),
        Row(
            f"four JPEGs of 60 megapixels at once, the last (statuses {statuses})",
            max(answers)[0],
            "s",
        ),
        Row.below("the server's memory at its most", server.megabytes("VmHWM"), "MB", 2000),
    ]


def main() -> int:
    """Read the command line, measure, write the figures."""
    parser = argparse.ArgumentParser(description="Measure the app's server on photos.")
    parser.add_argument("--model", type=Path, required=True, help="an ONNX file of the trainer")
    parser.add_argument(
        "--photos", type=Path, required=True, help="a folder of JPEGs, or of folders"
    )
    given = parser.parse_args()
    end_as_by_ctrl_c()
    photos = sorted(given.photos.rglob("*.jpg"))
    if not photos:
        parser.error(f"{given.photos} has no *.jpg; name a folder of photos")
    return publish("detect_server", measure(given.model, photos))


if __name__ == "__main__":
    sys.exit(main())
