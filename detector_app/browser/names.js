/**
 * From what single frames show to names that a person can read: smoothed over frames, said as surely as
 * the model is.
 *
 * A name is there while enough of the last frames show it. So one frame that errs neither brings a name
 * nor takes one away, a name comes within half a second of its sight, and goes within a second.
 */

/** The frames that count are this recent. */
const WINDOW_MS = 900;
/** A name is there if it is in this share of them: after 0.3 s it has come, after 0.6 s it has gone. */
const MIN_SHARE = 0.32;
/** From these confidences on, "This is" and "Probably". */
const SURE_CONFIDENCE = 0.9;
const PROBABLE_CONFIDENCE = 0.6;
/** A word that was chosen stays until confidence has left its range by this much. */
const HYSTERESIS = 0.04;
/** Of "Perhaps A, or B", B is at least this likely. */
const MIN_RIVAL_CONFIDENCE = 0.15;
/** So long nothing is said of nothing being there. */
const UNKNOWN_AFTER_MS = 2000;

/**
 * One name to be said: how surely, which class, and for "perhaps" which other one it may be.
 * @typedef {{word: "sure" | "probable" | "perhaps", class: number, confidence: number,
 *   rival: number | null}} Said
 */

/**
 * What is to be said now: names, surest first; without any, whether it is too early to say so.
 * @typedef {{kind: "named" | "looking" | "unknown", said: Said[]}} Answer
 */

/** Keeps the last frames of one film. Times are milliseconds of one clock. */
export class NameKeeper {
  #frames = [];
  #words = new Map();
  #nothingSince = null;

  /** @param {import("./detection.js").Detection[]} detections of one frame @param {number} now */
  record(detections, now) {
    const best = new Map();
    for (const one of detections) {
      const before = best.get(one.class);
      if (!before || one.confidence > before.confidence) best.set(one.class, one);
    }
    this.#frames.push({ at: now, best });
    this.#nothingSince ??= now;
  }

  /** Forget everything: another film, or another model, begins. */
  clear() {
    this.#frames = [];
    this.#words.clear();
    this.#nothingSince = null;
  }

  /** @param {number} now @returns {Answer} */
  read(now) {
    // The newest frame counts however old it is: who looks once a second has nothing newer.
    this.#frames = this.#frames.filter(
      (frame, at) => now - frame.at < WINDOW_MS || at === this.#frames.length - 1,
    );
    const said = this.#summarise();
    for (const known of this.#words.keys()) {
      if (!said.some((one) => one.class === known)) this.#words.delete(known);
    }
    if (said.length > 0) {
      this.#nothingSince = now;
      return { kind: "named", said };
    }
    const isUnknown = this.#nothingSince !== null && now - this.#nothingSince >= UNKNOWN_AFTER_MS;
    return { kind: isUnknown ? "unknown" : "looking", said };
  }

  #summarise() {
    const seen = new Map();
    for (const { best } of this.#frames) {
      for (const one of best.values()) seen.set(one.class, [...(seen.get(one.class) ?? []), one]);
    }
    const said = [];
    for (const [number, sightings] of seen) {
      if (sightings.length / this.#frames.length < MIN_SHARE) continue;
      const confidence = sightings.reduce((sum, one) => sum + one.confidence, 0) / sightings.length;
      const word = chooseWord(confidence, this.#words.get(number));
      this.#words.set(number, word);
      said.push({ word, class: number, confidence, rival: word === "perhaps" ? rivalOf(sightings) : null });
    }
    return said.sort((one, other) => other.confidence - one.confidence);
  }
}

/**
 * Say what one picture shows, which is not smoothed.
 * @param {import("./detection.js").Detection[]} detections @returns {Answer}
 */
export function nameOnce(detections) {
  const keeper = new NameKeeper();
  keeper.record(detections, 0);
  const answer = keeper.read(0);
  return answer.kind === "named" ? answer : { kind: "unknown", said: [] };
}

/**
 * Choose the word for a confidence; near a bound, the word that was said before stays.
 * @param {number} confidence @param {string} [before] @returns {Said["word"]}
 */
export function chooseWord(confidence, before) {
  const sure = SURE_CONFIDENCE - (before === "sure" ? HYSTERESIS : 0);
  const probable =
    PROBABLE_CONFIDENCE + (before === "perhaps" ? HYSTERESIS : before === undefined ? 0 : -HYSTERESIS);
  if (confidence >= sure) return "sure";
  return confidence >= probable ? "probable" : "perhaps";
}

/** The other class that most of its frames speak for, if it is likely enough to be worth a word. */
function rivalOf(sightings) {
  const sums = new Map();
  for (const { rival } of sightings) {
    if (rival) sums.set(rival.class, (sums.get(rival.class) ?? 0) + rival.confidence);
  }
  const [best] = [...sums].sort((one, other) => other[1] - one[1]);
  return best && best[1] / sightings.length >= MIN_RIVAL_CONFIDENCE ? best[0] : null;
}
