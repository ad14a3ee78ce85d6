// Trees of elements, and how one takes the place of another without losing where a person is in it. What
// strangers wrote is text here, never HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Return an element with attributes and children: texts, elements, lists of them; null is left out. */
export const node = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** The same for a drawing. */
export const shape = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/**
 * Make an element's children those of another, changing only what differs: focus, selection, scrolling and
 * what is unfolded stay as they are.
 */
export function patch(old, fresh) {
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((wanted, number) => {
    const there = before[number];
    if (!there) {
      old.append(wanted);
    } else if (there.nodeName !== wanted.nodeName || there.id !== wanted.id) {
      there.replaceWith(wanted);
    } else if (there.nodeType === Node.TEXT_NODE) {
      if (there.data !== wanted.data) there.data = wanted.data;
    } else {
      patchAttributes(there, wanted);
      patch(there, wanted);
    }
  });
  for (const gone of before.slice(after.length)) gone.remove();
}

function patchAttributes(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    // Whether something is unfolded is the person's.
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
}
