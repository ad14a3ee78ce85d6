/** The detectors of one model on this device: which step of the ladder they stand on, and which file each has. */

import { liveFile } from "./catalogue.js";
import { ServerDetector } from "./detector.js";
import { climbDown, findCapabilities, openerOf, STEPS, stepBelow } from "./ladder.js";
import { runtimeBytes } from "./runtime.js";

/** Opens detectors when they are first needed: the live file for a film, the whole one for photos. */
export class Detectors {
  /** @type {import("./ladder.js").Step} where the next one begins */
  #first = STEPS[0];
  #capabilities = findCapabilities();
  /** @type {Map<string, Promise<object | null>>} by hash */
  #opened = new Map();

  /** @type {import("./ladder.js").Step | null} the step they stand on, once one was opened */
  step = null;
  /** Why higher steps were left. @type {{step: string, refusal: import("./refusal.js").Refusal}[]} */
  reasons = [];

  /**
   * @param {import("./catalogue.js").Model} model @param {string[]} publicKeys
   * @param {(share: number) => void} onProgress of what has to be fetched, 0..1
   */
  constructor(model, publicKeys, onProgress) {
    this.model = model;
    this.publicKeys = publicKeys;
    this.onProgress = onProgress;
  }

  /** @returns {Promise<object | null>} a detector for a film; null: nothing looks at films here */
  forFilm() {
    return this.#open(liveFile(this.model));
  }

  /** @returns {Promise<object | null>} a detector for photos */
  forPhotos() {
    return this.#open(this.model.file);
  }

  /** @returns {ServerDetector} for what the browser itself cannot read */
  onServer() {
    return new ServerDetector(this.model);
  }

  /**
   * Begin anew below the step they stand on, after it has failed.
   * @param {import("./refusal.js").Refusal} refusal
   */
  stepDown(refusal) {
    this.reasons.push({ step: this.step, refusal });
    this.#first = stepBelow(this.step);
    this.close();
  }

  close() {
    for (const opening of this.#opened.values()) opening.then((detector) => detector?.close()).catch(() => {});
    this.#opened.clear();
  }

  #open(file) {
    const known = this.#opened.get(file.sha256);
    if (known) return known;
    const opening = this.#climb(file);
    this.#opened.set(file.sha256, opening);
    // What failed for want of a network may work later.
    opening.catch(() => this.#opened.delete(file.sha256));
    return opening;
  }

  async #climb(file) {
    const report = (loaded, step) => this.onProgress(Math.min(loaded / (file.bytes + runtimeBytes(step)), 1));
    const open = openerOf(this.model, file, this.publicKeys, report);
    const { step, detector, reasons } = await climbDown(await this.#capabilities, open, this.#first);
    this.step = step;
    this.#first = step;
    this.reasons.push(...reasons);
    return detector;
  }
}
