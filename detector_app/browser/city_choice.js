/** The dialog in which a city is chosen: a search over all its names, and the list. */

import { findCity, nameIn, searchCities, stageKey } from "./catalogue.js";
import { make } from "./dom.js";
import { distanceMeters, nearestFirst } from "./place.js";
import { currentLanguage, say } from "./texts.js";

const REMEMBERED = "sightscan-city";
/** Whoever is farther from a city is not in it. */
const MAX_CITY_METERS = 40_000;

/**
 * Return the city that the address asks for, else the one of last time, else the only one with a model.
 * @param {import("./catalogue.js").City[]} cities @param {string | null} asked
 * @returns {{city: import("./catalogue.js").City | undefined, isUnknown: boolean}}
 */
export function firstCity(cities, asked) {
  // Who asks for one that is not there is not shown another.
  if (asked !== null) {
    const city = findCity(cities, asked);
    return { city, isUnknown: city === undefined };
  }
  const ready = cities.filter((city) => city.model);
  const last = findCity(ready, remembered());
  return { city: last ?? (ready.length === 1 ? ready[0] : undefined), isUnknown: false };
}

/**
 * Return the nearest city with a model, if it is near enough to be the one that is meant.
 * @param {import("./catalogue.js").Described[]} cities @param {import("./place.js").Point} here
 */
export function nearestCity(cities, here) {
  const [nearest] = nearestFirst(cities.filter((city) => city.model), here);
  return nearest?.latitude != null && distanceMeters(here, nearest) <= MAX_CITY_METERS ? nearest : undefined;
}

/** Name the city in the page's address, so that it can be kept and sent to others. @param {string} slug */
export function rememberCity(slug) {
  const address = new URL(location.href);
  address.searchParams.set("city", slug);
  history.replaceState(null, "", address);
  try {
    localStorage.setItem(REMEMBERED, slug);
  } catch {
    // A browser may forbid all storage: the address still has it.
  }
}

/** A modal dialog, closed by choosing, Escape or its button. */
export class CityDialog {
  #cities = [];

  /**
   * @param {HTMLDialogElement} dialog with an input and a list
   * @param {(city: import("./catalogue.js").City) => void} onChosen
   */
  constructor(dialog, onChosen) {
    this.dialog = dialog;
    this.onChosen = onChosen;
    this.input = dialog.querySelector("input");
    this.list = dialog.querySelector("ul");
    this.input.addEventListener("input", () => this.#fill());
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.list.querySelector("button")?.click();
    });
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
  }

  /**
   * @param {import("./catalogue.js").Entry[]} cities
   * @param {import("./place.js").Point | null} here where the person is: the nearest city comes first
   */
  open(cities, here = null) {
    this.#cities = here ? nearestFirst(cities, here) : cities;
    this.input.value = "";
    this.#fill();
    if (!this.dialog.open) this.dialog.showModal();
    this.input.focus();
  }

  #fill() {
    const found = searchCities(this.#cities, this.input.value);
    this.list.replaceChildren(...found.map((city) => make("li", {}, this.#button(city))));
    if (found.length === 0) {
      const key = this.#cities.length ? "city.not_found" : "city.none";
      this.list.append(make("li", { class: "quiet" }, say(key, { query: this.input.value })));
    }
  }

  #button(city) {
    const place = [nameIn(city, currentLanguage()), city.country].filter(Boolean).join(", ");
    const choose = () => {
      this.dialog.close();
      this.onChosen(city);
    };
    const state = city.model ? [] : [make("small", {}, say(stageKey(city)))];
    return make("button", { type: "button", onclick: choose }, make("span", {}, place), ...state);
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}
