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
   * Hold the film and show its picture; if that fails, the film goes on.
   * @param {import("./catalogue.js").City} city
   * @param {(model: import("./catalogue.js").Model) => {onname: Function, onreport: Function}} linksOf what the
   *   names and reports of a picture lead to that a model looked at
   */
  async take(city, linksOf) {
    const name = `${city.slug}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.jpg`;
    const onclose = async () => {
      this.drop();
      this.onGoneOn();
      this.view.parts.stage.hidden = false;
      await this.view.resume();
    };
    const options = { kind: this.view.kind, onclose, closeKey: "film.go_on" };
    const picture = await this.view.freeze(({ frame, seen, model }) =>
      makeCard(name, frame, seen?.detections ?? [], model, { ...options, ...linksOf(model) }),
    );
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
