/** The card of a video: how far it is, a way to stop, and at the end the names and the video with them on it. */

import { sightName } from "./catalogue.js";
import { isOfStep } from "./detectors.js";
import { make, showSentence } from "./dom.js";
import { makeName, writeSaid } from "./name_plate.js";
import { NameKeeper } from "./names.js";
import { drawDetections } from "./overlay.js";
import { annotatedName } from "./picture.js";
import { addOutlets } from "./picture_card.js";
import { asRefusal, Refusal } from "./refusal.js";
import { clock, currentLanguage, listOf, say, sayRefusal } from "./texts.js";
import { sizeOf, VideoFile } from "./video.js";
import { VideoWriter } from "./video_writer.js";

/** Of these steps, frames leave the device, or nothing looks at them. */
const NOT_HERE = new Set(["server", "photo"]);

export class VideoCard {
  #isClosed = false;
  /** @type {VideoFile | null} */
  #film = null;
  #address = null;

  /**
   * @param {string} name of the file
   * @param {{onclose: () => void, onname: (classNumber: number) => void}} options
   */
  constructor(name, { onclose, onname }) {
    this.name = name;
    this.onname = onname;
    this.canvas = make("canvas", { role: "img", "aria-label": name, hidden: true });
    this.player = make("video", { class: "only-heard", playsinline: true, "aria-hidden": "true", tabindex: "-1" });
    this.bar = make("progress", { max: "1", value: "0", "aria-label": say("video.progress", { name }) });
    this.state = make("p", { class: "quiet" }, say("photo.looking"));
    this.stopper = make("button", { type: "button", onclick: () => this.#film?.stop() }, say("video.stop"));
    const close = () => {
      this.close();
      onclose();
    };
    this.remover = make("button", { type: "button", onclick: close }, say("photo.remove"));
    this.names = make("div", { class: "names" });
    this.tools = make("div", { class: "tools" }, this.stopper, this.remover);
    this.stopper.hidden = true;
    this.element = make(
      "article",
      { class: "card", "aria-label": name },
      ...[this.names, this.state, this.bar, this.canvas, this.player, this.tools],
    );
  }

  /**
   * Look at a video; whatever is wrong with it is said on the card.
   * @param {File} file @param {import("./detectors.js").Detectors} detectors @param {"boxes" | "dots"} kind
   */
  async show(file, detectors, kind) {
    try {
      this.#film = await VideoFile.open(file, this.name, this.player);
      let isSeen = false;
      while (!isSeen && !this.#isClosed) isSeen = await this.#look(detectors, kind);
    } catch (error) {
      if (!this.#isClosed) this.#refuse(asRefusal(error));
    } finally {
      this.#film?.close();
      this.player.remove();
    }
  }

  close() {
    this.#isClosed = true;
    this.#film?.stop();
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.element.remove();
  }

  /** Look at it with the step of now; if that fails before the first frame is seen, return false and leave it. */
  async #look({ film, model }, kind) {
    const detector = await film.open();
    if (!detector || NOT_HERE.has(film.step)) throw new Refusal("video.not_here", { name: this.name });
    if (this.#isClosed) return true;
    try {
      await this.#watch(detector, model, kind);
      return true;
    } catch (error) {
      const refusal = asRefusal(error);
      if (!isOfStep(refusal) || !film.leave(detector, refusal)) throw refusal;
      return false;
    }
  }

  async #watch(detector, model, kind) {
    const film = this.#film;
    const { width, height, scale } = sizeOf(film);
    Object.assign(this.canvas, { width, height, hidden: false });
    this.stopper.hidden = false;
    const context = this.canvas.getContext("2d");
    const seen = new SeenNames();
    const write = (one) => sightName(model, one.class, currentLanguage());
    /** @type {VideoWriter | null | undefined} begins with the first frame */
    let writer;
    let broke = null;
    let written = null;
    const look = async (frame, seconds) => {
      // What looks at a frame takes it; another copy is drawn.
      const { detections } = await detector.look(await createImageBitmap(frame));
      context.drawImage(frame, 0, 0, width, height);
      frame.close();
      drawDetections(context, detections, write, { kind, scale });
      if (writer === undefined) writer = VideoWriter.begin(this.canvas, this.player);
      seen.record(detections, seconds);
      this.#showProgress(seconds, film.seconds);
    };
    try {
      await film.play(look);
    } catch (error) {
      // It fell silent, or failed at a frame: what was seen until then is not lost.
      if (writer === undefined) throw error;
      broke = asRefusal(error);
    } finally {
      written = await writer?.finish();
    }
    if (this.#isClosed) return;
    this.#showNames(seen, model);
    this.#showVideo(written, writer, broke);
  }

  #showProgress(seconds, length) {
    this.bar.value = Math.min(seconds / length, 1);
    this.state.textContent = say("video.looking", { at: clock(seconds), length: clock(length) });
  }

  #showNames(seen, model) {
    const said = seen.list();
    const rows = said.map(({ said: one, at }) => {
      const sentence = say("video.seen", { sentence: writeSaid(one, model), at: clock(at) });
      return makeName(one.class, sentence, this.onname);
    });
    this.names.replaceChildren(...(rows.length ? rows : [make("p", { class: "quiet" }, say("name.unknown"))]));
    const spoken = said.map(({ said: one }) => sightName(model, one.class, currentLanguage()));
    this.element.dataset.spoken = spoken.length ? listOf(spoken) : say("name.unknown");
  }

  #showVideo(written, writer, broke) {
    const { position, seconds, hasBroken } = this.#film;
    const isWhole = this.player.ended;
    this.bar.remove();
    this.stopper.remove();
    const values = { name: this.name, at: clock(position), length: clock(seconds) };
    const ended = hasBroken ? "video.broke_off" : isWhole ? null : "video.part";
    const sentences = [broke && sayRefusal(broke), ended && say(ended, values), !written && say("video.no_writer")];
    showSentence(this.state, sentences.filter(Boolean).join(" ") || null);
    if (!written) return;
    const file = new File([written], annotatedName(this.name, writer.ending), { type: written.type });
    this.#address = URL.createObjectURL(file);
    const label = say("video.shown", { name: this.name });
    this.canvas.replaceWith(make("video", { class: "shown", src: this.#address, controls: true, playsinline: true, "aria-label": label }));
    const outlets = make("div", { class: "tools" });
    addOutlets(outlets, this.element, () => file, file);
    this.tools.prepend(...outlets.children);
  }

  #refuse(refusal) {
    this.names.replaceChildren(make("p", { class: "quiet" }, this.name));
    this.state.replaceWith(make("p", { class: "refused", role: "alert" }, sayRefusal(refusal)));
    for (const part of [this.bar, this.canvas, this.stopper]) part.remove();
  }
}

/** The names of a whole video, each as surely as it was once, and from when on. */
class SeenNames {
  #keeper = new NameKeeper();
  /** @type {Map<number, {said: import("./names.js").Said, at: number}>} by class */
  #names = new Map();

  record(detections, seconds) {
    const now = seconds * 1000;
    this.#keeper.record(detections, now);
    for (const said of this.#keeper.read(now).said) {
      const known = this.#names.get(said.class);
      if (!known || said.confidence > known.said.confidence) {
        this.#names.set(said.class, { said, at: known?.at ?? seconds });
      }
    }
  }

  list() {
    return [...this.#names.values()];
  }
}
