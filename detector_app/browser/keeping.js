/** The button that keeps a city on the phone, and the offer of a newer model of a city that is kept. */

import { compareModels, filesOf, findCity, haveSameFiles, nameIn, readCity } from "./catalogue.js";
import { canKeep, dropCity, isTrusted, keepCity, keptRuntimeBytes, listKept, renewCity } from "./kept.js";
import { asRefusal } from "./refusal.js";
import { currentLanguage, dayOf, megabytes, percent, say, sayRefusal } from "./texts.js";

export class Keeping {
  /** @type {import("./kept.js").KeptCity[]} */
  #kept = [];
  /** What the server said last of a city whose newer model is offered. @type {import("./catalogue.js").City | null} */
  #newest = null;
  #isBusy = false;

  /**
   * @param {HTMLButtonElement} button @param {HTMLElement} offer with a sentence and a button
   * @param {(sentence: string | null) => void} tell
   * @param {(city: import("./catalogue.js").City) => Promise<void>} onTaken another model of it is to be used
   */
  constructor(button, offer, tell, onTaken) {
    Object.assign(this, { button, offer, tell, onTaken });
    button.addEventListener("click", () => this.#toggle());
    offer.querySelector("button").addEventListener("click", () => this.#take());
  }

  async load() {
    this.#kept = await listKept().catch(() => []);
  }

  /** @param {string | null} slug @returns {import("./kept.js").KeptCity | undefined} */
  find(slug) {
    return this.#kept.find((kept) => kept.city.slug === slug);
  }

  /**
   * The cities as they are to be used: of one that is kept, the model that is kept, until a newer one is taken.
   * @param {import("./catalogue.js").Catalogue | null} catalogue null: there is no network, nor a memory of it
   * @returns {(import("./catalogue.js").City | import("./catalogue.js").Entry)[]}
   */
  usable(catalogue) {
    const cities = (catalogue?.cities ?? []).map((city) => this.find(city.slug)?.city ?? city);
    const others = this.#kept.map((kept) => kept.city).filter((city) => !findCity(cities, city.slug));
    return [...cities, ...others];
  }

  /**
   * Draw the button for a city, and the offer if the catalogue has a newer model than the kept one.
   * @param {import("./catalogue.js").City | undefined} city @param {import("./catalogue.js").Catalogue | null} catalogue
   */
  async draw(city, catalogue) {
    Object.assign(this, { city, catalogue });
    this.button.hidden = !city?.model || !canKeep();
    this.offer.hidden = true;
    if (this.button.hidden || this.#isBusy) return;
    const isKept = this.find(city.slug) !== undefined;
    const name = nameIn(city, currentLanguage());
    const size = megabytes(this.#bytesOf(city));
    this.button.textContent = isKept ? say("keep.drop", { name }) : say("keep.keep", { name, size });
    const newer = await this.#newer();
    // Another city may have been chosen meanwhile.
    if (!newer || this.city !== city) return;
    const sentence = this.#describe(newer);
    const keys = this.catalogue.public_keys;
    // A key that was taken back is not believed for what it signed before, with or without a network.
    const isUsable = String(keys) === String(this.find(city.slug).publicKeys) || (await this.#isTrusted(keys));
    if (this.city !== city || !this.find(city.slug)) return;
    this.offer.querySelector("p").textContent = isUsable ? sentence : `${sentence} ${say("keep.not_trusted")}`;
    this.offer.hidden = false;
  }

  #isTrusted(keys) {
    return isTrusted(this.find(this.city.slug).city, keys).catch(() => true);
  }

  #describe(newer) {
    const name = nameIn(newer, currentLanguage());
    const { version, published_at: published } = newer.model;
    const { better, count } = compareModels(this.find(newer.slug).city.model, newer.model);
    const sentence = say("keep.newer", { name, version, day: dayOf(published) });
    return count ? `${sentence} ${say("keep.better", { better, count })}` : sentence;
  }

  /** What keeping it takes: its models, and for the first city what runs them. */
  #bytesOf(city) {
    const models = filesOf(city.model).reduce((sum, file) => sum + file.bytes, 0);
    return models + (this.#kept.length ? 0 : keptRuntimeBytes());
  }

  /** The city with another model than the kept one, as the server describes it. */
  async #newer() {
    const { slug } = this.city;
    const listed = findCity(this.catalogue?.cities ?? [], slug);
    const kept = this.find(slug);
    if (!kept || !listed?.model) return null;
    const hasSameKeys = String(this.catalogue.public_keys) === String(kept.publicKeys);
    if (hasSameKeys && listed.model.tag === kept.city.model.tag) return null;
    if (this.#newest?.slug !== slug || this.#newest.model?.tag !== listed.model.tag) {
      this.#newest = await readCity(slug).catch(() => null);
    }
    const newest = this.#newest;
    if (!newest?.model) return null;
    if (!haveSameFiles(newest.model, kept.city.model)) return newest;
    if (!hasSameKeys || kept.city.model.tag !== newest.model.tag) await this.#renew(kept, newest);
    return null;
  }

  /**
   * What is told of the same files has changed, such as a signature or the keys, or an older app kept them: there
   * is nothing to ask a person.
   */
  async #renew(kept, newest) {
    // At once, so that it is done once.
    Object.assign(kept, { city: newest, publicKeys: this.catalogue.public_keys });
    // Where there is no room for it, the next visit tries again.
    await renewCity(newest, kept.publicKeys).catch(() => {});
    if (this.city?.slug === newest.slug) await this.onTaken(newest);
  }

  async #toggle() {
    if (this.find(this.city.slug)) await this.#during(() => dropCity(this.city.slug), "keep.dropped");
    else await this.#keep(this.city, "keep.kept");
  }

  async #take() {
    const newer = await this.#newer();
    if (newer && (await this.#keep(newer, "keep.taken"))) await this.onTaken(newer);
  }

  #keep(city, doneKey) {
    const show = (share) => {
      this.button.textContent = say("keep.keeping", { share: percent(share) });
    };
    return this.#during(() => keepCity(city, this.catalogue?.public_keys ?? [], show), doneKey);
  }

  async #during(work, doneKey) {
    if (this.#isBusy) return false;
    const { city, catalogue } = this;
    this.#isBusy = true;
    let isDone = true;
    try {
      await work();
      this.tell(say(doneKey, { name: nameIn(city, currentLanguage()) }));
    } catch (error) {
      isDone = false;
      this.tell(sayRefusal(asRefusal(error)));
    }
    this.#isBusy = false;
    await this.load();
    // Another city may have been chosen meanwhile.
    await this.draw(this.city ?? city, this.catalogue ?? catalogue);
    return isDone;
  }
}
