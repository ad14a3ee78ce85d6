/** The new video: what is drawn onto a canvas is recorded while it is drawn. */

const BITS_PER_SECOND = 4_000_000;
/** What a browser may write, best first, and how such a file's name ends. */
const WRITTEN = [
  ["video/webm;codecs=vp9", "webm"],
  ["video/webm;codecs=vp8", "webm"],
  ["video/mp4", "mp4"],
];

/** Writes what is drawn onto a canvas as a video, while it is drawn. */
export class VideoWriter {
  #parts = [];

  /**
   * @param {HTMLCanvasElement} canvas that has been drawn on
   * @param {HTMLVideoElement} played while it rests, nothing is written
   * @returns {VideoWriter | null} null: this browser writes none
   */
  static begin(canvas, played) {
    if (typeof MediaRecorder !== "function" || !canvas.captureStream) return null;
    const found = WRITTEN.find(([kind]) => MediaRecorder.isTypeSupported(kind));
    return found ? new VideoWriter(canvas, played, ...found) : null;
  }

  constructor(canvas, played, kind, ending) {
    this.played = played;
    this.ending = ending;
    this.stream = canvas.captureStream();
    this.recorder = new MediaRecorder(this.stream, { mimeType: kind, videoBitsPerSecond: BITS_PER_SECOND });
    this.recorder.ondataavailable = ({ data }) => this.#parts.push(data);
    this.recorder.start(1000);
    for (const change of ["pause", "play"]) played.addEventListener(change, this.#follow);
    this.#follow();
  }

  /** Rest with what is played; its end is none, for its last frame may still be looked at. */
  #follow = () => {
    const isResting = this.played.paused && !this.played.ended;
    if (isResting && this.recorder.state === "recording") this.recorder.pause();
    if (!isResting && this.recorder.state === "paused") this.recorder.resume();
  };

  /** @returns {Promise<Blob>} the video as far as it was drawn */
  async finish() {
    for (const change of ["pause", "play"]) this.played.removeEventListener(change, this.#follow);
    if (this.recorder.state !== "inactive") {
      const stopped = new Promise((resolve) => this.recorder.addEventListener("stop", resolve, { once: true }));
      this.recorder.stop();
      await stopped;
    }
    for (const track of this.stream.getTracks()) track.stop();
    return new Blob(this.#parts, { type: this.recorder.mimeType.split(";")[0] });
  }
}
