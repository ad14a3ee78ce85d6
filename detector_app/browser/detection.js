/** What was found, by class and in the pixels of the picture: what `detection.py` does, in the browser. */

import { toPicture } from "./letterbox.js";

/**
 * A sight in a picture: its class, how sure the model is (0..1), its box in pixels of the picture.
 * @typedef {{class: number, score: number, confidence: number, box: number[],
 *   rival: {class: number, confidence: number} | null}} Detection
 */

/**
 * Place what was found in the model's input, boxes cut at the edges of the picture; surest first.
 * @param {import("./decoding.js").Found[]} found
 * @param {import("./letterbox.js").Letterbox} letterbox
 * @param {number} width @param {number} height of the picture
 * @param {ReadonlySet<number>} hiddenClasses those that are never named
 * @returns {Detection[]}
 */
export function placeInPicture(found, letterbox, width, height, hiddenClasses) {
  return found
    .filter((one) => !hiddenClasses.has(one.class))
    .map((one) => {
      const [x1, y1, x2, y2] = toPicture(one.box, letterbox);
      const box = [clip(x1, width), clip(y1, height), clip(x2, width), clip(y2, height)];
      const rival = one.rival && !hiddenClasses.has(one.rival.class) ? one.rival : null;
      return { ...one, box, rival };
    })
    // A box that lies in the padding alone is no place in the picture.
    .filter(({ box }) => box[2] > box[0] && box[3] > box[1]);
}

function clip(value, most) {
  return Math.min(Math.max(value, 0), most);
}
