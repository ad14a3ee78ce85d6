/** Two lines of a page: how much of a detector has come, and which step of the ladder looks, with the reason. */

import { showSentence } from "./dom.js";
import { percent, say, sayRefusal } from "./texts.js";

/** What is said otherwise of photos; where nothing looks, a photo's card says so. */
const STEPS_FOR_PHOTOS = { server: "step.on.server_photos", photo: null };

/**
 * @param {HTMLElement} line @param {import("./detectors.js").Detectors | null} [detectors]
 * @param {boolean} [isFilm] whether it looks at a film, rather than at photos
 */
export function showStep(line, detectors, isFilm = true) {
  const { step, reasons } = (isFilm ? detectors?.film : detectors?.photo) ?? {};
  const reason = reasons?.at(-1);
  const looks = isFilm || !(step in STEPS_FOR_PHOTOS) ? `step.on.${step}` : STEPS_FOR_PHOTOS[step];
  const sentences = step ? [reason && sayRefusal(reason.refusal), looks && say(looks)] : [];
  showSentence(line, sentences.filter(Boolean).join(" ") || null);
}

/**
 * @param {HTMLElement} line with a sentence's place and a bar @param {string} name of the city
 * @param {number} share that has come, 0..1
 */
export function showFetched(line, name, share) {
  const bar = line.querySelector("progress");
  bar.value = share;
  bar.setAttribute("aria-label", say("progress.of", { name }));
  line.querySelector("span").textContent = say("progress", { name, share: percent(share) });
  line.hidden = share >= 1;
}
