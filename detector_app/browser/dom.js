/** Small words for what every view does with elements. */

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * Make an element: attributes by name, `onclick` and the like as listeners; texts are never HTML.
 * @param {string} tag @param {Record<string, unknown>} [attributes] @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A spot in the colour that a sight has in every picture. @param {string} colour @returns {SVGElement} */
export function swatch(colour) {
  const spot = document.createElementNS(SVG, "svg");
  spot.setAttribute("viewBox", "0 0 10 10");
  spot.setAttribute("class", "swatch");
  spot.setAttribute("aria-hidden", "true");
  const circle = document.createElementNS(SVG, "circle");
  for (const [name, value] of Object.entries({ cx: 5, cy: 5, r: 4, fill: colour })) circle.setAttribute(name, value);
  spot.append(circle);
  return spot;
}

/** Show a sentence, or nothing at all. @param {HTMLElement} element @param {string | null} sentence */
export function showSentence(element, sentence) {
  element.textContent = sentence ?? "";
  element.hidden = !sentence;
}

/**
 * Show a sentence that is announced, too: its element stays where it is, empty, for whoever listens to it.
 * @param {HTMLElement} element a live region @param {string | null} sentence
 */
export function showNotice(element, sentence) {
  element.textContent = sentence ?? "";
}
