/**
 * From a model's answer to what it found: what `decoding.py` does for people, in the browser.
 *
 * Both pass tests/decoding_cases.json (docs/decisions/0039-one-decoding.md).
 */

/** The fields before the class scores: centre x, centre y, width, height, objectness. */
export const BOX_FIELDS = 5;
/** Of boxes that share more of their union, one names the place (the value of YOLOv5). */
const SHOWN_OVERLAP = 0.45;
/** Of a model without `decoding` in its metadata. */
const OLDER_THRESHOLD = 0.25;
/** More than any picture has sights; bounds the time spent on a model that sees one everywhere. */
const MAX_CANDIDATES = 1000;

/**
 * How a model is read: an overlap, a table of rising (score, confidence), a least confidence of each class.
 * @typedef {{overlap: number, calibration: number[][], thresholds: number[]}} Decoding
 */

/**
 * What was found, corners in pixels of the input. `rival` is the class that the same box speaks for next,
 * with its confidence.
 * @typedef {{class: number, score: number, confidence: number, box: number[],
 *   rival: {class: number, confidence: number} | null}} Found
 */

/** @param {number} classCount @returns {Decoding} how a model is read whose metadata do not say it */
export function readAsOlder(classCount) {
  return {
    overlap: SHOWN_OVERLAP,
    calibration: [
      [0, 0],
      [1, 1],
    ],
    thresholds: new Array(classCount).fill(OLDER_THRESHOLD),
  };
}

/**
 * How often a name with this score is right, 0 to 1: linear between the table's points, flat beyond.
 * @param {number} score @param {number[][]} calibration @returns {number}
 */
export function toConfidence(score, calibration) {
  // As numpy's interp: between the last point at or below the score and the next.
  const next = calibration.findIndex(([at]) => at > score);
  if (next === -1) return calibration.at(-1)[1];
  if (next === 0) return calibration[0][1];
  const [x, y] = calibration[next - 1];
  const [nextX, nextY] = calibration[next];
  return y + ((nextY - y) * (score - x)) / (nextX - x);
}

/**
 * Turn the answer for one picture into what people are shown, the best score first.
 *
 * Each row speaks for its best class, and one place has one name: of boxes that overlap, whatever their
 * classes, the one with the best score stays. Rows that are not numbers throughout are left out.
 * @param {Float32Array} rows (boxes, 5 + classes), one after the other
 * @param {number} classCount @param {Decoding} decoding @returns {Found[]}
 */
export function decode(rows, classCount, decoding) {
  const width = BOX_FIELDS + classCount;
  const candidates = [];
  for (let start = 0; start + width <= rows.length; start += width) {
    const found = readRow(rows, start, width, decoding);
    if (found) candidates.push(found);
  }
  // Stable: of equal scores the first stays.
  candidates.sort((one, other) => other.score - one.score);
  /** @type {Found[]} */
  const kept = [];
  for (const one of candidates.slice(0, MAX_CANDIDATES)) {
    if (!kept.some((better) => isDouble(better.box, one.box, decoding.overlap))) kept.push(one);
  }
  return kept;
}

function readRow(rows, start, width, decoding) {
  let best = BOX_FIELDS;
  let next = -1;
  for (let field = 0; field < width; field++) {
    const value = rows[start + field];
    if (!Number.isFinite(value)) return null;
    if (field > BOX_FIELDS) {
      if (value > rows[start + best]) {
        next = best;
        best = field;
      } else if (next === -1 || value > rows[start + next]) {
        next = field;
      }
    }
  }
  const objectness = rows[start + 4];
  const score = objectness * rows[start + best];
  const confidence = toConfidence(score, decoding.calibration);
  if (!(score > 0 && confidence >= decoding.thresholds[best - BOX_FIELDS])) return null;
  const [x, y, halfWidth, halfHeight] = [rows[start], rows[start + 1], rows[start + 2] / 2, rows[start + 3] / 2];
  return {
    class: best - BOX_FIELDS,
    score,
    confidence,
    box: [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight],
    rival:
      next === -1
        ? null
        : {
            class: next - BOX_FIELDS,
            confidence: toConfidence(objectness * rows[start + next], decoding.calibration),
          },
  };
}

function isDouble(better, box, overlap) {
  const width = Math.min(better[2], box[2]) - Math.max(better[0], box[0]);
  const height = Math.min(better[3], box[3]) - Math.max(better[1], box[1]);
  const shared = Math.max(width, 0) * Math.max(height, 0);
  return shared > overlap * (areaOf(better) + areaOf(box) - shared);
}

function areaOf([left, top, right, bottom]) {
  return (right - left) * (bottom - top);
}
