/**
 * Fit a picture of any shape into the model's input without stretching it, and map boxes back.
 *
 * The same sides, padding and scale as `letterbox.py`, and pixels within one level of 255 of it:
 * shrinking averages over the area as OpenCV does, since what browsers do is another thing in each.
 */

/** The grey that YOLOv5 pads with in training. */
const PADDING_GREY = 114;
const CHANNELS = 3;
const BYTES_PER_PIXEL = 4;
const MAX_LEVEL = 255;
/** Shares of a pixel below this are rounding (OpenCV's bound). */
const NO_SHARE = 1e-3;
/** Pixels that are read at once: a frame as a whole; a photo of 48 megapixels would take 200 MB. */
const PIXELS_AT_ONCE = 1_500_000;

/**
 * How a picture was fitted: scaled, then padded, never stretched. Sides in pixels.
 * @typedef {{scale: number, left: number, top: number, width: number, height: number,
 *   innerWidth: number, innerHeight: number}} Letterbox
 */

/**
 * Reads rows of a picture as RGBA bytes.
 * @typedef {(first: number, count: number) => Uint8ClampedArray} RowReader
 */

/**
 * Fit a picture so that its longer side is `imageSize`, padded to multiples of `stride`.
 * @param {number} width @param {number} height @param {number} imageSize @param {number} stride
 * @returns {Letterbox}
 */
export function fitLetterbox(width, height, imageSize, stride) {
  const scale = imageSize / Math.max(width, height);
  const innerWidth = Math.max(1, roundHalfEven(width * scale));
  const innerHeight = Math.max(1, roundHalfEven(height * scale));
  const inputWidth = Math.ceil(innerWidth / stride) * stride;
  const inputHeight = Math.ceil(innerHeight / stride) * stride;
  return {
    scale,
    left: Math.floor((inputWidth - innerWidth) / 2),
    top: Math.floor((inputHeight - innerHeight) / 2),
    width: inputWidth,
    height: inputHeight,
    innerWidth,
    innerHeight,
  };
}

/**
 * Map a box of corners from input pixels to picture pixels.
 * @param {number[]} box @param {Letterbox} letterbox @returns {number[]}
 */
export function toPicture(box, letterbox) {
  const { left, top, scale } = letterbox;
  return [(box[0] - left) / scale, (box[1] - top) / scale, (box[2] - left) / scale, (box[3] - top) / scale];
}

/**
 * Return the model's input (1, 3, H, W) in 0..1.
 * @param {RowReader} readRows @param {number} width @param {number} height of the picture
 * @param {Letterbox} letterbox @returns {Float32Array}
 */
export function applyLetterbox(readRows, width, height, letterbox) {
  const { innerWidth, innerHeight } = letterbox;
  const inner =
    letterbox.scale < 1
      ? shrink(readRows, width, height, innerWidth, innerHeight)
      : enlarge(readRows, width, height, innerWidth, innerHeight);
  const plane = letterbox.width * letterbox.height;
  const input = new Float32Array(CHANNELS * plane).fill(PADDING_GREY / MAX_LEVEL);
  for (let y = 0; y < innerHeight; y++) {
    let place = (y + letterbox.top) * letterbox.width + letterbox.left;
    let from = y * innerWidth * CHANNELS;
    for (let x = 0; x < innerWidth; x++, place++, from += CHANNELS) {
      input[place] = Math.round(inner[from]) / MAX_LEVEL;
      input[place + plane] = Math.round(inner[from + 1]) / MAX_LEVEL;
      input[place + 2 * plane] = Math.round(inner[from + 2]) / MAX_LEVEL;
    }
  }
  return input;
}

/**
 * Average over the area that each pixel of the smaller picture covers: it keeps fine patterns.
 * @returns {Float32Array} (H, W, 3), 0..255
 */
function shrink(readRows, width, height, toWidth, toHeight) {
  const columns = shares(width, toWidth);
  const rows = shares(height, toHeight);
  const shrunk = new Float32Array(toWidth * toHeight * CHANNELS);
  const line = new Float32Array(toWidth * CHANNELS);
  const rowsAtOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / width));
  let target = 0;
  for (let first = 0; first < height; first += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, height - first);
    const pixels = readRows(first, count);
    for (let y = first; y < first + count; y++) {
      averageLine(pixels, (y - first) * width * BYTES_PER_PIXEL, columns, line);
      while (target < toHeight && rows.end[target] <= y) target++;
      // A row at a border is shared by two of the smaller picture.
      for (let at = target; at < toHeight && rows.begin[at] <= y; at++) {
        addLine(shrunk, at * line.length, line, rows.share[rows.place[at] + y - rows.begin[at]]);
      }
    }
  }
  return shrunk;
}

/**
 * Which pixels of a side make up each pixel of the smaller one, and with which share. OpenCV's INTER_AREA:
 * https://github.com/opencv/opencv/blob/4.x/modules/imgproc/src/resize.cpp (computeResizeAreaTab)
 * @param {number} length @param {number} toLength
 * @returns {{begin: Int32Array, end: Int32Array, place: Int32Array, share: Float32Array}} of each smaller pixel:
 *   the first pixel and the one behind the last, and where the first one's share is in `share`
 */
function shares(length, toLength) {
  const scale = length / toLength;
  const begins = [];
  const ends = [];
  const places = [];
  const share = [];
  for (let target = 0; target < toLength; target++) {
    const begin = target * scale;
    const end = begin + scale;
    const cell = Math.min(scale, length - begin);
    const last = Math.min(Math.floor(end), length - 1);
    const first = Math.min(Math.ceil(begin), last);
    const isCutBefore = first - begin > NO_SHARE;
    const isCutBehind = end - last > NO_SHARE;
    begins.push(isCutBefore ? first - 1 : first);
    ends.push(isCutBehind ? last + 1 : last);
    places.push(share.length);
    if (isCutBefore) share.push((first - begin) / cell);
    for (let whole = first; whole < last; whole++) share.push(1 / cell);
    if (isCutBehind) share.push(Math.min(end - last, 1, cell) / cell);
  }
  return {
    begin: Int32Array.from(begins),
    end: Int32Array.from(ends),
    place: Int32Array.from(places),
    share: Float32Array.from(share),
  };
}

function averageLine(pixels, start, { begin, end, place, share }, line) {
  for (let target = 0, to = 0; target < begin.length; target++, to += CHANNELS) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let at = place[target];
    const behind = start + end[target] * BYTES_PER_PIXEL;
    for (let source = start + begin[target] * BYTES_PER_PIXEL; source < behind; source += BYTES_PER_PIXEL) {
      const part = share[at++];
      red += pixels[source] * part;
      green += pixels[source + 1] * part;
      blue += pixels[source + 2] * part;
    }
    line[to] = red;
    line[to + 1] = green;
    line[to + 2] = blue;
  }
}

function addLine(shrunk, start, line, part) {
  for (let at = 0; at < line.length; at++) shrunk[start + at] += line[at] * part;
}

/**
 * Enlarge, or copy, between the centres of pixels.
 * @returns {Float32Array} (H, W, 3), 0..255
 */
function enlarge(readRows, width, height, toWidth, toHeight) {
  const pixels = readRows(0, height);
  const columns = neighbours(width, toWidth);
  const rows = neighbours(height, toHeight);
  const enlarged = new Float32Array(toWidth * toHeight * CHANNELS);
  let target = 0;
  for (const [top, bottom, down] of rows) {
    for (const [left, right, along] of columns) {
      for (let channel = 0; channel < CHANNELS; channel++, target++) {
        const at = (y, x) => pixels[(y * width + x) * BYTES_PER_PIXEL + channel];
        const above = at(top, left) * (1 - along) + at(top, right) * along;
        const below = at(bottom, left) * (1 - along) + at(bottom, right) * along;
        enlarged[target] = above * (1 - down) + below * down;
      }
    }
  }
  return enlarged;
}

/** The two pixels between which each pixel of the larger side lies, and how far along. */
function neighbours(length, toLength) {
  return Array.from({ length: toLength }, (_, target) => {
    const place = Math.min(Math.max(((target + 0.5) * length) / toLength - 0.5, 0), length - 1);
    const first = Math.floor(place);
    return [first, Math.min(first + 1, length - 1), place - first];
  });
}

/** As Python rounds, so that sides are the same there and here. */
function roundHalfEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
