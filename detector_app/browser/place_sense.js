/**
 * Where the phone is and where its camera points, as the browser says it, while a person lets it.
 *
 * Both stay in this object: it has no way to send anything. Off until it is started.
 */

import { headingOf, judgeByPlace } from "./place.js";
import { Refusal } from "./refusal.js";

const REMEMBERED = "sightscan-place";
/** By the numbers that browsers give (https://www.w3.org/TR/geolocation/). */
const REFUSALS = { 1: "place.refused", 2: "place.unknown", 3: "place.unknown" };
const OPTIONS = { enableHighAccuracy: true, maximumAge: 10_000, timeout: 30_000 };
/** Who walks is elsewhere by then. */
const MAX_AGE_MS = 60_000;
/** A place may be as old as OPTIONS allow when it comes, or older by a clock that is wrong; so long it is not asked again. */
const MIN_ASKING_MS = 10_000;
/** A compass that is silent for so long points nowhere. */
const MAX_HEADING_AGE_MS = 2000;

export class PlaceSense {
  #watch = null;
  #position = null;
  #heading = null;
  #expiry = 0;
  #turned = (event) => this.#turn(event);

  /** Called when the place is known, better known, or refused; for the owner to replace. */
  onChanged() {}

  /** Why there is no place. @type {Refusal | null} */
  refusal = null;

  get isOn() {
    return this.#watch !== null;
  }

  /** Whether a person wanted it the last time. @returns {boolean} */
  static get wasWanted() {
    try {
      return localStorage.getItem(REMEMBERED) === "yes";
    } catch {
      return false;
    }
  }

  start() {
    remember("yes");
    if (this.isOn) return;
    this.refusal = null;
    if (!navigator.geolocation) {
      this.#refuse(new Refusal("place.unknown"));
      return;
    }
    this.#ask();
    globalThis.addEventListener("deviceorientationabsolute", this.#turned);
  }

  #ask() {
    this.#watch = navigator.geolocation.watchPosition(
      (position) => this.#take(position),
      (error) => this.#refuse(new Refusal(REFUSALS[error.code] ?? "place.unknown")),
      OPTIONS,
    );
  }

  /** Who stands still, or has lost the satellites, hears nothing more of a browser that is not asked again. */
  #askAgain() {
    this.#position = null;
    navigator.geolocation.clearWatch(this.#watch);
    this.#ask();
    this.onChanged();
  }

  stop() {
    remember("no");
    this.rest();
    this.refusal = null;
    this.onChanged();
  }

  /** Forget the place and look for it no more, whatever the person wishes the next time. */
  rest() {
    clearTimeout(this.#expiry);
    if (this.#watch !== null) navigator.geolocation.clearWatch(this.#watch);
    globalThis.removeEventListener("deviceorientationabsolute", this.#turned);
    this.#watch = this.#position = this.#heading = null;
  }

  /** @returns {import("./place.js").Standing | null} null: off, or not known any more */
  get standing() {
    if (!this.#position || Date.now() - this.#position.timestamp > MAX_AGE_MS) return null;
    const { latitude, longitude, accuracy } = this.#position.coords;
    const isFresh = this.#heading && performance.now() - this.#heading.at < MAX_HEADING_AGE_MS;
    return { latitude, longitude, accuracy, heading: isFresh ? this.#heading.degrees : null };
  }

  /**
   * Weigh what was found by where the phone is, as long as that is known.
   * @param {import("./detector.js").Seen} seen @param {import("./catalogue.js").Model} model
   * @param {{isFacingUser?: boolean}} camera of one that looks at who holds it, the compass says nothing
   * @returns {import("./detector.js").Seen}
   */
  judge(seen, model, { isFacingUser = false } = {}) {
    const known = this.standing;
    if (!known) return seen;
    const standing = isFacingUser ? { ...known, heading: null } : known;
    const isShown = (one) => !model.hidden_classes.includes(one.class);
    const detections = judgeByPlace(seen.detections, seen.width, model.sights, standing).filter(isShown);
    return { ...seen, detections };
  }

  #take(position) {
    this.#position = position;
    clearTimeout(this.#expiry);
    const restMs = MAX_AGE_MS - (Date.now() - position.timestamp);
    this.#expiry = setTimeout(() => this.#askAgain(), Math.min(Math.max(restMs, MIN_ASKING_MS), MAX_AGE_MS));
    this.refusal = null;
    this.onChanged();
  }

  #refuse(refusal) {
    // A place that was found before is as good as it was; a refusal by the person is the end.
    if (refusal.key === "place.refused") this.rest();
    if (!this.standing) this.refusal = refusal;
    this.onChanged();
  }

  #turn({ alpha, beta, gamma }) {
    if (alpha === null || beta === null || gamma === null) return;
    const degrees = headingOf(alpha, beta, gamma);
    this.#heading = degrees === null ? null : { degrees, at: performance.now() };
  }
}

/** A browser may forbid all storage: then each visit begins without. */
function remember(wish) {
  try {
    localStorage.setItem(REMEMBERED, wish);
  } catch {
    // Nothing is lost but the wish.
  }
}
