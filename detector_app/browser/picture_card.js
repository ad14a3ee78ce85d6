/** A picture with what was found: names, the picture itself, buttons to save, share or take it away. */

import { sightName } from "./catalogue.js";
import { nameOnce } from "./names.js";
import { make } from "./dom.js";
import { makeName, writeSaid } from "./name_plate.js";
import { annotatedName, asJpeg, canShare, drawPicture, saveFile, shareFile } from "./picture.js";
import { asRefusal } from "./refusal.js";
import { copyPicture, inShares } from "./report.js";
import { currentLanguage, listOf, say, sayRefusal } from "./texts.js";

/**
 * Make a card of a picture that was looked at.
 * @param {string} name of the picture's file @param {ImageBitmap | null} bitmap null: this browser cannot show it
 * @param {import("./detection.js").Detection[]} detections @param {import("./catalogue.js").Model} model
 * @param {{kind: "boxes" | "dots", onclose: () => void, closeKey: string,
 *   onname: (classNumber: number) => void,
 *   onreport: (kind: "wrong" | "missing", picture: HTMLCanvasElement, found: {class: number, box: number[]}[]) => void}} options
 * @returns {HTMLElement} with what is to be announced of it as `data-spoken`
 */
export function makeCard(name, bitmap, detections, model, { kind, onclose, closeKey, onname, onreport }) {
  const { said } = nameOnce(detections);
  const sentences = said.map((one) => writeSaid(one, model));
  const names = make(
    "div",
    { class: "names" },
    ...said.map((one, at) => makeName(one.class, sentences[at], onname)),
  );
  if (said.length === 0) names.append(make("p", { class: "quiet" }, say("name.unknown")));
  const card = make("article", { class: "card", "aria-label": name }, names);
  const spoken = said.map((one) => sightName(model, one.class, currentLanguage()));
  card.dataset.spoken = spoken.length ? listOf(spoken) : say("name.unknown");
  const buttons = make("div", { class: "tools" });
  if (bitmap) {
    const canvas = make("canvas", { role: "img", "aria-label": listOf([...sentences, name]) });
    drawPicture(canvas, bitmap, detections, model, kind);
    card.append(canvas);
    const alike = new File(["."], "shared.jpg", { type: "image/jpeg" });
    addOutlets(buttons, card, () => asJpeg(canvas, annotatedName(name)), alike);
  } else {
    card.append(make("p", { class: "quiet" }, say("photo.not_shown", { name })));
  }
  buttons.append(make("button", { type: "button", onclick: onclose }, say(closeKey)));
  card.append(buttons);
  if (bitmap) {
    const [picture, found] = [copyPicture(bitmap), inShares(detections, bitmap)];
    const reports = makeReports(found, (kind) => onreport(kind, picture, found));
    card.append(make("div", { class: "tools reports" }, ...reports));
  }
  return card;
}

/**
 * Make the buttons by which a person says that a picture was answered wrongly.
 * @param {unknown[]} found what was named on it @param {(kind: "wrong" | "missing") => void} onreport
 * @returns {HTMLElement[]}
 */
export function makeReports(found, onreport) {
  const kinds = [...(found.length ? [["wrong", "report.wrong"]] : []), ["missing", "report.missing"]];
  return kinds.map(([kind, key]) =>
    make("button", { type: "button", class: "plain", onclick: () => onreport(kind) }, say(key)),
  );
}

/**
 * Make a card of a photo that was refused.
 * @param {string} name @param {import("./refusal.js").Refusal} refusal @param {() => void} onclose
 * @returns {HTMLElement}
 */
export function makeRefusedCard(name, refusal, onclose) {
  return make(
    "article",
    { class: "card", "aria-label": name },
    make("p", { class: "quiet" }, name),
    make("p", { class: "refused", role: "alert" }, sayRefusal(refusal)),
    make("div", { class: "tools" }, make("button", { type: "button", onclick: onclose }, say("photo.remove"))),
  );
}

/**
 * Add buttons that save a file, and share it where phones can; what goes wrong is said on the card.
 * @param {HTMLElement} buttons @param {HTMLElement} card @param {() => File | Promise<File>} makeFile
 * @param {File} alike a file of its kind: whether it can be shared is known by that
 */
export function addOutlets(buttons, card, makeFile, alike) {
  const giveTo = (outlet) => async () => {
    try {
      await outlet(await makeFile());
    } catch (error) {
      card.append(make("p", { class: "refused", role: "alert" }, sayRefusal(asRefusal(error))));
    }
  };
  buttons.append(make("button", { type: "button", onclick: giveTo(saveFile) }, say("picture.save")));
  if (canShare(alike)) {
    buttons.append(make("button", { type: "button", onclick: giveTo(shareFile) }, say("picture.share")));
  }
}
