/** What stands under Debug: numbers of the film, the step of the ladder, versions, and a switch of the overlay. */

import { liveFile, sightName } from "./catalogue.js";
import { make } from "./dom.js";
import { RUNTIME_VERSION } from "./runtime.js";
import { currentLanguage, percent, say, sayRefusal } from "./texts.js";

/** Often enough to be read. */
const EVERY_MS = 500;

/** Draws rows of a definition list, while it is open. */
export class DebugPanel {
  #drawnAt = -EVERY_MS;

  /** @param {HTMLDetailsElement} details with a list */
  constructor(details) {
    this.details = details;
    this.list = details.querySelector("dl");
  }

  /**
   * @param {import("./detectors.js").Detectors | null} detectors
   * @param {import("./live_view.js").Looked | null} looked
   */
  draw(detectors, looked) {
    const now = performance.now();
    if (!this.details.open || (looked && now - this.#drawnAt < EVERY_MS)) return;
    this.#drawnAt = now;
    const rows = [...describeModel(detectors), ...describeStep(detectors), ...describeFilm(detectors, looked)];
    this.list.replaceChildren(
      ...rows.flatMap(([key, text]) => [make("dt", {}, say(key)), make("dd", {}, text)]),
    );
  }
}

function describeModel(detectors) {
  if (!detectors) return [];
  const { model } = detectors;
  const file = liveFile(model);
  const isSigned = detectors.publicKeys.length > 0;
  return [
    ["debug.version", `${model.version}, ${model.published_at.slice(0, 10)}, mAP50-95 ${model.map50_95.toFixed(3)}`],
    ["debug.file", `${file.sha256.slice(0, 12)}, ${file.image_size} px`],
    ["debug.signature", say(isSigned ? "debug.signed" : "debug.not_signed")],
    ["debug.runtime", `onnxruntime-web ${RUNTIME_VERSION}`],
  ];
}

function describeStep(detectors) {
  if (!detectors?.film.step) return [];
  const reasons = detectors.film.reasons.map(({ step, refusal }) => `${step}: ${sayRefusal(refusal)}`);
  return [
    ["debug.step", detectors.film.step],
    ...(reasons.length ? [["debug.reasons", reasons.join("\n")]] : []),
  ];
}

function describeFilm(detectors, looked) {
  if (!looked) return [];
  const { seen, perSecond, sinceStart } = looked;
  const parts = Object.entries(seen.milliseconds).map(([part, milliseconds]) => `${part} ${milliseconds.toFixed(1)}`);
  const found = seen.detections.map(
    (one) =>
      `${sightName(detectors.model, one.class, currentLanguage())} ${percent(one.confidence)} ` +
      `(${one.score.toFixed(3)}): ${one.box.map((side) => Math.round(side)).join(", ")}`,
  );
  return [
    ["debug.film", say("debug.film_is", { width: seen.width, height: seen.height, rate: perSecond.toFixed(1) })],
    ["debug.milliseconds", parts.join(", ")],
    ["debug.running", say("debug.seconds", { seconds: (sinceStart / 1000).toFixed(0) })],
    ["debug.found", found.join("\n") || "-"],
  ];
}
