/** The buttons of a running film on /camera: the light, the other camera; they are there while they can do something. */

import { byId } from "./dom.js";
import { Refusal } from "./refusal.js";

export class FilmTools {
  /** What is there for a running film only. */
  rows = [byId("film-tools"), byId("shutter-tools")];

  /** @param {import("./live_view.js").LiveView} view */
  constructor(view) {
    this.view = view;
  }

  async draw() {
    const { isRunning, film } = this.view;
    document.body.classList.toggle("is-running", isRunning);
    for (const row of this.rows) row.hidden = !isRunning;
    byId("torch").hidden = !film.hasTorch;
    byId("torch").setAttribute("aria-pressed", "false");
    byId("turn").hidden = !isRunning || !(await film.canTurn());
  }

  async toggleTorch() {
    const isLit = byId("torch").getAttribute("aria-pressed") !== "true";
    await this.view.film.setTorch(isLit).catch((error) => {
      throw new Refusal("film.no_torch", { cause: error.message });
    });
    byId("torch").setAttribute("aria-pressed", String(isLit));
  }
}
