/**
 * What the answer to a photo on Streamlit's Detect page leads to: names that open cards, and reports.
 *
 * `photo_answer.py` mounts it. The server has looked at the photo; cards, dialogs and words are those of /camera.
 */

import { findSight, readCity } from "./catalogue.js";
import { showNotice } from "./dom.js";
import { mountOnce } from "./mounting.js";
import { makeName, writeSaid } from "./name_plate.js";
import { nameOnce } from "./names.js";
import { readPicture } from "./picture.js";
import { makeReports } from "./picture_card.js";
import { asRefusal } from "./refusal.js";
import { copyPicture, inShares, ReportDialog } from "./report.js";
import { SightDialog } from "./sight_card.js";
import { sayRefusal, useLanguage } from "./texts.js";

/**
 * @typedef {{class: number, confidence: number, box: number[]}} Found the box in pixels of the photo
 * @typedef {{language: string, city: string, version: number, file_name: string, width: number, height: number,
 *   sights: {class: number, name: string, names: Record<string, string>}[], found: Found[], picture: string}} Data
 *   `sights` are those that were found, `picture` is the photo without anything drawn on it, a JPEG in base64
 */

/** @param {ParentNode} place with the elements of `photo_answer.py` @param {Data} data @returns {() => void} */
export function mount(place, data) {
  return mountOnce(place, PhotoAnswer, data);
}

class PhotoAnswer {
  /** All but the picture, which is told by the rest: by this, another answer is known. */
  #answer = "";
  /** @type {Data | null} */
  #data = null;

  constructor(place) {
    this.part = (name) => place.querySelector(`.${name}`);
    this.card = new SightDialog(this.part("about"));
    this.reporting = new ReportDialog(this.part("report"));
  }

  /** @param {Data} data */
  update(data) {
    const answer = JSON.stringify({ ...data, picture: "" });
    if (answer === this.#answer) return;
    this.close();
    this.#answer = answer;
    this.#data = data;
    useLanguage(data.language);
    this.#draw(data);
  }

  /** Nothing of an answer that is gone stays: neither what is shown or open, nor what is on its way. */
  close() {
    this.#answer = "";
    this.#data = null;
    this.card.close();
    this.reporting.close();
    for (const name of ["names", "reports"]) this.part(name).replaceChildren();
    this.#tell(null);
  }

  #draw(data) {
    const { said } = nameOnce(data.found);
    const onname = this.#sorry((number) => this.#openCard(number));
    this.part("names").replaceChildren(...said.map((one) => makeName(one.class, writeSaid(one, data), onname)));
    this.part("reports").replaceChildren(...makeReports(data.found, this.#sorry((kind) => this.#report(kind))));
  }

  /** The facts are the city's of now; of a sight that its newest detector does not know, there is the name. */
  async #openCard(number) {
    const data = this.#data;
    const own = findSight(data, number);
    const { model } = await readCity(data.city);
    if (data !== this.#data) return;
    this.card.open(data.city, model?.sights.find(({ name }) => name === own.name) ?? own);
  }

  async #report(kind) {
    const data = this.#data;
    const bytes = Uint8Array.from(atob(data.picture), (letter) => letter.charCodeAt(0));
    const bitmap = await readPicture(new Blob([bytes], { type: "image/jpeg" }), data.file_name);
    const picture = copyPicture(bitmap);
    bitmap.close();
    if (data !== this.#data) return;
    this.reporting.open(kind, { slug: data.city, model: data, picture, found: inShares(data.found, data) });
  }

  /** What goes wrong is told, unless its photo is gone by then. */
  #sorry(work) {
    return async (asked) => {
      const data = this.#data;
      this.#tell(null);
      try {
        await work(asked);
      } catch (error) {
        if (data === this.#data) this.#tell(sayRefusal(asRefusal(error)));
      }
    };
  }

  #tell(sentence) {
    showNotice(this.part("notice"), sentence);
  }
}
