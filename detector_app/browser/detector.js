/** A model that is ready to look at pictures, in a worker of its own; and the same on the server. */

import { fetchOrRefuse } from "./fetching.js";
import { Refusal } from "./refusal.js";

/** Without any sign of life for so long, a step of the ladder is given up. */
const SILENCE_MS = 8000;
const JPEG_QUALITY = 0.85;
/** What the server gets of a frame: more pixels than the model sees, few enough for a slow line. */
const MAX_SENT_SIDE = 960;

/**
 * What was seen in one picture of `width` x `height` pixels; milliseconds of its parts.
 * @typedef {{detections: import("./detection.js").Detection[], width: number, height: number,
 *   milliseconds: Record<string, number>}} Seen
 */

/** Looks at pictures in a worker. */
export class LocalDetector {
  #worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  #waiting = null;
  /** Of the newest order: an answer to an older one comes too late for anybody. */
  #number = 0;
  #isClosed = false;
  #last = Promise.resolve();
  #onProgress = () => {};

  /**
   * @param {import("./runtime.js").LocalStep} step
   * @param {import("./catalogue.js").Model} model @param {import("./model.js").ModelFile} file
   * @param {string[]} publicKeys @param {(loaded: number) => void} onProgress bytes
   * @returns {Promise<LocalDetector>}
   * @throws {Refusal}
   */
  static async open(step, model, file, publicKeys, onProgress) {
    const detector = new LocalDetector();
    detector.#onProgress = onProgress;
    try {
      const order = { kind: "load", step, file, publicKeys, hiddenClasses: model.hidden_classes };
      const { contract, threads } = await detector.#ask(order, []);
      detector.classNames = contract.classNames;
      detector.imageSize = contract.imageSize;
      detector.threads = threads;
    } catch (error) {
      detector.close();
      throw error;
    }
    return detector;
  }

  constructor() {
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#settle((waiting) => waiting.reject(new Refusal("step.worker_broke", { cause: event.message ?? "" })));
    };
  }

  /**
   * Look at a picture, which is the worker's from then on.
   * @param {ImageBitmap} bitmap @param {number | null} minConfidence for all sights, or each its own
   * @returns {Promise<Seen>}
   */
  async look(bitmap, minConfidence = null) {
    // A film and a photo may share a detector; each of them waits for its own answer.
    const order = () => this.#ask({ kind: "look", bitmap, minConfidence }, [bitmap]);
    const seen = this.#last.then(order, order);
    this.#last = seen.catch(() => {});
    return seen;
  }

  close() {
    this.#isClosed = true;
    this.#worker.terminate();
    this.#settle((waiting) => waiting.reject(new Refusal("step.closed")));
  }

  #ask(order, transfer) {
    // A worker that is gone answers nobody.
    if (this.#isClosed) return Promise.reject(new Refusal("step.closed"));
    return new Promise((resolve, reject) => {
      this.#number += 1;
      this.#waiting = { resolve, reject, timer: 0 };
      this.#watch();
      this.#worker.postMessage({ ...order, number: this.#number }, transfer);
    });
  }

  #hear(data) {
    // It was given up for its silence, and answers after all.
    if (data.number !== this.#number) return;
    if (data.kind === "progress") {
      this.#watch();
      this.#onProgress(data.loaded);
    } else if (data.kind === "refused") {
      this.#settle((waiting) => waiting.reject(new Refusal(data.key, data.values)));
    } else {
      this.#settle((waiting) => waiting.resolve(data));
    }
  }

  /** Give up what stays silent: a browser may never answer, and never say so. */
  #watch() {
    if (!this.#waiting) return;
    clearTimeout(this.#waiting.timer);
    this.#waiting.timer = setTimeout(() => {
      this.#settle((waiting) => waiting.reject(new Refusal("step.silent")));
    }, SILENCE_MS);
  }

  #settle(how) {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = null;
    clearTimeout(waiting.timer);
    how(waiting);
  }
}

/** Sends pictures to the server, which looks at them and forgets them. */
export class ServerDetector {
  /** @param {import("./catalogue.js").Model} model */
  constructor(model) {
    this.model = model;
  }

  /** @param {ImageBitmap} bitmap @returns {Promise<Seen>} */
  async look(bitmap) {
    const scale = Math.min(1, MAX_SENT_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const { width, height } = bitmap;
    bitmap.close();
    const jpeg = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
    const seen = await this.lookAtFile(jpeg);
    const detections = seen.detections.map((one) => ({ ...one, box: one.box.map((side) => side / scale) }));
    return { ...seen, detections, width, height };
  }

  /** Have the server look at a file as it is, of whatever kind. @param {Blob} file @returns {Promise<Seen>} */
  async lookAtFile(file) {
    const started = performance.now();
    const response = await fetchOrRefuse(`/api/detect?model=${this.model.file.sha256}`, {
      method: "POST",
      body: file,
      headers: { "content-type": file.type || "application/octet-stream" },
    });
    const answer = await response.json();
    const classes = new Map(this.model.sights.map((sight) => [sight.name, sight.class]));
    const detections = answer.found
      .filter((one) => classes.has(one.name))
      .map(({ name, score, confidence, box }) => ({
        class: classes.get(name),
        score,
        confidence,
        box,
        rival: null,
      }));
    const milliseconds = { whole: performance.now() - started };
    return { detections, width: answer.width, height: answer.height, milliseconds };
  }

  close() {}
}
