/** Photos and videos that are chosen, dropped or pasted: each becomes a card, or a sentence that says why not. */

import { make } from "./dom.js";
import { makeCard, makeRefusedCard } from "./picture_card.js";
import { copyForLook, isForServer, readPicture } from "./picture.js";
import { asRefusal, Refusal } from "./refusal.js";
import { say } from "./texts.js";
import { isVideo } from "./video.js";
import { VideoCard } from "./video_card.js";

/** So many photos at once; more would hold the phone for minutes. */
const MAX_PHOTOS = 20;
/** What is sent to the server is at most this large, which is the server's own limit. */
const MAX_SENT_BYTES = 20_000_000;

/** Shows photos, newest choice only: nothing of an earlier one stays on the page. */
export class PhotoList {
  #choice = 0;
  /** The videos on the page; each holds its file until it is closed. @type {VideoCard[]} */
  #videos = [];

  /** Called when another step of the ladder looks at what comes next; for the owner to replace. */
  onStep() {}

  /** @param {HTMLElement} place @param {HTMLElement} live a live region that has nothing else */
  constructor(place, live) {
    this.place = place;
    this.live = live;
  }

  clear() {
    this.#choice += 1;
    for (const video of this.#videos) video.close();
    this.#videos = [];
    this.place.replaceChildren();
    this.place.hidden = true;
    this.live.textContent = "";
  }

  /**
   * Look at files, one after the other.
   * @param {File[]} files @param {import("./detectors.js").Detectors} detectors @param {"boxes" | "dots"} kind
   * @param {{onname: (classNumber: number) => void, onreport: Function}} links what names and reports lead to
   */
  async show(files, detectors, kind, links) {
    // A newer model may come meanwhile; these are looked at with the one that they began with.
    await detectors.hold(() => this.#showAll(files, detectors, { kind, ...links }));
  }

  async #showAll(files, detectors, options) {
    this.clear();
    const choice = this.#choice;
    this.place.hidden = false;
    const waiting = make("p", { class: "quiet" }, say("photo.looking"));
    this.place.append(waiting);
    for (const file of files.slice(0, MAX_PHOTOS)) {
      // A video's card is there while it is looked at.
      const card = isVideo(file)
        ? await this.#watch(file, detectors, options, waiting)
        : await this.#lookAt(file, detectors, options, waiting);
      // Another choice was made meanwhile: this answer is nobody's any more.
      if (choice !== this.#choice) return;
      if (!isVideo(file)) waiting.before(card);
      this.live.textContent = card.dataset.spoken ?? "";
    }
    if (files.length > MAX_PHOTOS) waiting.textContent = say("photo.too_many", { most: MAX_PHOTOS });
    else waiting.remove();
    this.#hideIfEmpty();
  }

  async #watch(file, detectors, { kind, onname }, waiting) {
    const onclose = () => this.#hideIfEmpty();
    const video = new VideoCard(file.name || say("video.pasted"), { onclose, onname });
    this.#videos.push(video);
    waiting.before(video.element);
    waiting.hidden = true;
    await video.show(file, detectors, kind);
    waiting.hidden = false;
    this.#hideIfEmpty();
    return video.element;
  }

  #hideIfEmpty() {
    this.place.hidden = ![...this.place.children].some((child) => !child.hidden);
  }

  async #lookAt(file, detectors, options, waiting) {
    const close = () => {
      card.remove();
      this.#hideIfEmpty();
    };
    let card;
    const name = file.name || say("photo.pasted");
    try {
      const { bitmap, seen } = await this.#see(file, name, detectors, waiting);
      const shown = { ...options, onclose: close, closeKey: "photo.remove" };
      card = makeCard(name, bitmap, seen.detections, detectors.model, shown);
      bitmap?.close();
    } catch (error) {
      card = makeRefusedCard(name, asRefusal(error), close);
    }
    return card;
  }

  /** The photo's pixels, if this browser can read them, and what is on it; what is sent is told before. */
  async #see(file, name, detectors, waiting) {
    let bitmap;
    try {
      bitmap = await readPicture(file, name);
    } catch (error) {
      if (error.key !== "photo.unreadable") throw error;
      // What is no picture, such as a video of an unknown kind, is sent to nobody.
      if (file.size > MAX_SENT_BYTES || !(await isForServer(file))) throw error;
      waiting.textContent = say("photo.sending_file", { name });
      const seen = await detectors.onServer().lookAtFile(file).catch((refusal) => {
        // Without a server, what is wrong is that nobody here can read it.
        throw /^(fetch\.server_says|server\..*)$/.test(refusal.key) ? refusal : new Refusal("photo.unreadable", { name });
      });
      return { bitmap: null, seen };
    }
    const tell = () => {
      waiting.textContent = detectors.photo.step === "server" ? say("photo.sending", { name }) : say("photo.looking");
      this.onStep();
    };
    try {
      // What looks at it takes it; the page shows another copy.
      const copy = () => copyForLook(bitmap, name);
      const seen = await detectors.lookAtPhoto(copy, tell);
      if (!seen) throw new Refusal("photo.nobody_looks", { name });
      return { bitmap, seen };
    } catch (error) {
      bitmap.close();
      throw error;
    }
  }
}
