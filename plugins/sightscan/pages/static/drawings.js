// The drawings of the page SightScan, in the colours of the page; what they show stands beside them as text.

import { node, shape } from "./dom.js";
import { count, month } from "./words.js";

const [WIDTH, HEIGHT] = [480, 220];
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 10, 28, 30];
const KINDS = [["gpu_usd", "GPU"], ["vision_usd", "Google Vision"], ["other_usd", "Google Places"]];

const text = (x, y, words, anchor = "start") => shape("text", { x, y, "text-anchor": anchor }, words);

// A round number at or above, so that the axis reads well.
function roundUp(value) {
  const step = 10 ** Math.floor(Math.log10(Math.max(value, 0.01)));
  return [1, 2, 5, 10].map((factor) => factor * step).find((round) => round >= value);
}

function frame(title, most, form) {
  const drawing = shape("svg", { class: "drawing", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title });
  const across = (value) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
  for (const value of [0, most / 2, most]) {
    drawing.append(
      shape("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: across(value), y2: across(value) }),
      text(LEFT - 6, across(value) + 4, form(value), "end"),
    );
  }
  return [drawing, across];
}

/** Say which colour is what. */
export const keyOf = (budget) => node("ul", { class: "key" }, [...KINDS, ...(budget ? [["budget-key", "MAX_USD_PER_MONTH"]] : [])].map(([key, name]) =>
  node("li", {}, shape("svg", { class: "drawing", viewBox: "0 0 12 12", "aria-hidden": "true" }, shape("rect", { class: key, width: 12, height: 12 })), name)));

/** Draw what each month has cost as bars, with the month's budget as a line. */
export function drawMonths(months, budget) {
  const sum = (one) => KINDS.reduce((total, [key]) => total + one[key], 0);
  const most = roundUp(Math.max(...months.map(sum), budget ?? 0, 1));
  const [drawing, across] = frame("US dollars by month, as in the table below", most, (value) => count(value));
  const step = (WIDTH - LEFT - RIGHT) / months.length;
  months.forEach((one, number) => {
    const x = LEFT + step * number;
    let below = 0;
    for (const [key] of KINDS) {
      const [low, high] = [across(below), across(below + one[key])];
      if (one[key] > 0) drawing.append(shape("rect", { class: key, x: x + step * 0.15, width: step * 0.7, y: high, height: Math.max(low - high, 0.5) }));
      below += one[key];
    }
    drawing.append(text(x + step / 2, HEIGHT - BOTTOM + 20, month(one.begins_at).slice(0, 3), "middle"));
  });
  if (budget) drawing.append(shape("line", { class: "budget", x1: LEFT, x2: WIDTH - RIGHT, y1: across(budget), y2: across(budget) }));
  return drawing;
}

/** Draw the curve of a training, up to the last epoch that there is. */
export function drawCurve(curve, epochCount, asked) {
  const first = epochCount - curve.length + 1;
  const last = Math.max(asked ?? epochCount, epochCount, first + 1);
  const [drawing, across] = frame(`mAP50 on the validation photos after each epoch, ${count(epochCount)} so far`, 1, (value) => value.toFixed(1));
  const along = (epoch) => LEFT + ((epoch - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const points = curve.map((value, number) => [value, along(first + number)]).filter(([value]) => value !== null);
  drawing.append(
    text(LEFT, HEIGHT - BOTTOM + 20, `epoch ${count(first)}`),
    text(WIDTH - RIGHT, HEIGHT - BOTTOM + 20, count(last), "end"),
    text(LEFT, 17, "mAP50 on the validation photos"),
    shape("polyline", { class: "curve", points: points.map(([value, x]) => `${x.toFixed(1)},${across(value).toFixed(1)}`).join(" ") }),
  );
  if (points.length) {
    const [value, x] = points.at(-1);
    drawing.append(shape("circle", { class: "now", cx: x, cy: across(value), r: 4 }));
  }
  return drawing;
}
