/**
 * What the browser remembers for the Streamlit pages, the language that it reads them in, and what is said aloud.
 *
 * Nothing is kept before Python asks for it by `keep`: a random number of the person, and their last requests.
 */

const REMEMBERED = "sightscan-asked";
const MAX_REQUESTS = 8;
const HEARD = "visitor-hears";
/** Where a word is spoken rather than shown. */
const SPOKEN_ATTRIBUTES = ["aria-label", "title", "placeholder"];
/** What Streamlit's widgets say, and what they are to say. @type {Record<string, string>} */
let translated = {};
/** Those with a place, for which widgets put in a name or a size. @type {[RegExp, string][]} */
let patterns = [];
const PLACE = "{}";
/** @type {MutationObserver | null} */
let watcher = null;
/** The key of the answer that was spoken last. */
let spoken = null;

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}");
    return { person: kept.person ?? null, requests: Array.isArray(kept.requests) ? kept.requests : [] };
  } catch {
    // A browser that keeps nothing, or something that is not ours.
    return { person: null, requests: [] };
  }
}

function keep(known, { person, request, name }) {
  const others = known.requests.filter((one) => one.id !== request);
  // The number that is there stays: another page of this browser may have made it since this one was opened.
  const kept = { person: known.person ?? person, requests: [{ id: request, name }, ...others].slice(0, MAX_REQUESTS) };
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(kept));
  } catch {
    // Private windows may refuse: the person counts by this visit then.
  }
  return kept;
}

/** Speak an answer once: the region is there before its words, and the page's script runs again and again. */
function speak(answer) {
  let region = document.getElementById(HEARD);
  if (!region) {
    region = document.createElement("p");
    region.id = HEARD;
    region.setAttribute("role", "status");
    // Within what is read as the page.
    (document.querySelector("[data-testid=stMain]") ?? document.body).append(region);
  }
  if (!answer || answer.key === spoken) return;
  spoken = answer.key;
  region.textContent = answer.sentence;
}

/** Say in the page's language what Streamlit's widgets say in English; they are drawn again and again. */
function translate(words) {
  translated = words ?? {};
  patterns = Object.entries(translated).filter(([word]) => word.includes(PLACE)).map(asPattern);
  if (watcher || Object.keys(translated).length === 0) return;
  watcher = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "childList") addedNodes.forEach(translateWithin);
      else translateOne(target);
    }
  });
  watcher.observe(document.body, {
    ...{ subtree: true, childList: true, characterData: true, attributes: true },
    attributeFilter: SPOKEN_ATTRIBUTES,
  });
  translateWithin(document.body);
}

function translateWithin(root) {
  translateOne(root);
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) translateOne(walker.currentNode);
}

/** Of a word with a place: how it is known whole, and what is to be said. */
function asPattern([word, said]) {
  const [before, after] = word.split(PLACE).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return [new RegExp(`^${before}(.+)${after}$`), said];
}

/** What is said for a text of a widget, if it is one. */
function translationOf(text) {
  if (Object.hasOwn(translated, text)) return translated[text];
  for (const [pattern, said] of patterns) {
    const found = pattern.exec(text);
    if (found) return said.replace(PLACE, () => found[1]);
  }
  return null;
}

function translateOne(node) {
  if (node.nodeType === Node.TEXT_NODE) {
    const word = translationOf(node.nodeValue.trim());
    // Once is enough: a word that is the same in both languages would change for ever.
    if (word && word !== node.nodeValue) node.nodeValue = word;
    return;
  }
  for (const name of SPOKEN_ATTRIBUTES) {
    const word = translationOf(node.getAttribute?.(name) ?? "");
    if (word) node.setAttribute(name, word);
  }
}

export default function mount({ data, setStateValue }) {
  document.documentElement.lang = data.language;
  translate(data.words);
  speak(data.hears);
  let known = read();
  if (data.keep) known = keep(known, data.keep);
  const told = JSON.stringify(known);
  // Told once: each telling runs the page again.
  if (told !== data.known) setStateValue("known", told);
}
