/**
 * The card of a sight: what it is, since when, a photo with its credit, and where to read on.
 *
 * Its links lead to other sites: they are opened by the person, and nothing of them is fetched before.
 */

import { nameIn } from "./catalogue.js";
import { make } from "./dom.js";
import { currentLanguage, languageName, ordinal, plainNumber, say } from "./texts.js";

const SINCE = { year: "card.since.year", decade: "card.since.decade", century: "card.since.century" };
const SINCE_BEFORE = { year: "card.before.year", decade: "card.before.year", century: "card.before.century" };
const YEARS_OF_A_CENTURY = 100;

/**
 * Say since when something is there: to the year, the decade or the century.
 * @param {{year: number, precision: "year" | "decade" | "century"}} since year 0 is the one before 1
 * @returns {string}
 */
export function saySince({ year, precision }) {
  const isBefore = year < 1;
  const count = isBefore ? 1 - year : year;
  return say((isBefore ? SINCE_BEFORE : SINCE)[precision], {
    year: plainNumber(count),
    century: ordinal(Math.ceil(count / YEARS_OF_A_CENTURY)),
  });
}

/** A modal dialog that shows one sight. */
export class SightDialog {
  /** @param {HTMLDialogElement} dialog an empty one */
  constructor(dialog) {
    this.dialog = dialog;
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  /** @param {string} slug of its city @param {import("./catalogue.js").Sight} sight */
  open(slug, sight) {
    const name = nameIn(sight, currentLanguage());
    const close = make("button", { type: "button", class: "close", onclick: () => this.dialog.close() }, say("card.close"));
    this.dialog.setAttribute("aria-label", name);
    this.dialog.replaceChildren(make("h2", {}, name), ...describe(sight), ...drawPhoto(slug, sight, name), ...drawLinks(sight), close);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  close() {
    this.dialog.close();
  }
}

function describe(sight) {
  const what = inPageLanguage(sight.descriptions);
  const facts = [
    ...(sight.since ? [saySince(sight.since)] : []),
    ...(sight.height_meters ? [say("card.height", { meters: Math.round(sight.height_meters) })] : []),
  ];
  const lines = [
    ...(what ? [make("p", { lang: what.language }, what.text)] : []),
    ...(facts.length ? [make("p", {}, facts.join(" · "))] : []),
  ];
  if (lines.length === 0) return [make("p", { class: "quiet" }, say("card.nothing"))];
  return [...lines, make("p", { class: "quiet source" }, say("card.source"))];
}

function drawPhoto(slug, sight, name) {
  const { photo } = sight;
  if (!photo) return [];
  const { author, licence, page, licence_page: licencePage } = photo;
  const credit = author ? say("card.photo", { author }) : say("card.photo_nameless");
  const figure = make("figure", {});
  // Without a network, of a city that is not kept: no photo is better than a broken one.
  const img = make("img", { src: addressOfPhoto(slug, photo), alt: name, onerror: () => figure.remove() });
  figure.append(img, make("figcaption", {}, link(page, credit), ", ", link(licencePage, licence)));
  return [figure];
}

function drawLinks(sight) {
  const article = inPageLanguage(sight.articles);
  const links = [];
  if (article) {
    const isOwn = article.language === currentLanguage();
    const text = isOwn ? say("card.article") : say("card.article_in", { language: languageName(article.language) });
    links.push(link(article.text, text, { hreflang: article.language }));
  }
  if (sight.map) links.push(link(sight.map, say("card.map")));
  if (links.length === 0) return [];
  return [make("p", { class: "links" }, ...links), make("p", { class: "quiet" }, say("card.elsewhere"))];
}

/** @param {string} slug @param {{sha256: string}} photo @returns {string} where this server has a card's photo */
export function addressOfPhoto(slug, photo) {
  return `/sights/${slug}/${photo.sha256}.jpg`;
}

/** A text in the page's language, else in any. */
function inPageLanguage(texts) {
  const language = [currentLanguage(), ...Object.keys(texts ?? {})].find((one) => texts?.[one]);
  return language ? { language, text: texts[language] } : null;
}

/** A link to another site, which is told nothing of this page; what is no web address is none. */
function link(address, text, more = {}) {
  if (!/^https?:\/\//.test(address)) return make("span", {}, text);
  return make("a", { href: address, target: "_blank", rel: "noopener noreferrer external", ...more }, text);
}
