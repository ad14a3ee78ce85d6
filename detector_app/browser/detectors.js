/** The detectors of one model on this device: on which step of the ladder each of its files stands. */

import { liveFile } from "./catalogue.js";
import { ServerDetector } from "./detector.js";
import { canLookBelow, climbDown, findCapabilities, openerOf, STEPS, stepBelow } from "./ladder.js";
import { asRefusal, Refusal } from "./refusal.js";
import { runtimeBytes } from "./runtime.js";

/** Another step may do better with these; the others concern the picture, the model or the line. */
const LEAVES_STEP = /^(step|runtime)\./;

/** @param {Refusal} refusal @returns {boolean} whether it is the step's, so that another one may do better */
export function isOfStep(refusal) {
  return LEAVES_STEP.test(refusal.key);
}

/** Opens detectors when they are first needed: the live file for a film, the whole one for photos. */
export class Detectors {
  #holders = 0;
  #isLeft = false;

  /**
   * @param {import("./catalogue.js").Model} model @param {string[]} publicKeys
   * @param {(share: number) => void} onProgress of what has to be fetched, 0..1
   */
  constructor(model, publicKeys, onProgress) {
    this.model = model;
    this.publicKeys = publicKeys;
    this.onProgress = onProgress;
    this.capabilities = findCapabilities();
    const live = liveFile(model);
    /** What looks at photos. */
    this.photo = new FileOnLadder(this, model.file);
    /** What looks at films: one that is too slow for the whole file may be quick enough for this one. */
    this.film = live.sha256 === model.file.sha256 ? this.photo : new FileOnLadder(this, live);
  }

  /**
   * Look at a photo; a step that fails at it is left, and the next one looks at the same photo.
   * @param {() => Promise<ImageBitmap>} copy the photo for one look, which takes it
   * @param {() => void} onStep called before each look, when the photo's `step` is the one that looks
   * @returns {Promise<import("./detector.js").Seen | null>} null: nothing looks at photos here
   */
  async lookAtPhoto(copy, onStep) {
    for (;;) {
      const detector = await this.photo.open();
      if (!detector) return null;
      onStep();
      // A copy that cannot be had is no step's fault.
      const picture = await copy();
      try {
        return await detector.look(picture);
      } catch (error) {
        picture.close();
        const refusal = asRefusal(error, "step.broke");
        if (this.photo.isSlowAlone(refusal)) this.photo.leave(detector, refusal);
        if (!isOfStep(refusal) || !this.photo.leave(detector, refusal)) throw refusal;
      }
    }
  }

  /** @returns {ServerDetector} for what the browser itself cannot read */
  onServer() {
    return new ServerDetector(this.model);
  }

  /**
   * Do what needs them to its end: who closes them meanwhile has them closed afterwards.
   * @template Done
   * @param {() => Promise<Done>} work @returns {Promise<Done>}
   */
  async hold(work) {
    this.#holders += 1;
    try {
      return await work();
    } finally {
      this.#holders -= 1;
      if (this.isClosed) this.#end();
    }
  }

  /** Close them, as soon as nobody holds them any more. */
  close() {
    this.#isLeft = true;
    if (this.isClosed) this.#end();
  }

  get isClosed() {
    return this.#isLeft && this.#holders === 0;
  }

  #end() {
    this.photo.end();
    this.film.end();
  }
}

/** One file of a model: the step on which it stands, and what looks there. */
class FileOnLadder {
  /** @type {import("./ladder.js").Step} where the next climb begins */
  #first = STEPS[0];
  /** The lowest step that was left for its silence alone: slow is more than nothing. @type {import("./ladder.js").Step | null} */
  #slow = null;
  /** @type {Promise<object | null> | null} */
  #opening = null;
  /** What may have a worker. @type {object | null} */
  #detector = null;
  /** Counts the ends: what began to open before one is of no use after. */
  #turn = 0;

  /** @type {import("./ladder.js").Step | null} the step on which it stands, once one was opened */
  step = null;
  /** Why higher steps were left. @type {{step: string, refusal: import("./refusal.js").Refusal}[]} */
  reasons = [];

  /** @param {Detectors} owner @param {import("./model.js").ModelFile} file */
  constructor(owner, file) {
    this.owner = owner;
    this.file = file;
  }

  /** @returns {Promise<object | null>} a detector; null: nothing looks with this file here */
  open() {
    if (this.#opening) return this.#opening;
    const opening = this.#climb();
    this.#opening = opening;
    const again = () => this.#opening === opening && (this.#opening = null);
    // What failed for want of a network may work later.
    opening.then((detector) => detector ?? again(), again);
    return opening;
  }

  /**
   * Begin anew below the step on which it stands, after that has failed.
   * @param {object} detector the one that failed; if another is in use by now, nothing is left
   * @param {import("./refusal.js").Refusal} refusal
   * @returns {boolean} whether another step is the next to look; else the same one does, begun anew
   */
  leave(detector, refusal) {
    if (detector !== this.#detector) return true;
    const left = this.step;
    this.reasons.push({ step: left, refusal });
    this.#first = this.#stepAfter(refusal);
    this.end();
    return this.#first !== left;
  }

  /** @param {import("./refusal.js").Refusal} refusal @returns {boolean} whether the server is away that was to help a slow step */
  isSlowAlone(refusal) {
    return this.step === "server" && this.#slow !== null && refusal.key === "fetch.away";
  }

  end() {
    this.#turn += 1;
    this.#detector?.close();
    this.#detector = null;
    this.#opening = null;
  }

  #stepAfter(refusal) {
    if (this.isSlowAlone(refusal)) return this.#slow;
    if (refusal.key !== "step.silent") return stepBelow(this.step);
    this.#slow = this.step;
    return canLookBelow(this.step, this.capabilities) ? stepBelow(this.step) : this.step;
  }

  async #climb() {
    const { owner, file } = this;
    if (owner.isClosed) throw new Refusal("step.closed");
    const turn = this.#turn;
    const report = (loaded, step) => owner.onProgress(Math.min(loaded / (file.bytes + runtimeBytes(step)), 1));
    const open = openerOf(owner.model, file, owner.publicKeys, report);
    this.capabilities = await owner.capabilities;
    const { step, detector, reasons } = await climbDown(this.capabilities, open, this.#first);
    if (owner.isClosed || turn !== this.#turn) {
      detector?.close();
      if (owner.isClosed) throw new Refusal("step.closed");
      return this.open();
    }
    this.#detector = detector;
    this.step = step;
    this.#slow = reasons.findLast(({ refusal }) => refusal.key === "step.silent")?.step ?? this.#slow;
    // Where nothing looks now, the slow one or a network that is back may look later.
    this.#first = detector ? step : (this.#slow ?? "server");
    this.reasons.push(...reasons);
    return detector;
  }
}
