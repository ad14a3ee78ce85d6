"""Measure the browser's detection: frames a second, what they cost beside the bare run, and agreement with Python.

    python -m benchmarks.detect --model model.onnx --photos <folder>

`film`: Chromium looks at the photos with wasm on one thread and on several, as `/camera` does; the app's
Python looks at the same files. Each name is held against the one of the same sight whose box shares
most. The film is the photos, 640 x 480, from a camera that is a file, looked at by the variant for films where
`live.onnx` lies beside the model, as the trainer leaves it. Then the real server is asked:
`page` (`detect_page`) and `many` (`detect_many`). `--only` measures some of the three, and writes no file.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from benchmarks.detect_many import measure_many
from benchmarks.detect_page import measure_page
from benchmarks.ending import end_as_by_ctrl_c
from benchmarks.report import Row, measure_parts, publish, show
from tests.browser.reference import load_detector
from tests.browser.site import Site, describe_model, run_site
from tests.end_to_end.browser import CHROMIUM_FLAGS, find_chromium
from tests.film import write_film

PARTS = ("film", "page", "many")
FRAMES = 100
MIN_FRAMES_PER_SECOND = {"single": 10, "threads": 18}
PHOTOS_IN_FILM = 6
OPEN = """async ([model, file, step]) => {
  const { LocalDetector } = await import("/browser/detector.js");
  globalThis.detector = await LocalDetector.open(step, model, file, [], () => {});
  return { classNames: detector.classNames, threads: detector.threads };
}"""
LOOK_AT_PHOTO = """async (address) => {
  const blob = await (await fetch(address)).blob();
  const { detections } = await detector.look(await createImageBitmap(blob));
  return detections;
}"""
LOOK_AT_FILM = """async (frames) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: true });
  const video = Object.assign(document.createElement("video"), { muted: true, srcObject: stream });
  await video.play();
  const rows = [];
  for (let number = 0; number < frames; number++) {
    const started = performance.now();
    const { milliseconds } = await detector.look(await createImageBitmap(video));
    rows.push({ whole: performance.now() - started, ...milliseconds });
  }
  stream.getTracks().forEach((track) => track.stop());
  return rows;
}"""


def measure(model: Path, photos: list[Path], parts: Sequence[str] = PARTS) -> list[Row]:
    """Measure some parts, or all."""
    with sync_playwright() as playwright:
        measures = {
            "film": lambda: _measure_film(playwright, model, photos),
            "page": lambda: measure_page(playwright, model, _named(model, photos)),
            "many": lambda: measure_many(playwright, photos[:PHOTOS_IN_FILM]),
        }
        return measure_parts(measures, parts)


def _named(model: Path, photos: list[Path]) -> list[Path]:
    """Return the first photos on which the model names a sight."""
    detector = load_detector(model.read_bytes())
    named = (photo for photo in photos if detector.detect(_read(photo)))
    return list(itertools.islice(named, PHOTOS_IN_FILM))


def _measure_film(playwright: Playwright, model: Path, photos: list[Path]) -> list[Row]:
    """Return the figures of a film by the number of threads, and how far browser and Python are apart."""
    onnx = model.read_bytes()
    detector = load_detector(onnx)
    live = model.with_name("live.onnx")
    of_film = live.read_bytes() if live.is_file() else onnx
    side = load_detector(of_film).image_size
    site = Site()
    file = site.add_file(onnx, image_size=detector.image_size)
    film_file = site.add_file(of_film, image_size=side)
    for number, photo in enumerate(photos):
        site.changed[f"/photos/{number}"] = photo.read_bytes()
    rows = [
        Row("the film's model: side of its pictures", side, "px"),
        Row("the film's model", len(of_film) / 1_000_000, "MB"),
    ]
    with tempfile.TemporaryDirectory() as folder, run_site(site):
        film = Path(folder) / "film.y4m"
        write_film(photos[:PHOTOS_IN_FILM], film)
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=[*CHROMIUM_FLAGS, f"--use-file-for-fake-video-capture={film}"],
        )
        for step, least_rate in MIN_FRAMES_PER_SECOND.items():
            page, opened = _open(browser, site, film_file, step)
            name = f"{opened['threads']} threads" if step == "threads" else "one thread"
            rows += _film_rows(name, page.evaluate(LOOK_AT_FILM, FRAMES), least_rate)
            page.close()
        page, opened = _open(browser, site, file, "single")
        rows += _compare(page, photos, detector, opened["classNames"])
        browser.close()
    return rows


def _open(browser: Browser, site: Site, file: dict[str, Any], step: str) -> tuple[Page, Any]:
    """Return a page that has opened a model, and what it says of it."""
    page = browser.new_context(permissions=["camera"]).new_page()
    page.goto(f"{site.url}/blank")
    return page, page.evaluate(OPEN, [describe_model(file), file, step])


def _film_rows(name: str, frames: list[dict[str, float]], least_rate: float) -> list[Row]:
    whole, run = ([frame[part] for frame in frames] for part in ("whole", "run"))
    ratio = float(np.quantile(whole, 0.95) / np.quantile(run, 0.95))
    return [
        Row.at_least(f"frames a second, {name}", 1000 / statistics.mean(whole), "", least_rate),
        Row(f"bare run, median, {name}", statistics.median(run), "ms"),
        Row.at_most(f"a frame's whole way, p95 by the run's, {name}", ratio, "times", 1.3),
    ]


def _compare(page: Page, photos: list[Path], detector: Any, names: list[str]) -> list[Row]:
    overlaps, differences, alone = [], [], 0
    for number, photo in enumerate(photos):
        found = page.evaluate(LOOK_AT_PHOTO, f"/photos/{number}")
        expected = detector.detect(_read(photo))
        alone += abs(len(found) - len(expected))
        for one in found:
            same = [
                (_overlap(one["box"], (other.x1, other.y1, other.x2, other.y2)), other.confidence)
                for other in expected
                if other.name == names[one["class"]]
            ]
            if same:
                overlap, confidence = max(same)
                overlaps.append(overlap)
                differences.append(abs(one["confidence"] - confidence))
    return [
        Row(f"names on {len(photos)} photos", len(overlaps)),
        Row.at_most("names that only browser or Python gives", alone, "", 0),
        Row.at_least("overlap of their boxes, least", min(overlaps, default=0.0), "", 0.99),
        Row.at_most("confidences apart, most", max(differences, default=1.0), "", 0.01),
    ]


def _read(photo: Path) -> Any:
    with Image.open(photo) as opened:
        return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))


def _overlap(box: list[float], other: tuple[float, float, float, float]) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(width, 0) * max(height, 0)
    union = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other)) - shared
    return shared / union if union else 0.0


def main() -> int:
    """Read the command line, measure, write the figures."""
    parser = argparse.ArgumentParser(description="Measure the browser's detection.")
    parser.add_argument("--model", type=Path, required=True, help="an ONNX file of the trainer")
    parser.add_argument(
        "--photos", type=Path, required=True, help="a folder of JPEGs, or of folders"
    )
    parser.add_argument("--count", type=int, default=50, help="so many of the photos")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure these, and write no file")
    given = parser.parse_args()
    end_as_by_ctrl_c()
    photos = list(itertools.islice(sorted(given.photos.rglob("*.jpg")), given.count))
    if not photos:
        parser.error(f"{given.photos} has no *.jpg; name a folder of photos")
    rows = measure(given.model, photos, given.only or PARTS)
    return show(rows) if given.only else publish("detect", rows)


if __name__ == "__main__":
    sys.exit(main())
