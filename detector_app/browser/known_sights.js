/** The list of the sights that a city's detector names, each of which can be pressed. */

import { sightName } from "./catalogue.js";
import { make } from "./dom.js";
import { makeName } from "./name_plate.js";
import { currentLanguage, say } from "./texts.js";

/**
 * @param {HTMLElement} details @param {import("./catalogue.js").Model | null | undefined} model
 * @param {(classNumber: number) => void} onName
 */
export function drawKnown(details, model, onName) {
  details.hidden = !model;
  if (!model) return;
  const known = model.sights.filter((sight) => !model.hidden_classes.includes(sight.class));
  const title = known.length === 1 ? "knows.one" : "knows.many";
  details.querySelector("summary").textContent = say(title, { count: known.length });
  details.querySelector("ul").replaceChildren(
    ...known.map(({ class: number }) =>
      make("li", {}, makeName(number, sightName(model, number, currentLanguage()), onName, "known")),
    ),
  );
}
