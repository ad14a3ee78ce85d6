/**
 * Tell whoever runs the page that a name is wrong, or that a sight has none: with the picture, the box
 * and the version of the detector. A person is shown what is sent before it is; and afterwards the picture as it
 * was stored, in which the server has blurred faces and number plates.
 */

import { sightName } from "./catalogue.js";
import { make, showNotice } from "./dom.js";
import { fetchOrRefuse } from "./fetching.js";
import { asRefusal } from "./refusal.js";
import { currentLanguage, say, sayRefusal } from "./texts.js";

/** More is not needed to see what was wrong. */
const MAX_SENT_SIDE = 1280;
const JPEG_QUALITY = 0.85;
const TITLES = { wrong: "report.wrong", missing: "report.missing" };
const EXPLANATIONS = { wrong: "report.sends_wrong", missing: "report.sends_missing" };

/**
 * @typedef {{slug: string, model: import("./catalogue.js").Model, picture: HTMLCanvasElement,
 *   found: {class: number, box: number[]}[]}} Reported boxes in shares of the picture
 */

/**
 * Copy a picture as it is, without names, as small as it is sent.
 * @param {ImageBitmap} bitmap @returns {HTMLCanvasElement}
 */
export function copyPicture(bitmap) {
  const scale = Math.min(1, MAX_SENT_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/**
 * @param {import("./detection.js").Detection[]} detections in pixels @param {{width: number, height: number}} picture
 * @returns {{class: number, box: number[]}[]} in shares of the picture, one of each class, surest first
 */
export function inShares(detections, { width, height }) {
  const first = new Map();
  for (const one of detections) {
    if (first.has(one.class)) continue;
    const [x1, y1, x2, y2] = one.box;
    first.set(one.class, { class: one.class, box: [x1 / width, y1 / height, x2 / width, y2 / height] });
  }
  return [...first.values()];
}

/** A modal dialog that shows what is sent, and sends it. */
export class ReportDialog {
  /** Called when it is closed, sent or not; for the owner to replace. */
  onClosed() {}

  /** @param {HTMLDialogElement} dialog an empty one */
  constructor(dialog) {
    this.dialog = dialog;
    dialog.addEventListener("close", () => this.onClosed());
  }

  /** @param {"wrong" | "missing"} kind @param {Reported} reported */
  open(kind, reported) {
    const { model, picture, found } = reported;
    const title = say(TITLES[kind]);
    this.dialog.setAttribute("aria-label", title);
    const choices = kind === "wrong" && found.length > 1 ? makeChoices(model, found) : null;
    const chosen = () => found[Number(choices?.querySelector("input:checked")?.value ?? 0)];
    const status = make("p", { role: "status" });
    const explanation = make("p", {}, `${say(EXPLANATIONS[kind])} ${say("report.blurs")} ${say("report.ends")}`);
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", say("report.picture"));
    const cancel = make("button", { type: "button", onclick: () => this.dialog.close() }, say("report.cancel"));
    const send = make("button", { type: "button", class: "primary" }, say("report.send"));
    send.addEventListener("click", async () => {
      send.disabled = true;
      // It is on its way: to close this does not stop it.
      cancel.textContent = say("card.close");
      showNotice(status, say("report.sending"));
      try {
        const stored = await sendReport(kind, reported, kind === "wrong" ? chosen() : null);
        // Who has no mouse would begin anew at the top of the page, where Send was.
        cancel.focus();
        send.remove();
        choices?.remove();
        if (stored) {
          picture.replaceWith(showStored(stored));
          explanation.textContent = `${sayStored(stored)} ${say("report.ends")}`;
        }
        showNotice(status, say("report.sent"));
      } catch (error) {
        send.disabled = false;
        cancel.textContent = say("report.cancel");
        showNotice(status, sayRefusal(asRefusal(error)));
      }
    });
    this.dialog.replaceChildren(
      make("h2", {}, title),
      explanation,
      ...(choices ? [choices] : []),
      picture,
      status,
      make("div", { class: "tools" }, send, cancel),
    );
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  close() {
    this.dialog.close();
  }
}

function makeChoices(model, found) {
  const labels = found.map((one, at) => {
    const input = make("input", { type: "radio", name: "report", value: String(at), checked: at === 0 });
    return make("label", { class: "switch" }, input, sightName(model, one.class, currentLanguage()));
  });
  return make("fieldset", {}, make("legend", {}, say("report.which")), ...labels);
}

function showStored({ picture }) {
  return make("img", { src: `data:image/jpeg;base64,${picture}`, alt: say("report.stored_picture") });
}

function sayStored({ faces, plates }) {
  return say("report.stored", {
    faces: say(faces === 1 ? "report.face" : "report.faces", { count: faces }),
    plates: say(plates === 1 ? "report.plate" : "report.plates", { count: plates }),
  });
}

/** @returns {Promise<{picture: string, faces: number, plates: number} | null>} as it was stored; null: that was lost on the way */
async function sendReport(kind, { slug, model, picture }, wrong) {
  const blob = await new Promise((resolve) => picture.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
  const asked = new URLSearchParams({ city: slug, version: String(model.version), kind });
  if (wrong) {
    asked.set("name", model.sights.find((sight) => sight.class === wrong.class).name);
    for (const [at, corner] of ["x1", "y1", "x2", "y2"].entries()) {
      asked.set(corner, Math.min(Math.max(wrong.box[at], 0), 1).toFixed(4));
    }
  }
  const options = { method: "POST", body: blob, headers: { "content-type": "image/jpeg" } };
  const response = await fetchOrRefuse(`/api/report?${asked}`, options);
  return response.json().catch(() => null);
}
