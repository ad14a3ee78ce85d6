/**
 * The live film: camera, detector, overlay and name plate together; used by /camera and by the Detect page.
 *
 * Nothing queues: while one frame is looked at, others pass; the next that is looked at is the newest.
 */

import { PAUSES_MS } from "./ladder.js";
import { Film } from "./film.js";
import { NameKeeper } from "./names.js";
import { NamePlate } from "./name_plate.js";
import { drawDetections } from "./overlay.js";
import { asRefusal } from "./refusal.js";

const FRAMES_FOR_RATE = 30;
/** A step that fails so often in a row is left for the one below it. */
const MAX_FAILURES = 2;
/** A server may ask for more; a film that stands longer is none. */
const MAX_WAIT_MS = 5000;

/**
 * @typedef {{stage: HTMLElement, video: HTMLVideoElement, canvas: HTMLCanvasElement, plate: HTMLElement,
 *   live: HTMLElement}} Parts
 * @typedef {{seen: import("./detector.js").Seen, perSecond: number, sinceStart: number}} Looked
 */

export class LiveView {
  #keeper = new NameKeeper();
  #times = [];
  #failures = 0;
  #startedAt = 0;
  /** @type {import("./detectors.js").Detectors | null} */
  #detectors = null;

  /** Boxes or dots. @type {"boxes" | "dots"} */
  kind = "boxes";
  /** Shows every name from here on; null: each from its own threshold on. @type {number | null} */
  minConfidence = null;
  /** What was seen last. @type {import("./detector.js").Seen | null} */
  seen = null;

  /** @param {Parts} parts */
  constructor(parts) {
    this.parts = parts;
    this.film = new Film(parts.video);
    this.plate = new NamePlate(parts.plate, parts.live);
    this.film.onEnded = () => this.stop();
  }

  /**
   * Called with what each frame of the film shows, before it is said; for the owner to replace.
   * @param {import("./detector.js").Seen} seen @param {import("./catalogue.js").Model} model
   * @returns {import("./detector.js").Seen}
   */
  judge(seen, model) {
    return seen;
  }

  /** Called with each frame that was looked at; for the owner to replace. @param {Looked} looked */
  onLooked(looked) {}

  /** Called when the film has ended; for the owner to replace. */
  onStopped() {}

  /** Called when another step of the ladder, or a refusal, has something to say. */
  onChanged() {}

  get isRunning() {
    return this.film.isOpen;
  }

  /**
   * Open the camera, and look.
   * @param {import("./detectors.js").Detectors} detectors
   * @throws {import("./refusal.js").Refusal} in which there is no camera, or no model
   */
  async start(detectors) {
    this.#startedAt = performance.now();
    this.#detectors = detectors;
    // Both at once: a person answers the browser's question while the model comes.
    detectors.film.open().catch(() => {});
    await this.film.open();
    if (!this.isRunning) return;
    this.parts.stage.hidden = false;
    this.#forget();
    await this.#begin();
  }

  /** Look with the model of now: a newer one may come while this one is fetched. */
  async #begin() {
    const detectors = this.#detectors;
    try {
      const detector = await detectors.film.open();
      if (this.isRunning && this.#detectors === detectors) this.#look(detector);
    } catch (error) {
      if (this.#detectors === detectors) throw error;
    }
  }

  /** Look with another model, without a pause of the film. @param {import("./detectors.js").Detectors} detectors */
  async change(detectors) {
    const detector = await detectors.film.open();
    this.film.rest();
    this.#detectors = detectors;
    this.#forget();
    if (this.isRunning) this.#look(detector);
  }

  async turn() {
    try {
      await this.film.turn();
    } catch (error) {
      this.stop();
      throw error;
    }
    if (!this.isRunning) return;
    this.#forget();
    await this.#begin();
  }

  /**
   * Hold the picture of now for what is made of it; if that fails, the film goes on.
   * @template Made
   * @param {(held: {frame: ImageBitmap, seen: import("./detector.js").Seen | null,
   *   model: import("./catalogue.js").Model}) => Made} make
   * @returns {Promise<Made>}
   */
  async freeze(make) {
    this.film.rest();
    this.parts.video.pause();
    const detectors = this.#detectors;
    try {
      // A newer model may come meanwhile.
      return await detectors.hold(() => this.#hold(detectors, make));
    } catch (error) {
      if (this.isRunning) await this.resume().catch(() => {});
      throw error;
    }
  }

  async #hold(detectors, make) {
    const frame = await this.film.grab();
    try {
      const detector = await detectors.film.open();
      // What is written on the picture is what this frame shows, not the one before.
      const seen = detector ? await detector.look(await this.film.grab(), this.minConfidence) : null;
      const { model } = detectors;
      return make({ frame, seen: seen && this.judge(seen, model), model });
    } finally {
      frame.close();
    }
  }

  async resume() {
    await this.parts.video.play();
    await this.#lookOn();
  }

  stop() {
    const wasRunning = this.isRunning || !this.parts.stage.hidden;
    // The browser may still ask for the camera: who allows it later has none on.
    this.film.close();
    if (!wasRunning) return;
    this.parts.stage.hidden = true;
    this.#forget();
    this.onStopped();
  }

  async #look(detector) {
    this.onChanged();
    if (!detector) return;
    const detectors = this.#detectors;
    const lookAt = async (frame) => {
      const seen = await detector.look(frame, this.minConfidence).catch(waitIfAsked);
      if (seen && this.#detectors === detectors && this.isRunning) this.#take(seen, detectors.model);
    };
    try {
      await this.film.watch(lookAt, PAUSES_MS[detectors.film.step]);
    } catch (error) {
      if (this.isRunning && this.#detectors === detectors) await this.#recover(detector, asRefusal(error, "step.broke"));
    }
  }

  #take(found, model) {
    const seen = this.judge(found, model);
    const now = performance.now();
    this.#failures = 0;
    this.seen = seen;
    this.#times = [...this.#times, now].slice(-FRAMES_FOR_RATE);
    this.#keeper.record(seen.detections, now);
    this.plate.show(this.#keeper.read(now), model, now);
    this.#draw(seen);
    const duration = now - this.#times[0];
    const perSecond = duration > 0 ? ((this.#times.length - 1) * 1000) / duration : 0;
    this.onLooked({ seen, perSecond, sinceStart: now - this.#startedAt });
  }

  #draw(seen) {
    const { canvas } = this.parts;
    if (canvas.width !== seen.width || canvas.height !== seen.height) {
      [canvas.width, canvas.height] = [seen.width, seen.height];
    }
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    drawDetections(context, seen.detections, () => "", { kind: this.kind, hasPlates: false });
  }

  /** One bad frame is tried again; a step that fails again is left. */
  async #recover(detector, refusal) {
    this.#failures += 1;
    if (this.#failures >= MAX_FAILURES) {
      this.#detectors.film.leave(detector, refusal);
      this.#failures = 0;
    }
    await this.#lookOn();
  }

  /** Look with what there is; a film that nobody can look at goes on all the same, and says why. */
  async #lookOn() {
    try {
      this.#look(await this.#detectors.film.open());
    } catch (error) {
      const { film } = this.#detectors;
      film.reasons.push({ step: film.step, refusal: asRefusal(error) });
      this.onChanged();
    }
  }

  #forget() {
    this.#keeper.clear();
    this.plate.clear();
    this.#times = [];
    this.seen = null;
    const { canvas } = this.parts;
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
  }
}

/** A server that is busy says when to ask again; everything else is a failure. */
async function waitIfAsked(error) {
  if (!error.retryAfterMs) throw error;
  await new Promise((resolve) => setTimeout(resolve, Math.min(error.retryAfterMs, MAX_WAIT_MS)));
  return null;
}
