/**
 * Videos from a file: one is played through, its frames are looked at, and what is seen is written onto
 * them in a new video. Nothing of it leaves the device.
 *
 * Each frame of the new video is one that was looked at, so its boxes are its own; frames that pass
 * meanwhile are left out, as in the camera's film.
 */

import { nextFrame } from "./film.js";
import { Refusal } from "./refusal.js";

/** It is played at its own pace, and the new video lies in memory until it is saved. */
const MAX_MINUTES = 10;
/** More helps neither the eye nor whoever gets the video. */
const MAX_VIDEO_SIDE = 1280;
/** A file that a browser neither reads nor refuses. */
const MAX_READING_MS = 20_000;
/** Of files whose kind is unknown, or names no picture: systems differ in which endings they know. */
const ENDINGS = /\.(mp4|m4v|mov|qt|webm|mkv|avi|ogv|3gp|3g2|mpe?g|mpv|m2v|mts|m2ts|vob|wmv|asf|flv|divx|mxf)$/i;

/** @param {File} file @returns {boolean} whether it says that it is a video */
export function isVideo(file) {
  if (file.type.startsWith("video/") || file.type === "application/mp4") return true;
  return !file.type.startsWith("image/") && ENDINGS.test(file.name ?? "");
}

/** A video that can be played here. */
export class VideoFile {
  #isStopped = false;
  #hasBroken = false;

  /**
   * @param {Blob} file @param {string} name for the sentence @param {HTMLVideoElement} video plays it, unseen
   * @returns {Promise<VideoFile>}
   * @throws {Refusal} of one that is no video, has no picture, or is too long
   */
  static async open(file, name, video) {
    const opened = new VideoFile(video);
    try {
      await opened.#read(file, name);
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
  }

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
  }

  /** Whether it could not be played to its end. */
  get hasBroken() {
    return this.#hasBroken;
  }

  /** Seconds that were played. */
  get position() {
    return this.video.currentTime;
  }

  /**
   * Play it through, from its beginning.
   * @param {(frame: ImageBitmap, seconds: number) => Promise<void>} look is handed a frame, which is its own
   */
  async play(look) {
    const { video } = this;
    const wake = () => !document.hidden && !this.#isDone && video.play().catch(() => {});
    // In a page behind another one, browsers show no frames.
    const rest = () => (document.hidden ? video.pause() : wake());
    document.addEventListener("visibilitychange", rest);
    try {
      // It was begun before, by what failed at its first frame.
      if (video.currentTime > 0) await seek(video, 0);
      await video.play();
      do {
        await this.#nextFrame();
        const hasFrame = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !this.#isStopped;
        if (hasFrame) await look(await createImageBitmap(video), video.currentTime);
      } while (!this.#isDone);
    } finally {
      document.removeEventListener("visibilitychange", rest);
      video.pause();
    }
  }

  stop() {
    this.#isStopped = true;
    // Whoever waits for the next frame learns of it.
    this.video.dispatchEvent(new Event("stopped"));
  }

  close() {
    this.stop();
    URL.revokeObjectURL(this.video.src);
    this.video.removeAttribute("src");
    this.video.load();
  }

  get #isDone() {
    return this.#isStopped || this.#hasBroken || this.video.ended;
  }

  /** Wait for another frame, or for the end. */
  async #nextFrame() {
    const listening = new AbortController();
    const end = new Promise((resolve) => {
      for (const kind of ["ended", "error", "stopped"]) this.video.addEventListener(kind, resolve, listening);
    });
    await Promise.race([nextFrame(this.video), end]);
    listening.abort();
  }

  async #read(file, name) {
    const { video } = this;
    video.muted = true;
    video.preload = "auto";
    const reading = happens(video, "loadeddata");
    video.src = URL.createObjectURL(file);
    // Without being played, iPhones load no frame. What cannot be played is told by `reading`.
    video.play().catch(() => {});
    const isRead = await reading;
    video.pause();
    // Sound alone is loaded, too.
    if (video.readyState >= HTMLMediaElement.HAVE_METADATA && video.videoWidth === 0) {
      throw new Refusal("video.no_picture", { name });
    }
    if (!isRead) throw new Refusal("video.unreadable", { name });
    this.seconds = await findLength(video);
    if (video.currentTime > 0) await seek(video, 0);
    if (!(this.seconds > 0)) throw new Refusal("video.unreadable", { name });
    const minutes = Math.ceil(this.seconds / 60);
    if (minutes > MAX_MINUTES) throw new Refusal("video.too_long", { name, minutes, most: MAX_MINUTES });
    video.addEventListener("error", () => (this.#hasBroken = true));
  }
}

/** @param {VideoFile} opened @returns {{width: number, height: number, scale: number}} of the new video */
export function sizeOf({ video }) {
  const scale = Math.min(1, MAX_VIDEO_SIDE / Math.max(video.videoWidth, video.videoHeight));
  // Encoders halve the sides for colours.
  const [width, height] = [video.videoWidth, video.videoHeight].map((side) => Math.max(2, 2 * Math.round((side * scale) / 2)));
  return { width, height, scale };
}

/** A recording may not say how long it is: its end is asked for then. */
async function findLength(video) {
  if (Number.isFinite(video.duration)) return video.duration;
  await seek(video, Number.MAX_SAFE_INTEGER);
  return Number.isFinite(video.duration) ? video.duration : video.currentTime;
}

async function seek(video, seconds) {
  const arrived = happens(video, "seeked");
  video.currentTime = seconds;
  await arrived;
}

/** @returns {Promise<boolean>} whether it happened, rather than an error or nothing for long */
function happens(video, kind) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), MAX_READING_MS);
    const answer = (isGood) => () => {
      clearTimeout(timer);
      resolve(isGood);
    };
    video.addEventListener(kind, answer(true), { once: true });
    video.addEventListener("error", answer(false), { once: true });
  });
}
