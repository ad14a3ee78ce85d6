/** Which cities there are, as the server lists them, all that it says of one, and how a person finds one. */

import { fetchOrRefuse } from "./fetching.js";
import { Refusal } from "./refusal.js";

/**
 * @typedef {{sha256: string, page: string | null, author: string | null, licence: string,
 *   licence_page: string | null}} CardPhoto
 * @typedef {{class: number, name: string, names: Record<string, string>, latitude: number | null,
 *   longitude: number | null, view_meters: number | null, ap50_95: number | null,
 *   descriptions: Record<string, string>, articles: Record<string, string>, map: string | null,
 *   since: {year: number, precision: "year" | "decade" | "century"} | null,
 *   height_meters: number | null, photo: CardPhoto | null}} Sight
 * @typedef {{version: number, tag: string, published_at: string, map50_95: number,
 *   file: import("./model.js").ModelFile, live: import("./model.js").ModelFile | null,
 *   sights: Sight[], hidden_classes: number[]}} Model
 * @typedef {{slug: string, name: string, names: Record<string, string>, country: string | null,
 *   stage: string, latitude: number | null, longitude: number | null}} Described
 * @typedef {Described & {model: Model | null, public_keys: string[]}} City
 * A city as it is listed: of its model only what tells it from another.
 * @typedef {Described & {model: {version: number, tag: string, bytes: number} | null}} Entry
 * @typedef {{as_of: string | null, away: string | null, public_keys: string[], cities: Entry[]}} Catalogue
 */

/** Letters that Unicode does not take apart into a letter and its accent. */
const PLAIN_LETTERS = { ß: "ss", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", æ: "ae", œ: "oe", ı: "i" };
const MAX_ANSWER_MS = 8000;

/** @returns {Promise<Catalogue>} @throws {Refusal} */
export async function readCatalogue() {
  const catalogue = await readJson("/api/city-list");
  if (!Array.isArray(catalogue?.cities) || !Array.isArray(catalogue.public_keys)) {
    throw new Refusal("catalogue.unreadable");
  }
  return catalogue;
}

/**
 * Return all that there is to know of a city.
 * @param {string} slug @returns {Promise<City>} @throws {Refusal}
 */
export async function readCity(slug) {
  const city = await readJson(`/api/cities/${encodeURIComponent(slug)}`);
  const isWhole = city?.slug === slug && (city.model === null || Array.isArray(city.model?.sights));
  if (!isWhole) throw new Refusal("catalogue.unreadable");
  return city;
}

async function readJson(address) {
  const response = await fetchOrRefuse(address, { signal: AbortSignal.timeout(MAX_ANSWER_MS) });
  return response.json().catch(() => null);
}

/**
 * @template {{slug: string}} Found
 * @param {Found[]} cities @param {string | null} slug @returns {Found | undefined}
 */
export function findCity(cities, slug) {
  return cities.find((city) => city.slug === slug);
}

/**
 * Return the cities one of whose names has words that begin as the query's, in the order of the list.
 * @param {Entry[]} cities @param {string} query @returns {Entry[]}
 */
export function searchCities(cities, query) {
  const wanted = fold(query).split(" ").filter(Boolean);
  if (wanted.length === 0) return cities;
  return cities.filter((city) =>
    [city.name, city.slug, ...Object.values(city.names ?? {})].some((name) => {
      const words = fold(name).split(" ");
      return wanted.every((part) => words.some((word) => word.startsWith(part)));
    }),
  );
}

/** @param {string} text @returns {string} in small letters, without accents and punctuation */
export function fold(text) {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[ßøłđðþæœı]/g, (letter) => PLAIN_LETTERS[letter])
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}

/** @param {City | Sight} named @param {string} language @returns {string} its name in that language, if it has one */
export function nameIn(named, language) {
  return named.names?.[language] ?? named.name;
}

/**
 * What names a class: the sight's name in the page's language.
 * @param {Model} model @param {number} classNumber @param {string} language @returns {string}
 */
export function sightName(model, classNumber, language) {
  const sight = findSight(model, classNumber);
  return sight ? nameIn(sight, language) : `${classNumber}`;
}

/** @param {Model} model @param {number} classNumber @returns {Sight | undefined} */
export function findSight(model, classNumber) {
  return model.sights.find((one) => one.class === classNumber);
}

/** @param {Described} city @returns {string} how far a city without a model has come, as a key of a sentence */
export function stageKey({ stage }) {
  return stage === "waiting" || stage === "refused" ? `stage.${stage}` : "stage.preparing";
}

/** @param {Model} model @returns {import("./model.js").ModelFile} what looks at a film */
export function liveFile(model) {
  return model.live ?? model.file;
}

/** @param {Model} model @returns {import("./model.js").ModelFile[]} */
export function filesOf(model) {
  return model.live ? [model.live, model.file] : [model.file];
}

/** @param {Model} model @param {Model} other @returns {boolean} whether they look with the same files */
export function haveSameFiles(model, other) {
  const hashes = (of) => filesOf(of).map(({ sha256 }) => sha256).join();
  return hashes(model) === hashes(other);
}

/**
 * Count the sights that another model finds better, of those that both know and that were measured.
 * @param {Model} model @param {Model} other @returns {{better: number, count: number}}
 */
export function compareModels(model, other) {
  const before = new Map(model.sights.map((sight) => [sight.name, sight.ap50_95]));
  const pairs = other.sights
    .map((sight) => [before.get(sight.name), sight.ap50_95])
    .filter((pair) => pair.every((measure) => typeof measure === "number"));
  return { better: pairs.filter(([old, now]) => now > old).length, count: pairs.length };
}
