/** The plate with names over a film or below a picture, and the one line that a screen reader speaks. */

import { sightName } from "./catalogue.js";
import { make, swatch } from "./dom.js";
import { colourOf } from "./overlay.js";
import { currentLanguage, listOf, say } from "./texts.js";

/** A name that went and comes back within this time is not announced again. */
const FORGET_AFTER_MS = 10_000;

/**
 * Write one name as surely as the model is.
 * @param {import("./names.js").Said} said @param {import("./catalogue.js").Model} model @returns {string}
 */
export function writeSaid(said, model) {
  const name = sightName(model, said.class, currentLanguage());
  if (said.word !== "perhaps") return say(`name.${said.word}`, { name });
  if (said.rival === null) return say("name.perhaps", { name });
  return say("name.perhaps_or", { name, other: sightName(model, said.rival, currentLanguage()) });
}

/**
 * Make a name that can be pressed.
 * @param {number} classNumber @param {string | Node} text @param {(classNumber: number) => void} onName
 * @param {string} [look] its class: said of a picture, or in a list
 * @returns {HTMLElement}
 */
export function makeName(classNumber, text, onName, look = "said") {
  const button = make("button", { type: "button", onclick: () => onName(classNumber) });
  button.append(swatch(colourOf(classNumber)), text);
  return make("p", { class: look }, button);
}

/** Shows answers of one film. */
export class NamePlate {
  #spokenAt = new Map();
  /** What is shown, by class; null is that there is no name. @type {Map<number | null, {element: HTMLElement, text: HTMLElement}>} */
  #lines = new Map();

  /** Called when a name is pressed; for the owner to replace. @param {number} classNumber */
  onName(classNumber) {}

  /** @param {HTMLElement} plate @param {HTMLElement} live a live region that has nothing else */
  constructor(plate, live) {
    this.plate = plate;
    this.live = live;
  }

  /** @param {import("./names.js").Answer} answer @param {import("./catalogue.js").Model} model @param {number} now */
  show(answer, model, now) {
    const lines = answer.said.map((said) => ({ text: writeSaid(said, model), class: said.class }));
    if (answer.kind === "unknown") lines.push({ text: say("name.unknown"), class: null });
    if (answer.kind === "looking") lines.push({ text: say("name.looking"), class: null });
    this.#draw(lines);
    this.#speak(answer, model, now);
  }

  clear() {
    this.#draw([]);
    this.live.textContent = "";
    this.#spokenAt.clear();
  }

  /** Only what differs is drawn: a plate that is drawn anew each frame cannot be pressed or read. */
  #draw(lines) {
    const before = this.#lines;
    this.#lines = new Map(lines.map((line) => [line.class, before.get(line.class) ?? this.#make(line.class)]));
    this.plate.hidden = lines.length === 0;
    arrange(this.plate, [...this.#lines.values()].map(({ element }) => element));
    for (const line of lines) {
      const { text } = this.#lines.get(line.class);
      if (text.textContent !== line.text) text.textContent = line.text;
    }
  }

  #make(classNumber) {
    const text = make("span");
    const isName = classNumber !== null;
    const element = isName ? makeName(classNumber, text, (number) => this.onName(number)) : make("p", { class: "quiet" }, text);
    return { element, text };
  }

  #speak(answer, model, now) {
    const fresh = [];
    for (const { class: number } of answer.said) {
      const spoken = this.#spokenAt.get(number);
      if (spoken === undefined || now - spoken > FORGET_AFTER_MS) fresh.push(number);
      this.#spokenAt.set(number, now);
    }
    if (fresh.length === 0) return;
    this.live.textContent = listOf(fresh.map((number) => sightName(model, number, currentLanguage())));
  }
}

/** Put elements into their order. One that is pressed or has the focus stays where it is: moved, it would lose both. */
function arrange(parent, elements) {
  for (const child of [...parent.children]) if (!elements.includes(child)) child.remove();
  if (elements.length === 0) return;
  const held = [":active", ":focus-within"].map((state) => elements.findIndex((one) => one.matches(state)));
  const fixed = held.find((at) => at !== -1) ?? 0;
  if (elements[fixed].parentNode !== parent) parent.append(elements[fixed]);
  for (let at = fixed - 1; at >= 0; at -= 1) {
    if (elements[at].nextSibling !== elements[at + 1]) elements[at + 1].before(elements[at]);
  }
  for (let at = fixed + 1; at < elements.length; at += 1) {
    if (elements[at].previousSibling !== elements[at - 1]) elements[at - 1].after(elements[at]);
  }
}
