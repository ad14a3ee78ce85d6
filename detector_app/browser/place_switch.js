/** The switch with which a person lets the page know where the phone is, and the sentence beside it. */

import { showSentence } from "./dom.js";
import { PlaceSense } from "./place_sense.js";
import { say, sayRefusal } from "./texts.js";

export class PlaceSwitch {
  sense = new PlaceSense();

  /** Called when the place is known or is not any more; for the owner to replace. */
  onChanged() {}

  /** @param {HTMLInputElement} box a checkbox @param {HTMLElement} status */
  constructor(box, status) {
    Object.assign(this, { box, status });
    box.addEventListener("change", () => (box.checked ? this.sense.start() : this.sense.stop(), this.draw()));
    this.sense.onChanged = () => {
      this.draw();
      this.onChanged();
    };
  }

  /** Go on as a person left it, if the browser need not ask again. */
  async resume() {
    if (!PlaceSense.wasWanted) return;
    const permission = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
    if (permission?.state !== "granted") return;
    this.sense.start();
    this.draw();
  }

  draw() {
    const { sense } = this;
    this.box.checked = sense.isOn;
    if (sense.refusal) showSentence(this.status, sayRefusal(sense.refusal));
    else if (!sense.isOn) showSentence(this.status, null);
    else if (!sense.standing) showSentence(this.status, say("place.waiting"));
    else showSentence(this.status, this.#sayKnown(sense.standing));
  }

  #sayKnown({ accuracy }) {
    return say("place.known", { meters: Math.max(1, Math.round(accuracy)) });
  }
}
