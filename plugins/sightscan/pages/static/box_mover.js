// A box on a photo that a person moves: by dragging it or its edges, by drawing another, or by arrow keys.

const EDGE_PIXELS = 14;
const STEP = 0.01;
const LEAST = 0.01;

const within = (value) => Math.min(1, Math.max(0, value));
const sized = (box) => box.x2 - box.x1 >= LEAST && box.y2 - box.y1 >= LEAST;

/** Return the box between two points, whichever comes first. */
export function between(one, other) {
  return {
    x1: within(Math.min(one.x, other.x)), y1: within(Math.min(one.y, other.y)),
    x2: within(Math.max(one.x, other.x)), y2: within(Math.max(one.y, other.y)),
  };
}

/** Return the box moved by a distance, whole within the photo. */
export function moved(box, dx, dy) {
  const x = Math.min(1 - box.x2, Math.max(-box.x1, dx));
  const y = Math.min(1 - box.y2, Math.max(-box.y1, dy));
  return { x1: box.x1 + x, y1: box.y1 + y, x2: box.x2 + x, y2: box.y2 + y };
}

/** Return the box with some of its edges moved; one that would turn inside out stays. */
export function stretched(box, edges, dx, dy) {
  const next = { ...box };
  for (const edge of edges) next[edge] = within(box[edge] + (edge.startsWith("x") ? dx : dy));
  return sized(next) ? next : box;
}

/** Return which edges are at a point, within a reach; none of a box that has no area. */
export function edgesAt(box, point, reachX, reachY) {
  if (!box) return [];
  const isBeside = (value, low, high, reach) => value >= low - reach && value <= high + reach;
  const edges = [];
  if (isBeside(point.y, box.y1, box.y2, reachY)) {
    if (Math.abs(point.x - box.x1) <= reachX) edges.push("x1");
    else if (Math.abs(point.x - box.x2) <= reachX) edges.push("x2");
  }
  if (isBeside(point.x, box.x1, box.x2, reachX)) {
    if (Math.abs(point.y - box.y1) <= reachY) edges.push("y1");
    else if (Math.abs(point.y - box.y2) <= reachY) edges.push("y2");
  }
  return edges;
}

const isInside = (box, point) => box && point.x > box.x1 && point.x < box.x2 && point.y > box.y1 && point.y < box.y2;

/**
 * Let a person move the box over an element that covers the photo.
 * `read` gives the box or null, `change` takes what it becomes.
 */
export function letMove(place, read, change) {
  let drag = null;
  const pointOf = (event) => {
    const frame = place.getBoundingClientRect();
    return { x: within((event.clientX - frame.left) / frame.width), y: within((event.clientY - frame.top) / frame.height) };
  };
  place.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const frame = place.getBoundingClientRect();
    const start = pointOf(event);
    const box = read();
    const edges = edgesAt(box, start, EDGE_PIXELS / frame.width, EDGE_PIXELS / frame.height);
    drag = { start, box, edges, isMove: !edges.length && isInside(box, start) };
    place.setPointerCapture(event.pointerId);
    event.preventDefault();
    place.focus({ preventScroll: true });
  });
  place.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const point = pointOf(event);
    const [dx, dy] = [point.x - drag.start.x, point.y - drag.start.y];
    let next = between(drag.start, point);
    if (drag.edges.length) next = stretched(drag.box, drag.edges, dx, dy);
    else if (drag.isMove) next = moved(drag.box, dx, dy);
    if (sized(next)) change(next);
  });
  for (const end of ["pointerup", "pointercancel"]) place.addEventListener(end, () => { drag = null; });
  place.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const box = read() ?? { x1: 0.25, y1: 0.25, x2: 0.75, y2: 0.75 };
    change(event.shiftKey ? stretched(box, ["x2", "y2"], ...step) : moved(box, ...step));
  });
}
