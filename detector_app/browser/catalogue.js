/** Which cities there are, as the server lists them, and how a person finds one. */

import { fetchOrRefuse } from "./fetching.js";
import { Refusal } from "./refusal.js";

/**
 * @typedef {{class: number, name: string, names: Record<string, string>}} Sight
 * @typedef {{version: number, published_at: string, map50_95: number,
 *   file: import("./model.js").ModelFile, live: import("./model.js").ModelFile | null,
 *   sights: Sight[], hidden_classes: number[]}} Model
 * @typedef {{slug: string, name: string, names: Record<string, string>, country: string | null,
 *   stage: string, model: Model | null}} City
 * @typedef {{as_of: string | null, away: string | null, public_keys: string[], cities: City[]}} Catalogue
 */

/** Letters that Unicode does not take apart into a letter and its accent. */
const PLAIN_LETTERS = { ß: "ss", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", æ: "ae", œ: "oe", ı: "i" };
const MAX_ANSWER_MS = 8000;

/** @returns {Promise<Catalogue>} @throws {Refusal} */
export async function readCatalogue() {
  const response = await fetchOrRefuse("/api/cities", { signal: AbortSignal.timeout(MAX_ANSWER_MS) });
  const catalogue = await response.json().catch(() => null);
  if (!Array.isArray(catalogue?.cities) || !Array.isArray(catalogue.public_keys)) {
    throw new Refusal("catalogue.unreadable");
  }
  return catalogue;
}

/** @param {City[]} cities @param {string | null} slug @returns {City | undefined} */
export function findCity(cities, slug) {
  return cities.find((city) => city.slug === slug);
}

/**
 * Return the cities one of whose names has words that begin as the query's, in the order of the list.
 * @param {City[]} cities @param {string} query @returns {City[]}
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
  const sight = model.sights.find((one) => one.class === classNumber);
  return sight ? nameIn(sight, language) : `${classNumber}`;
}

/** @param {City} city @returns {string} how far a city without a model has come, as a key of a sentence */
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

/**
 * Tell whether nothing has to be fetched for one that there is for the other; the live file is listed later.
 * @param {Model} model @param {Model | null} [other] @returns {boolean}
 */
export function haveSameFiles(model, other) {
  const hashes = (one) => filesOf(one).map((file) => file.sha256).join();
  return Boolean(other) && hashes(model) === hashes(other);
}
