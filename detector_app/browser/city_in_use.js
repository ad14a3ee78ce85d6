/** The city that the page /camera is about, and what looks with its model; a newer model is taken as it comes. */

import { findCity, nameIn, readCatalogue, readCity, stageKey } from "./catalogue.js";
import { firstCity } from "./city_choice.js";
import { Detectors } from "./detectors.js";
import { asRefusal } from "./refusal.js";
import { currentLanguage, say, sayRefusal } from "./texts.js";

export class CityInUse {
  /** @type {import("./catalogue.js").Catalogue | null} */
  catalogue = null;
  /** @type {import("./catalogue.js").City | undefined} */
  city;
  /** @type {Detectors | null} */
  detectors = null;

  /** Called when another city, or another model, is in use; for the owner to replace. */
  onChanged() {}

  /**
   * @param {import("./keeping.js").Keeping} keeping @param {import("./live_view.js").LiveView} view
   * @param {(sentence: string | null) => void} tell
   * @param {(share: number) => void} showProgress of what has to be fetched
   */
  constructor(keeping, view, tell, showProgress) {
    this.keeping = keeping;
    this.view = view;
    this.tell = tell;
    this.showProgress = showProgress;
  }

  /** What can be chosen: the server's cities, else those that are kept. */
  get listed() {
    return this.keeping.usable(this.catalogue);
  }

  /** Open the city of the page's address, else the one that was chosen last. */
  async openFirst() {
    await this.keeping.load();
    await this.refresh();
    const asked = new URL(location.href).searchParams.get("city");
    const first = firstCity(this.listed, asked);
    if (first.isUnknown) this.tell(say("city.unknown", { slug: asked }));
    if (first.city) await this.open(first.city).catch((error) => this.tell(sayRefusal(asRefusal(error))));
  }

  /** Ask which cities there are; whoever has none of them is told why. */
  async refresh() {
    try {
      this.catalogue = await readCatalogue();
      if (this.catalogue.away && !this.catalogue.cities.length) this.tell(say("catalogue.away"));
    } catch (error) {
      if (!this.listed.length) this.tell(sayRefusal(asRefusal(error)));
    }
    const { city } = this;
    const listed = city && findCity(this.listed, city.slug);
    const isNewer = listed?.model && listed.model.tag !== city.model?.tag;
    // Of a city that is not kept, the newest model is the one in use; who is offline asks again later.
    const newer = isNewer ? await readCity(city.slug).catch(() => null) : null;
    if (newer?.model) await this.use(newer, true);
    else await this.keeping.draw(city, this.catalogue);
  }

  /** Use a city of the list: as it is kept here, else as the server describes it. */
  async open(entry) {
    await this.use(this.keeping.find(entry.slug)?.city ?? (await readCity(entry.slug)));
  }

  /** Take a city's model into use; `isNewModel`: a film that runs goes on with it. */
  async use(chosen, isNewModel = false) {
    const before = this.detectors;
    const keys = this.catalogue?.public_keys ?? this.keeping.find(chosen.slug)?.publicKeys ?? [];
    const next = chosen.model ? new Detectors(chosen.model, keys, this.showProgress) : null;
    if (!isNewModel) this.view.stop();
    else if (next && this.view.film.isWanted && !(await this.#changeFilm(next))) return;
    const isReady = isNewModel && !this.city.model;
    this.city = chosen;
    this.detectors = next;
    this.onChanged();
    before?.close();
    const name = nameIn(chosen, currentLanguage());
    if (!chosen.model) this.tell(say(`${stageKey(chosen)}.long`, { name }));
    if (isReady) this.tell(say("city.ready", { name }));
  }

  /** Let the film go on with another model; with one that is refused, it goes on as it was. */
  async #changeFilm(next) {
    try {
      await this.view.change(next);
      return true;
    } catch (error) {
      next.close();
      this.tell(sayRefusal(asRefusal(error)));
      return false;
    } finally {
      this.showProgress(1);
    }
  }
}
