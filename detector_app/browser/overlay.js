/**
 * Draw what was found onto a canvas: boxes with names, or a dot on each sight with its name.
 *
 * Everything is drawn in proportion to the picture and with a dark rim, as `overlay.py` does, so that it
 * is readable on sky, stone and night alike.
 */

/** Apart from one another also for most colour-blind eyes, each bright enough for dark text. */
export const PALETTE = [
  "#ffb000",
  "#3fd0c9",
  "#ff7eb6",
  "#8fb4ff",
  "#a6e22e",
  "#ff8f5c",
  "#d0a6ff",
  "#f4e04d",
  "#5fe08a",
  "#ff6b6b",
];
const RIM = "#10131a";
const TEXT = "#10131a";
const MIN_FONT_PIXELS = 13;
const MAX_FONT_PIXELS = 72;
/** The font's height as a share of the shorter side: readable on a phone, not in the way. */
const FONT_SHARE = 1 / 24;
const ELLIPSIS = "…";

/** @param {number} classNumber @returns {string} the colour of a sight, the same in every picture */
export function colourOf(classNumber) {
  return PALETTE[classNumber % PALETTE.length];
}

/**
 * Draw detections in pixels of a picture that fills the canvas.
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context
 * @param {import("./detection.js").Detection[]} detections surest first
 * @param {(one: import("./detection.js").Detection) => string} write the text of a plate
 * @param {{kind: "boxes" | "dots", scale?: number, hasPlates?: boolean}} look `scale`: pixels of the canvas
 *   on one of the picture
 */
export function drawDetections(context, detections, write, { kind, scale = 1, hasPlates = true }) {
  const { width, height } = context.canvas;
  const fontPixels = fontPixelsFor(width, height);
  const line = Math.max(2, Math.round(fontPixels / 7));
  context.font = `600 ${fontPixels}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const placed = detections.map((one) => ({ one, box: one.box.map((side) => side * scale) }));
  // The surest last, so that it lies on top.
  for (const { one, box } of placed.toReversed()) {
    if (kind === "boxes") drawBox(context, box, colourOf(one.class), line);
    drawDot(context, box, colourOf(one.class), line * (kind === "dots" ? 3.4 : 2.2));
  }
  if (!hasPlates) return;
  const taken = [];
  for (const { one, box } of placed) {
    const plate = placePlate(context, write(one), box, fontPixels, line, taken);
    taken.push(plate);
    drawPlate(context, plate, colourOf(one.class), line);
  }
}

function fontPixelsFor(width, height) {
  const wanted = Math.round(Math.min(width, height) * FONT_SHARE);
  return Math.min(Math.max(wanted, MIN_FONT_PIXELS), MAX_FONT_PIXELS);
}

function drawBox(context, [x1, y1, x2, y2], colour, line) {
  for (const [style, thickness] of [
    [RIM, line + 3],
    [colour, line],
  ]) {
    context.strokeStyle = style;
    context.lineWidth = thickness;
    context.beginPath();
    context.roundRect(x1, y1, x2 - x1, y2 - y1, line * 2);
    context.stroke();
  }
}

function drawDot(context, [x1, y1, x2, y2], colour, radius) {
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  for (const [style, size] of [
    [RIM, radius + 2],
    ["#ffffff", radius],
    [colour, radius * 0.6],
  ]) {
    context.fillStyle = style;
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
  }
}

/** Put the plate on top of its box, inside the picture, below plates that are in the way. */
function placePlate(context, text, [x1, y1], fontPixels, line, taken) {
  const canvas = context.canvas;
  const pad = fontPixels * 0.4;
  const shown = fitText(context, text, canvas.width - 2 * pad);
  const width = context.measureText(shown).width + 2 * pad;
  const height = fontPixels * 1.45;
  const left = Math.min(Math.max(x1, 0), Math.max(canvas.width - width, 0));
  const wanted = y1 - height >= 0 ? y1 - height : Math.max(y1 + line, 0);
  const plate = { text: shown, left, top: Math.min(wanted, Math.max(canvas.height - height, 0)), width, height };
  for (const other of taken.toSorted((one, next) => one.top - next.top)) {
    const isFree = other.top + other.height + height <= canvas.height;
    if (isFree && covers(plate, other)) plate.top = other.top + other.height + 1;
  }
  return plate;
}

/** Shorten the text from its end until it fits; smaller letters would not be readable. */
function fitText(context, text, most) {
  let letters = [...text];
  let shown = text;
  while (letters.length > 1 && context.measureText(shown).width > most) {
    letters = letters.slice(0, -1);
    shown = letters.join("").trimEnd() + ELLIPSIS;
  }
  return shown;
}

function covers(one, other) {
  return (
    one.left < other.left + other.width &&
    other.left < one.left + one.width &&
    one.top < other.top + other.height &&
    other.top < one.top + one.height
  );
}

function drawPlate(context, plate, colour, line) {
  context.fillStyle = colour;
  context.strokeStyle = RIM;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(plate.left, plate.top, plate.width, plate.height, line * 2);
  context.fill();
  context.stroke();
  context.fillStyle = TEXT;
  const pad = (plate.width - context.measureText(plate.text).width) / 2;
  context.fillText(plate.text, plate.left + pad, plate.top + plate.height / 2);
}
