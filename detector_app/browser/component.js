/**
 * The live film on Streamlit's Detect page: the parts of /camera that need no page of their own.
 *
 * `live_film.py` mounts it. Streamlit calls `mount` again whenever its script runs or its colours change; what
 * runs goes on. It may take a mount away that was overtaken by the next one: only the newest ends the film.
 */

import { findSight, readCity } from "./catalogue.js";
import { Detectors } from "./detectors.js";
import { showSentence } from "./dom.js";
import { LiveView } from "./live_view.js";
import { asRefusal, Refusal } from "./refusal.js";
import { PlaceSwitch } from "./place_switch.js";
import { copyPicture, inShares, ReportDialog } from "./report.js";
import { SightDialog } from "./sight_card.js";
import { showFetched, showStep } from "./status_lines.js";
import { fillTexts, say, sayRefusal, useLanguage } from "./texts.js";

/** @type {WeakMap<ParentNode, LiveFilm>} */
const mounted = new WeakMap();

/**
 * Put the film into its place, or tell the one that is there what has changed.
 * @param {ParentNode} place with the elements of `live_film.py`
 * @param {{city: string, language: string, min_confidence: number | null}} data
 * @returns {() => void} what takes it away
 */
export function mount(place, data) {
  if (!mounted.has(place)) mounted.set(place, new LiveFilm(place));
  const film = mounted.get(place);
  const turn = film.update(data);
  // What is taken away stays known: its place may be mounted again, and has its listeners.
  return () => film.turn === turn && film.close();
}

class LiveFilm {
  /** Counts the mounts. */
  turn = 0;
  #isClosed = true;
  #data = null;
  #detectors = null;

  constructor(place) {
    this.part = (name) => place.querySelector(`.${name}`);
    this.view = new LiveView({
      stage: this.part("stage"),
      video: place.querySelector("video"),
      canvas: this.part("boxes"),
      plate: this.part("plate"),
      live: this.part("only-heard"),
    });
    this.view.onChanged = () => this.#drawStep();
    this.view.onStopped = () => this.#drawButton();
    this.part("start").addEventListener("click", () => this.#toggle());
    this.card = new SightDialog(this.part("about"));
    this.reporting = new ReportDialog(this.part("report"));
    this.reporting.onClosed = () => this.view.isRunning && this.view.resume();
    for (const kind of ["wrong", "missing"]) this.part(kind).addEventListener("click", () => this.#report(kind));
    this.place = new PlaceSwitch(place.querySelector("input"), this.part("place-status"));
    this.view.judge = (seen, model) => this.place.sense.judge(seen, model);
    this.view.plate.onName = (number) => this.#openCard(number);
    this.root = place;
  }

  update(data) {
    const isOther = data.city !== this.#data?.city || data.model !== this.#data?.model;
    this.#data = data;
    if (this.#isClosed) this.place.resume();
    this.#isClosed = false;
    useLanguage(data.language);
    fillTexts(this.root);
    this.place.draw();
    this.view.minConfidence = data.min_confidence;
    this.#drawButton();
    if (isOther) {
      this.view.stop();
      this.#forget();
    }
    this.turn += 1;
    return this.turn;
  }

  close() {
    this.#isClosed = true;
    this.place.sense.rest();
    this.view.stop();
    this.#forget();
  }

  async #toggle() {
    if (this.view.isRunning) {
      this.view.stop();
      return;
    }
    showSentence(this.part("notice"), null);
    this.part("start").disabled = true;
    try {
      this.#detectors ??= await this.#findDetectors();
      await this.view.start(this.#detectors);
    } catch (error) {
      this.view.stop();
      showSentence(this.part("notice"), sayRefusal(asRefusal(error)));
    }
    this.#showProgress(1);
    this.part("start").disabled = false;
    this.#drawButton();
  }

  /** The same city as /camera reads, so that both use one model. */
  async #findDetectors() {
    const { model, public_keys: keys } = await readCity(this.#data.city);
    if (!model) throw new Refusal("catalogue.away");
    return new Detectors(model, keys, (share) => this.#showProgress(share));
  }

  /** Hold the film, and show what would be sent of it. */
  async #report(kind) {
    showSentence(this.part("notice"), null);
    try {
      const { model } = this.#detectors;
      const { frame, seen } = await this.view.freeze();
      const found = inShares(seen?.detections ?? [], frame);
      const picture = copyPicture(frame);
      frame.close();
      if (kind === "wrong" && found.length === 0) {
        await this.view.resume();
        showSentence(this.part("notice"), say("report.nothing"));
      } else this.reporting.open(kind, { slug: this.#data.city, model, picture, found });
    } catch (error) {
      showSentence(this.part("notice"), sayRefusal(asRefusal(error)));
    }
  }

  #openCard(number) {
    const sight = findSight(this.#detectors.model, number);
    if (sight) this.card.open(this.#data.city, sight);
  }

  #forget() {
    this.card.close();
    this.reporting.close();
    this.#detectors?.close();
    this.#detectors = null;
    showSentence(this.part("step"), null);
    showSentence(this.part("notice"), null);
  }

  #drawButton() {
    this.part("reports").hidden = !this.view.isRunning;
    this.part("start").textContent = say(this.view.isRunning ? "film.stop" : "film.start");
  }

  #drawStep() {
    showStep(this.part("step"), this.#detectors);
  }

  #showProgress(share) {
    showFetched(this.part("progress"), this.#data.city_name, share);
  }
}
