"""detector.js, detectors.js: each picture gets its own answer, whatever the workers that look at it do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import IMPATIENT, SAY_SILENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.site import Site

pytestmark = pytest.mark.slow

# Answers its first picture only when it has the second: both answers come while the second is waited for.
LATE_WORKER = """const looks = [];
self.onmessage = ({ data }) => {
  const answer = (order, rest) => self.postMessage({ number: order.number, ...rest });
  if (data.kind === "load") {
    answer(data, { kind: "loaded", contract: { classNames: [], imageSize: 160 }, threads: 1 });
    return;
  }
  looks.push(data);
  if (looks.length < 2) {
    SAY_SILENT
    return;
  }
  for (const look of looks.splice(0)) answer(look, { kind: "seen", width: look.bitmap.width });
};""".replace("SAY_SILENT", SAY_SILENT)
# Each picture's width, or why there is no answer to it.
LOOK_AT = """async (widths) => {
  const { LocalDetector } = await import("/browser/detector.js");
  const detector = await LocalDetector.open("single", { hidden_classes: [] }, {}, [], () => {});
  const answers = [];
  for (const width of widths) {
    const picture = await createImageBitmap(new ImageData(width, 8));
    answers.push(await detector.look(picture).then((seen) => seen.width, (refusal) => refusal.key));
  }
  detector.close();
  return answers;
}"""


def test_late_answer_is_not_the_next_pictures(new_page: Callable[..., Page], site: Site) -> None:
    site.changed["/browser/worker.js"] = LATE_WORKER.encode()
    page = new_page()
    page.add_init_script(IMPATIENT)
    page.goto(f"{site.url}/blank")
    assert page.evaluate(LOOK_AT, [10, 20]) == ["step.silent", 20]


def test_pictures_that_come_before_an_answer_wait_in_the_worker(
    new_page: Callable[..., Page], site: Site, onnx: bytes
) -> None:
    file = site.add_file(onnx)
    page = new_page()
    page.goto(f"{site.url}/blank")
    answers = page.evaluate(
        """async (file) => {
          const worker = new Worker("/browser/worker.js", { type: "module" });
          const answers = [];
          const all = new Promise((resolve) => {
            worker.onmessage = ({ data }) => {
              if (data.kind !== "progress") answers.push([data.number, data.kind, data.width ?? 0]);
              if (answers.length === 3) resolve();
            };
          });
          worker.postMessage({ number: 1, kind: "load", step: "single", file, publicKeys: [], hiddenClasses: [] });
          for (const number of [2, 3]) {
            const bitmap = await createImageBitmap(new ImageData(number * 40, 80));
            worker.postMessage({ number, kind: "look", bitmap, minConfidence: null }, [bitmap]);
          }
          await all;
          worker.terminate();
          return answers;
        }""",
        file,
    )
    assert answers == [[1, "loaded", 0], [2, "seen", 80], [3, "seen", 120]]


LOOK_WHILE_CLOSED = """async () => {
  const { Detectors } = await import("/browser/detectors.js");
  const { readCity } = await import("/browser/catalogue.js");
  const { model, public_keys: keys } = await readCity("malaga");
  const detectors = new Detectors(model, keys, () => {});
  const picture = await createImageBitmap(new ImageData(64, 64));
  const look = () => detectors.lookAtPhoto(() => createImageBitmap(picture), () => {});
  const seen = await detectors.hold(async () => {
    await look();
    detectors.close();
    return look();
  });
  return [seen.width, await look().then(() => "looked", (refusal) => refusal.key)];
}"""


def test_detectors_are_closed_after_their_last_look(
    new_page: Callable[..., Page], site: Site
) -> None:
    page = new_page()
    page.goto(f"{site.url}/blank")
    assert page.evaluate(LOOK_WHILE_CLOSED) == [64, "step.closed"]


WILLING_WORKER = b"""self.onmessage = ({ data: { number, kind } }) => self.postMessage(
  kind === "load"
    ? { number, kind: "loaded", contract: { classNames: [], imageSize: 160 }, threads: 1 }
    : { number, kind: "seen", width: 64, height: 64, detections: [] });"""
# A film leaves its step while a photo is looked at with the same file; then the old step fails once more.
LEAVE_WHILE_OPENING = """async () => {
  const { Detectors } = await import("/browser/detectors.js");
  const { Refusal } = await import("/browser/refusal.js");
  const file = { sha256: "a", bytes: 1 };
  const detectors = new Detectors({ file, live: null, sights: [], hidden_classes: [] }, [], () => {});
  const { film } = detectors;
  const detector = await film.open();
  const left = film.step;
  // While it opens anew, whoever still has the old one may fail with it.
  film.leave(detector, new Refusal("step.silent"));
  const copy = () => createImageBitmap(new ImageData(64, 64));
  const looking = detectors.lookAtPhoto(copy, () => {});
  film.leave(detector, new Refusal("step.silent"));
  const { width } = await looking;
  return [left, film.step, width];
}"""


def test_step_that_two_leave_is_left_once(new_page: Callable[..., Page], site: Site) -> None:
    site.changed["/browser/worker.js"] = WILLING_WORKER
    page = new_page()
    page.goto(f"{site.url}/blank")
    assert page.evaluate(LEAVE_WHILE_OPENING) == ["threads", "single", 64]
