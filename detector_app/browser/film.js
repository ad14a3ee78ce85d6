/** The camera: open it, turn it, light it, and hand its newest frame to whoever looks. */

import { Refusal } from "./refusal.js";

/** Enough for a sharp picture; every pixel of a frame has to be read. */
const IDEAL_WIDTH = 960;
/** By the name of what the browser throws. */
const CAMERA_REFUSALS = {
  NotAllowedError: "camera.refused",
  SecurityError: "camera.refused",
  NotFoundError: "camera.none",
  OverconstrainedError: "camera.none",
  NotReadableError: "camera.busy",
  AbortError: "camera.busy",
};
/** A browser that shows no question and gives no answer. */
const MAX_OPENING_MS = 30_000;

/** A film of one camera, shown by one video element. */
export class Film {
  /** @type {MediaStream | null} */
  #stream = null;
  /** Changes whenever it is opened or closed: what was asked for before is nobody's any more. */
  #opening = 0;
  #isWanted = false;
  #facing = "environment";
  /** Whose turn it is to look; another one ends it. */
  #turn = 0;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
  }

  get isOpen() {
    return this.#stream !== null;
  }

  /** Whether it is open, or the browser still asks whether it may be. */
  get isWanted() {
    return this.#isWanted;
  }

  /**
   * Open the camera that looks away from its owner, or the other; who closes it meanwhile has none open.
   * @throws {Refusal} in which the camera is none, refused or busy
   */
  async open(facing = this.#facing) {
    this.close();
    const opening = this.#opening;
    this.#facing = facing;
    this.#isWanted = true;
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Refusal(globalThis.isSecureContext ? "camera.none" : "camera.insecure");
    }
    const asked = navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: IDEAL_WIDTH }, facingMode: { ideal: facing } },
      audio: false,
    });
    const stream = await within(MAX_OPENING_MS, asked).catch((error) => {
      // Who allows it later has a camera that nobody looks at.
      asked.then(end, () => {});
      if (error instanceof Refusal) throw error;
      throw new Refusal(CAMERA_REFUSALS[error.name] ?? "camera.broke", { cause: error.message });
    });
    if (opening !== this.#opening) {
      end(stream);
      return;
    }
    this.#stream = stream;
    this.#track.addEventListener("ended", () => this.onEnded());
    this.video.srcObject = stream;
    await this.video.play().catch((error) => {
      if (opening === this.#opening) throw error;
    });
  }

  /** Called when the camera is taken away; for its owner to replace. */
  onEnded() {}

  close() {
    this.#opening += 1;
    this.#isWanted = false;
    this.rest();
    if (this.#stream) end(this.#stream);
    this.#stream = null;
    this.video.srcObject = null;
  }

  /** Open the camera on the other side. */
  async turn() {
    await this.open(this.#facing === "environment" ? "user" : "environment");
  }

  /** @returns {Promise<boolean>} whether there is more than one camera */
  async canTurn() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === "videoinput").length > 1;
  }

  /** Whether it looks at who holds it; a camera that does not say so is the one that was asked for. */
  get isFacingUser() {
    return (this.#track?.getSettings().facingMode ?? this.#facing) === "user";
  }

  get hasTorch() {
    return Boolean(this.#track?.getCapabilities?.().torch);
  }

  /** @param {boolean} isLit */
  async setTorch(isLit) {
    await this.#track.applyConstraints({ advanced: [{ torch: isLit }] });
  }

  /** @returns {Promise<ImageBitmap>} the frame that is shown now */
  async grab() {
    return createImageBitmap(this.video);
  }

  /**
   * Hand the newest frame to `look`, again whenever it is done; frames in between are never seen.
   * @param {(frame: ImageBitmap) => Promise<void>} look
   * @param {number} pauseMs from one frame to the next at least
   */
  async watch(look, pauseMs = 0) {
    this.rest();
    const turn = this.#turn;
    while (this.#turn === turn) {
      const started = performance.now();
      await nextFrame(this.video);
      if (this.#turn !== turn) return;
      await look(await this.grab());
      const rest = pauseMs - (performance.now() - started);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  /** Look at no further frame; the film goes on. */
  rest() {
    this.#turn += 1;
  }

  get #track() {
    return this.#stream?.getVideoTracks()[0];
  }
}

function end(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** @param {HTMLVideoElement} video @returns {Promise<void>} when it shows another frame */
export function nextFrame(video) {
  return new Promise((resolve) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(() => resolve());
    else requestAnimationFrame(() => resolve());
  });
}

function within(milliseconds, promise) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Refusal("camera.silent")), milliseconds);
  });
  return Promise.race([promise, late]);
}
