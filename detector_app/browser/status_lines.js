/** Two lines of a page: how much of a detector has come, and which step of the ladder looks, with the reason. */

import { showSentence } from "./dom.js";
import { percent, say, sayRefusal } from "./texts.js";

/** @param {HTMLElement} line @param {import("./detectors.js").Detectors | null} [detectors] */
export function showStep(line, detectors) {
  const { step, reasons } = detectors ?? {};
  const reason = reasons?.at(-1);
  const sentences = step ? [...(reason ? [sayRefusal(reason.refusal)] : []), say(`step.on.${step}`)] : [];
  showSentence(line, sentences.join(" ") || null);
}

/** @param {HTMLElement} line @param {string} name of the city @param {number} share that has come, 0..1 */
export function showFetched(line, name, share) {
  showSentence(line, share < 1 ? say("progress", { name, share: percent(share) }) : null);
}
