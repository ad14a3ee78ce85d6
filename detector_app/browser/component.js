/**
 * The live film on Streamlit's Detect page: the parts of /camera that need no page of their own.
 *
 * `live_film.py` mounts it.
 */

import { findSight, readCity } from "./catalogue.js";
import { Detectors } from "./detectors.js";
import { showNotice, showSentence } from "./dom.js";
import { LiveView } from "./live_view.js";
import { mountOnce } from "./mounting.js";
import { asRefusal, Refusal } from "./refusal.js";
import { PlaceSwitch } from "./place_switch.js";
import { copyPicture, inShares, ReportDialog } from "./report.js";
import { SightDialog } from "./sight_card.js";
import { showFetched, showStep } from "./status_lines.js";
import { fillTexts, say, sayRefusal, useLanguage } from "./texts.js";

/**
 * @param {ParentNode} place with the elements of `live_film.py`
 * @param {{city: string, language: string, min_confidence: number | null}} data
 * @returns {() => void} what takes it away
 */
export function mount(place, data) {
  return mountOnce(place, LiveFilm, data);
}

class LiveFilm {
  #isClosed = true;
  #data = null;
  #detectors = null;
  /** Counts the cities and models: what began with another one is nobody's any more. */
  #choice = 0;

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
    this.#tell(null);
    this.part("start").disabled = true;
    const choice = this.#choice;
    try {
      const detectors = this.#detectors ?? (await this.#findDetectors());
      if (choice === this.#choice) {
        this.#detectors = detectors;
        await this.view.start(detectors);
      }
    } catch (error) {
      if (choice === this.#choice) {
        this.view.stop();
        const refusal = asRefusal(error);
        // What was wrong with it, such as its signature, may be right when the server is asked again.
        if (refusal.key.startsWith("model.")) this.#drop();
        this.#tell(sayRefusal(refusal));
      }
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

  #tell(sentence) {
    showNotice(this.part("notice"), sentence);
  }

  /** Hold the film, and show what would be sent of it. */
  async #report(kind) {
    this.#tell(null);
    const slug = this.#data.city;
    try {
      await this.view.freeze(({ frame, seen, model }) => {
        const found = inShares(seen?.detections ?? [], frame);
        if (kind === "wrong" && found.length === 0) throw new Refusal("report.nothing");
        this.reporting.open(kind, { slug, model, picture: copyPicture(frame), found });
      });
    } catch (error) {
      this.#tell(sayRefusal(asRefusal(error)));
    }
  }

  #openCard(number) {
    const sight = findSight(this.#detectors.model, number);
    if (sight) this.card.open(this.#data.city, sight);
  }

  #forget() {
    this.#choice += 1;
    this.card.close();
    this.reporting.close();
    this.#drop();
    showSentence(this.part("step"), null);
    this.#tell(null);
  }

  #drop() {
    this.#detectors?.close();
    this.#detectors = null;
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
