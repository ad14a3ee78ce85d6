/** The sentences of the pages, by key and language; the sentences themselves are in `texts/`. */

import de from "./texts/de.js";
import en from "./texts/en.js";

const LANGUAGES = { en, de };
const REMEMBERED = "sightscan-language";
const DEFAULT_LANGUAGE = "en";
const MEGABYTE = 1_000_000;

let language = firstLanguage();

/** @returns {string[]} the languages that there are */
export function languages() {
  return Object.keys(LANGUAGES);
}

/** @returns {string} the language of the page */
export function currentLanguage() {
  return language;
}

/** @param {string} chosen */
export function chooseLanguage(chosen) {
  useLanguage(chosen);
  remember(language);
}

/** Speak the language of a page that is not ours, without remembering it. @param {string} spoken */
export function useLanguage(spoken) {
  language = spoken in LANGUAGES ? spoken : DEFAULT_LANGUAGE;
}

/**
 * Return a sentence in the page's language, with values put into its {places}.
 * @param {string} key @param {Record<string, string | number>} [values] @returns {string}
 */
export function say(key, values = {}) {
  const sentence = LANGUAGES[language][key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (place, name) => (name in values ? written(values[name]) : place));
}

/** @param {import("./refusal.js").Refusal} refusal @returns {string} */
export function sayRefusal(refusal) {
  return say(refusal.key, refusal.values);
}

/** @param {number} bytes @returns {string} megabytes, at least one */
export function megabytes(bytes) {
  return written(Math.max(1, Math.round(bytes / MEGABYTE)));
}

/** @param {number} share 0..1 @returns {string} */
export function percent(share) {
  return new Intl.NumberFormat(locale(), { style: "percent" }).format(share);
}

/** @param {string[]} items @param {"conjunction" | "disjunction"} [type] @returns {string} "A, B and C" */
export function listOf(items, type = "conjunction") {
  return new Intl.ListFormat(locale(), { type }).format(items);
}

/** @param {string} moment in ISO 8601 @returns {string} the day */
export function dayOf(moment) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "long" }).format(new Date(moment));
}

/** @param {number} count @returns {string} its digits alone, as years are written */
export function plainNumber(count) {
  return String(count);
}

/** @param {number} seconds @returns {string} "1:07", as players write it */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** @param {number} count @returns {string} "1st", "2nd" */
export function ordinal(count) {
  const form = new Intl.PluralRules(language, { type: "ordinal" }).select(count);
  return say(`ordinal.${form}`, { count });
}

/** @param {string} tag @returns {string} what a language is called in the page's */
export function languageName(tag) {
  return new Intl.DisplayNames(locale(), { type: "language" }).of(tag) ?? tag;
}

/** Put the sentences of `data-text` and `data-label` (for the ear) into a part of a page. @param {ParentNode} root */
export function fillTexts(root) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
    element.title = say(element.dataset.label);
  }
}

/** The page's language as the person's own country writes it, if they told the browser. */
function locale() {
  return navigator.languages?.find((tag) => tag.split("-")[0] === language) ?? language;
}

function written(value) {
  return typeof value === "number" ? new Intl.NumberFormat(locale()).format(value) : value;
}

function firstLanguage() {
  const wished = [remembered(), ...(navigator.languages ?? [])].filter(Boolean);
  return wished.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES) ?? DEFAULT_LANGUAGE;
}

/** A browser may forbid all storage: then each visit begins anew. */
function remember(chosen) {
  try {
    localStorage.setItem(REMEMBERED, chosen);
  } catch {
    // Nothing is lost but the wish.
  }
}

function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}
