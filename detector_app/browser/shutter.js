/** The shutter: the film is held, and its picture is shown with what was found, to be kept or shared. */

import { makeCard } from "./picture_card.js";

export class Shutter {
  /** Called when the film goes on; for the owner to replace. */
  onGoneOn() {}

  /**
   * @param {HTMLElement} place of the picture @param {import("./live_view.js").LiveView} view
   * @param {HTMLElement[]} tools that are for a running film only
   */
  constructor(place, view, tools) {
    this.place = place;
    this.view = view;
    this.tools = tools;
  }

  /**
   * Hold the film and show its picture.
   * @param {import("./catalogue.js").City} city @param {import("./catalogue.js").Model} model
   * @param {{onname: Function, onreport: Function}} options of the picture's card
   */
  async take(city, model, options) {
    const { frame, seen } = await this.view.freeze();
    const name = `${city.slug}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.jpg`;
    const onclose = async () => {
      this.drop();
      this.onGoneOn();
      this.view.parts.stage.hidden = false;
      await this.view.resume();
    };
    const picture = makeCard(name, frame, seen?.detections ?? [], model, {
      ...{ kind: this.view.kind, onclose, closeKey: "film.go_on" },
      ...options,
    });
    frame.close();
    this.view.parts.stage.hidden = true;
    for (const tool of this.tools) tool.hidden = true;
    this.place.replaceChildren(picture);
    this.place.hidden = false;
  }

  /** Take the picture away. */
  drop() {
    this.place.hidden = true;
    this.place.replaceChildren();
  }
}
