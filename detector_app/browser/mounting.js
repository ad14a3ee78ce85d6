/** How Streamlit's pages hold parts of ours: what was mounted stays, and is told what has changed. */

/** @type {WeakMap<ParentNode, {part: {update: (data: any) => void, close: () => void}, turn: number}>} */
const mounted = new WeakMap();

/**
 * Put a part into its place, or tell the one that is there what has changed.
 *
 * Streamlit mounts again whenever its script runs or its colours change; what runs goes on. It may take a mount
 * away that was overtaken by the next one: only the newest ends the part.
 * @template Data
 * @param {ParentNode} place with the part's elements
 * @param {new (place: ParentNode) => {update: (data: Data) => void, close: () => void}} Part @param {Data} data
 * @returns {() => void} what takes it away
 */
export function mountOnce(place, Part, data) {
  if (!mounted.has(place)) mounted.set(place, { part: new Part(place), turn: 0 });
  const held = mounted.get(place);
  held.part.update(data);
  held.turn += 1;
  const { turn } = held;
  // What is taken away stays known: its place may be mounted again, and has its listeners.
  return () => held.turn === turn && held.part.close();
}
