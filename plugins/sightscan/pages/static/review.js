// One label at a time, or a grid of them; every key is a row in the warehouse, and can be undone.

import { letMove } from "./box_mover.js";
import { ask, by, choose, complain, fill, link, make, photoUrl, quiet } from "./page.js";

const REASONS = {
  low_score: ["Low score", "Google Vision was not sure enough."],
  contradicts_search: ["Contradicts the search", "It lies elsewhere, and the photo was not searched for it."],
  contradicts_place: ["Contradicts the place", "The name fits, but Vision places it elsewhere."],
  no_place: ["No place", "Only the name fits: Vision gave no place, and the photo was searched for something else."],
  outside_city: ["Outside the city", "Vision places it outside the city."],
  degenerate_box: ["Tiny box", "The box is too thin to learn from."],
  same_sight_twice: ["Same sight twice", "Another box of the same sight is the surer."],
  boxes_disagree: ["Boxes disagree", "Vision boxed the sight twice, at spots that only partly overlap."],
  two_sights_in_one_box: ["Two sights in one box", "Another landmark claims about the same box."],
  no_such_sight: ["No such sight", "It is none of the city's sights by id, name or place."],
  ambiguous_name: ["Ambiguous name", "Several sights bear this name, and the place does not tell them apart."],
  contributed: ["Shared by a visitor", "Somebody shared it as this sight. Draw the box where the sight is, then accept it; or reject it."],
  uncertain_score: ["Uncertain", "Accepted, but with a score below one half."],
};
// Of what a person decided, the decision is the reason.
const DECISIONS = {
  accept: ["Accepted", "A person accepted it."],
  reject: ["Rejected", "A person rejected it: it trains nothing."],
  rename: ["Renamed", "A person gave it this name."],
  no_sight: ["No sight of ours", "A person said that no sight of the city is on the photo: it may train as a photo without one."],
};
const KINDS = {
  held_back: "Held back",
  uncertain: "Accepted by a rule",
  unmatched: "No sight of the city",
  decided: "Decided by a person",
};
const WAITING = ["held_back", "uncertain"];
const PAST = { accept: "Accepted", reject: "Rejected", rename: "Renamed", no_sight: "No sight of ours" };
const BATCH = 10;
const GRID_BATCH = 60;
const REFILL_BELOW = 5;
const ATTEMPTS = 3;

const filters = { city: by("city"), reason: by("reason"), sight: by("sight"), score: by("score") };
const state = {
  mayDecide: false, sights: [], counts: [], queue: [], seen: new Set(), past: [], ticked: new Set(),
  total: 0, gone: 0, isGrid: false, pending: 0, round: 0, isDry: false, fetching: null,
};
let line = Promise.resolve(); // Decisions arrive in the order in which they were made.
let loads = Promise.resolve();

// ---- What is asked of the server

// Again after a failed connection: the ids make it safe.
async function insist(path, body) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(path, body);
    } catch (error) {
      if (error.isFinal || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
}

// crypto.randomUUID is only there over HTTPS.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function scoreRange() {
  const [least, below] = filters.score.value.split("-").map(Number);
  return { min_score: least, below_score: below };
}

function wanted() {
  const [kind, reason] = filters.reason.value.split(":");
  return {
    kinds: kind ? [kind] : WAITING,
    reason: reason || null,
    sight_id: filters.sight.value ? Number(filters.sight.value) : null,
  };
}

// ---- Loading

async function start() {
  const asked = new URLSearchParams(location.search);
  const about = await ask("start");
  state.mayDecide = about.may_decide;
  if (!about.cities.length) return say("No city is in the registry yet.");
  fill(filters.city, about.cities.map((city) => [city.slug, city.name]), asked.get("city"));
  choose(filters.score, asked.get("score"));
  setMode(asked.get("mode") === "grid");
  if (!state.mayDecide) return say("You may look at Airflow but not decide about labels: that takes a role that may trigger runs.");
  await reload(asked.get("reason"), asked.get("sight"));
}

async function loadCity(reason, sight) {
  const { min_score, below_score } = scoreRange();
  const query = new URLSearchParams({ city: filters.city.value, min_score, below_score });
  const found = await ask(`waiting?${query}`);
  Object.assign(state, { sights: found.sights, counts: found.counts });
  fillFilters(reason, sight);
  await loadQueue();
}

function fillFilters(reason, sight) {
  const sum = (rows) => rows.reduce((total, row) => total + row.label_count, 0);
  const reasons = new Map();
  for (const row of state.counts) {
    const key = `${row.kind}:${row.reason}`;
    reasons.set(key, [...(reasons.get(key) ?? []), row]);
  }
  const waiting = state.counts.filter((row) => WAITING.includes(row.kind));
  const order = Object.keys(KINDS);
  const keys = [...reasons.keys()].sort((one, other) =>
    order.indexOf(one.split(":")[0]) - order.indexOf(other.split(":")[0]) || one.localeCompare(other));
  fill(filters.reason, [
    ["", `all that waits (${sum(waiting)})`],
    ...keys.map((key) => {
      const [kind, name] = key.split(":");
      const prefix = { unmatched: "Unmatched: ", decided: "Decided: " }[kind] ?? "";
      return [key, `${prefix}${wordsOf(kind, name)[0]} (${sum(reasons.get(key))})`];
    }),
  ], reason);
  const chosen = rowsWanted({ anySight: true });
  const ids = new Set(chosen.map((row) => row.sight_id));
  fill(filters.sight, [
    ["", `all (${sum(chosen)})`],
    ...state.sights.filter((each) => ids.has(each.sight_id)).map((each) => [
      String(each.sight_id), `${each.name} (${sum(chosen.filter((row) => row.sight_id === each.sight_id))})`,
    ]),
  ], sight);
}

function rowsWanted({ anySight = false } = {}) {
  const { kinds, reason, sight_id } = wanted();
  return state.counts.filter((row) => kinds.includes(row.kind)
    && (!reason || row.reason === reason)
    && (anySight || !sight_id || row.sight_id === sight_id));
}

// One after the other, so that the last that was asked for is what is shown.
function reload(reason = filters.reason.value, sight = filters.sight.value) {
  const loading = loads.then(() => loadCity(reason, sight));
  loads = loading.catch(() => {});
  return loading;
}

async function loadQueue() {
  const shown = { city: filters.city.value, reason: filters.reason.value, sight: filters.sight.value,
    score: filters.score.value, mode: state.isGrid ? "grid" : "" };
  const kept = Object.entries(shown).filter(([, value]) => value && value !== "0-2");
  history.replaceState(null, "", `?${new URLSearchParams(kept)}`);
  state.round += 1;
  Object.assign(state, { queue: [], gone: 0, isDry: false, fetching: null });
  state.seen.clear();
  state.ticked.clear();
  state.total = rowsWanted().reduce((total, row) => total + row.label_count, 0);
  await refill();
  draw();
}

// Fetch the next labels and their pictures before they are needed.
function refill() {
  if (state.fetching || state.isDry) return state.fetching;
  const round = state.round;
  const asking = (async () => {
    await line; // What was just decided must not come again.
    const most = state.isGrid ? GRID_BATCH : BATCH;
    const body = { city: filters.city.value, ...wanted(), ...scoreRange(), seen: [...state.seen], most };
    const { labels } = await insist("next", body);
    if (round !== state.round) return;
    state.isDry = labels.length < most;
    for (const label of labels) {
      state.seen.add(label.label_id);
      state.queue.push(label);
    }
    prefetch();
  })().finally(() => { if (round === state.round) state.fetching = null; });
  state.fetching = asking;
  return asking;
}

function prefetch() {
  for (const label of state.queue.slice(1, 4)) new Image().src = photoUrl(label, 1280);
}

// ---- Drawing

function draw() {
  const isEmpty = !state.queue.length;
  by("single").hidden = isEmpty || state.isGrid;
  by("grid").hidden = isEmpty || !state.isGrid;
  by("empty").hidden = !isEmpty;
  by("actions").hidden = isEmpty && !state.past.length;
  for (const id of ["accept", "reject", "no-sight", "rename", "skip"]) by(id).disabled = isEmpty;
  by("rename").hidden = state.isGrid;
  by("skip").firstElementChild.textContent = state.isGrid ? "Skip these" : "Skip";
  by("undo").disabled = !state.past.length;
  drawProgress();
  if (isEmpty) return say(state.gone
    ? "Done: nothing more waits here. Choose another reason, sight or city."
    : "Nothing waits here. Choose another reason, sight or city; colleagues may have what is left.");
  if (state.isGrid) drawGrid(); else drawLabel(state.queue[0]);
}

function drawProgress() {
  const total = Math.max(state.total, state.gone + state.queue.length);
  if (state.isGrid) by("progress").textContent = total ? `${total - state.gone} left` : "";
  else by("progress").textContent = state.queue.length ? `${state.gone + 1} of ${total}` : "";
}

function drawLabel(label) {
  const [title, sentence] = wordsOf(label.kind, label.reason);
  by("kind").textContent = `${KINDS[label.kind] ?? label.kind}: ${title}`;
  by("name").textContent = label.sight_name ?? "No sight";
  drawWhy(label, sentence);
  by("description").textContent = label.description || "(no name)";
  by("value").textContent = label.score.toFixed(2);
  by("query").textContent = label.query ?? "unknown";
  by("place").replaceChildren(placeOf(label));
  const credit = [label.author, label.licence].filter(Boolean).join(", ") || "Source";
  by("source").replaceChildren(link(label.page_url, credit));
  const photo = by("photo");
  const box = by("box");
  box.toggleAttribute("hidden", true);
  photo.onload = () => {
    by("frame").style.setProperty("--ratio", photo.naturalWidth / photo.naturalHeight);
    if (state.queue[0] === label) redrawBox(label);
  };
  photo.onerror = () => { complain(new Error("This photo cannot be shown: it may have been taken down. Skip it.")); };
  photo.alt = `Photo with a box: ${label.sight_name ?? label.description}`;
  photo.src = photoUrl(label, 1280);
  drawLinks(label);
  drawReferences(label).catch(complain);
}

function drawWhy(label, sentence) {
  by("why").textContent = boxOf(label) ? sentence : `${sentence} Without a box it can be neither accepted nor renamed: draw one.`.trim();
  by("reset").hidden = !label.drawn;
  by("accept").disabled = !isAcceptable(label);
  by("rename").disabled = !boxOf(label);
}

// As a person drew it, else as it was; null without an area.
function boxOf(label) {
  if (label.drawn) return label.drawn;
  return label.has_box ? { x1: label.x1, y1: label.y1, x2: label.x2, y2: label.y2 } : null;
}

function redrawBox(label) {
  placeBox(by("box"), { ...label, ...boxOf(label), has_box: boxOf(label) !== null });
  drawWhy(label, wordsOf(label.kind, label.reason)[1]);
}

function drawLinks(label) {
  const address = `../gallery/?${new URLSearchParams({ city: filters.city.value, photo: label.sha256 })}`;
  const photo = make("a", "In Photos", { href: address, target: "_blank", rel: "noopener" });
  const down = make("button", "Take down", { type: "button", class: "plain" });
  down.onclick = () => {
    by("take-down-command").textContent = `sightscan photos remove ${label.sha256} --reason "..."`;
    by("take-down").showModal();
  };
  by("more-links").replaceChildren(photo, document.createTextNode(" · "), down);
}

// What the sight looks like elsewhere; an answer that comes after the next label is not shown.
async function drawReferences(label) {
  by("references").hidden = true;
  if (label.likely_sight_id === null) return;
  const query = new URLSearchParams({ sight_id: label.likely_sight_id, photo: label.sha256 });
  const { photos } = await ask(`references?${query}`);
  if (state.queue[0] !== label || state.isGrid) return;
  by("references").hidden = !photos.length;
  by("reference-photos").replaceChildren(...photos.map((each, number) => {
    const frame = make("span", "", { class: "frame" });
    const name = label.likely_sight_name ?? "the sight";
    const box = by("box").cloneNode(true);
    box.removeAttribute("id");
    placeBox(box, { ...each, has_box: true });
    frame.append(make("img", "", { src: photoUrl(each, 320), alt: `Another photo of ${name} (${number + 1})` }), box);
    const item = document.createElement("li");
    item.append(frame);
    return item;
  }));
}

function placeBox(box, label) {
  box.toggleAttribute("hidden", !label.has_box);
  for (const rect of box.querySelectorAll("rect")) {
    rect.setAttribute("x", label.x1);
    rect.setAttribute("y", label.y1);
    rect.setAttribute("width", label.x2 - label.x1);
    rect.setAttribute("height", label.y2 - label.y1);
  }
}

function placeOf(label) {
  if (label.latitude === null || label.longitude === null) return document.createTextNode("not given");
  const spot = `${label.latitude}/${label.longitude}`;
  const far = label.distance_meters === null ? "" : ` (${distance(label.distance_meters)} from the sight)`;
  return link(`https://www.openstreetmap.org/?mlat=${label.latitude}&mlon=${label.longitude}#map=16/${spot}`, `Map${far}`);
}

const distance = (meters) => (meters < 1000 ? `${meters} m` : `${(meters / 1000).toFixed(meters < 10000 ? 1 : 0)} km`);

function drawGrid() {
  by("tiles").replaceChildren(...state.queue.map((label) => {
    const tile = make("button", "", { type: "button", class: "tile", "data-label": label.label_id,
      "aria-pressed": String(state.ticked.has(label.label_id)) });
    const middle = make("span", "", { class: "middle" });
    const frame = make("span", "", { class: "frame" });
    const photo = make("img", "", { loading: "lazy", alt: "", src: photoUrl(label, 320) });
    const box = by("box").cloneNode(true);
    box.removeAttribute("id");
    placeBox(box, label);
    frame.append(photo, box);
    middle.append(frame);
    const name = label.sight_name ?? label.description;
    tile.append(middle, make("strong", name), make("small", `${wordsOf(label.kind, label.reason)[0]}, ${label.score.toFixed(2)}`));
    tile.onclick = () => tick(label.label_id, tile);
    const item = document.createElement("li");
    item.append(tile);
    return item;
  }));
  drawTicks();
}

function tick(labelId, tile) {
  if (!state.ticked.delete(labelId)) state.ticked.add(labelId);
  tile.setAttribute("aria-pressed", String(state.ticked.has(labelId)));
  drawTicks();
}

function drawTicks() {
  const ticked = tickedLabels();
  by("accept").disabled = !ticked.length || !ticked.every(isAcceptable);
  for (const id of ["reject", "no-sight"]) by(id).disabled = !ticked.length;
  by("skip").disabled = false;
  const areAll = ticked.length === state.queue.length;
  by("tick-all").textContent = areAll ? "Untick all" : "Tick all shown";
  const order = orderWanted();
  by("bulk-hint").hidden = order !== null;
  for (const decision of ["accept", "reject"]) {
    const count = order?.[decision] ?? 0;
    by(`${decision}-all`).hidden = !count;
    by(`${decision}-all`).textContent = `${decision === "accept" ? "Accept" : "Reject"} all ${count}`;
  }
}

const tickedLabels = () => state.queue.filter((label) => state.ticked.has(label.label_id));

// All that waits for one sight for one reason, or null if the filters do not say that.
function orderWanted() {
  const { kinds, reason, sight_id } = wanted();
  if (!reason || !sight_id || kinds[0] === "decided") return null;
  const row = rowsWanted()[0];
  return row ? { kind: row.kind, reason, sight_id, accept: row.acceptable_count, reject: row.label_count } : null;
}

// ---- Deciding

const isAcceptable = (label) => boxOf(label) !== null && label.sight_id !== null;

function decide(decision, sight = null) {
  const labels = state.isGrid ? tickedLabels() : state.queue.slice(0, 1);
  if (!labels.length || (decision === "accept" && !labels.every(isAcceptable))) return;
  const ids = new Set(labels.map((label) => label.label_id));
  state.queue = state.queue.filter((label) => !ids.has(label.label_id));
  state.ticked.clear();
  state.gone += labels.length;
  const entry = { labels, decision };
  const round = state.round;
  state.past.push(entry);
  const name = sight?.name ?? labels[0].sight_name ?? labels[0].description;
  by("done").textContent = `${PAST[decision]}: ${labels.length === 1 ? name : `${labels.length} labels`}`;
  // What is accepted is accepted as the sight on screen.
  const sightOf = (label) => (decision === "accept" ? label.sight_id : sight?.sight_id ?? null);
  send(labels.map((label) => ({
    label_id: label.label_id, decision, sight_id: sightOf(label), box: ["accept", "rename"].includes(decision) ? label.drawn ?? null : null,
  })), () => {
    state.past = state.past.filter((each) => each !== entry);
    // Under another filter they wait where they were.
    if (round === state.round) putBack(labels);
  });
  goOn();
}

function send(rows, onFailure) {
  const decisions = rows.map((row) => ({ review_id: newId(), ...row }));
  state.pending += 1;
  line = line.then(() => insist("decide", { decisions })).then(
    () => quiet(),
    (error) => { onFailure(); complain(error); draw(); },
  ).finally(() => { state.pending -= 1; document.body.dataset.pending = state.pending; });
  document.body.dataset.pending = state.pending;
}

function putBack(labels) {
  state.queue = [...labels, ...state.queue.filter((each) => !labels.includes(each))];
  state.gone = Math.max(0, state.gone - labels.length);
}

function skip() {
  const labels = state.isGrid ? [...state.queue] : state.queue.slice(0, 1);
  state.queue = state.queue.slice(labels.length);
  state.ticked.clear();
  state.gone += labels.length;
  state.past.push({ labels, decision: "skip" });
  by("done").textContent = "Skipped";
  goOn();
}

// Taking back is one more row: the earlier decision, or none.
function undo() {
  const entry = state.past.pop();
  if (!entry) return;
  by("done").textContent = "Undone";
  if (entry.labelIds) {
    send(entry.labelIds.map((label_id) => ({ label_id, decision: "withdraw" })), () => state.past.push(entry));
    // After the line, not in it: what loads waits for the line itself. And under the filters of the
    // order: they are gone when nothing was left below them.
    line.then(() => reload(...entry.filters)).catch(complain);
    return;
  }
  putBack(entry.labels);
  if (entry.decision !== "skip") {
    send(entry.labels.map((label) => ({
      label_id: label.label_id,
      decision: label.review ?? "withdraw",
      sight_id: ["accept", "rename"].includes(label.review) ? label.sight_id : null,
      // As it was when it came: that may be a box that somebody had drawn.
      box: ["accept", "rename"].includes(label.review) && label.has_box
        ? { x1: label.x1, y1: label.y1, x2: label.x2, y2: label.y2 } : null,
    })), () => { state.past.push(entry); });
  }
  draw();
}

function goOn() {
  draw();
  if (state.queue.length >= (state.isGrid ? 1 : REFILL_BELOW)) return prefetch();
  const wasEmpty = !state.queue.length;
  if (state.isDry) return undefined;
  if (wasEmpty) say("Loading…");
  return Promise.resolve(refill()).then(() => { if (wasEmpty) draw(); }).catch(complain);
}

async function decideAll(decision) {
  const order = orderWanted();
  const count = order?.[decision];
  if (!count) return;
  const name = state.sights.find((sight) => sight.sight_id === order.sight_id)?.name ?? "this sight";
  const verb = decision === "accept" ? "Accept" : "Reject";
  const doubt = order[decision] < order.reject ? " Those without a usable box stay." : "";
  if (!await confirm(`${verb} all ${count} labels of ${name} with the reason “${wordsOf(order.kind, order.reason)[0]}”, also those not shown?${doubt}`, `${verb} ${count}`)) return;
  const { kind, reason, sight_id } = order;
  const shown = [filters.reason.value, filters.sight.value];
  const body = { order_id: newId(), city: filters.city.value, kind, reason, sight_id, decision, expected_count: count, ...scoreRange() };
  try {
    await line;
    const { label_ids: labelIds } = await ask("bulk", body);
    state.past.push({ labelIds, decision, filters: shown });
    by("done").textContent = `${PAST[decision]}: ${labelIds.length} labels`;
    quiet();
  } catch (error) {
    complain(error);
  }
  await reload();
}

// ---- Choosing a sight by typing

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function matches(typed) {
  const asked = plain(typed.trim());
  const rank = (sight) => {
    const names = [sight.name, ...sight.names].map(plain);
    if (names[0].startsWith(asked)) return 0;
    if (names.some((name) => name.split(/\s+/).some((word) => word.startsWith(asked)) || name.startsWith(asked))) return 1;
    return names.some((name) => name.includes(asked)) ? 2 : 3;
  };
  return state.sights.map((sight) => [rank(sight), sight]).filter(([each]) => each < 3)
    .sort((one, other) => one[0] - other[0]).map(([, sight]) => sight);
}

function openChooser() {
  const label = state.queue[0];
  if (state.isGrid || !label || !boxOf(label)) return;
  // What the photo was searched for is the best guess where nothing was matched.
  by("typed").value = label.sight_id === null ? label.likely_sight_name ?? "" : "";
  by("chooser").showModal();
  by("typed").select();
  drawChoices();
}

function drawChoices(at = 0) {
  const found = matches(by("typed").value);
  const none = make("li", "No sight of that name. Sights come from the city's file or Wikidata.", { "aria-disabled": "true" });
  by("choices").replaceChildren(...(found.length ? found.map((sight, number) => {
    const item = make("li", sight.name, { role: "option", "aria-selected": String(number === at) });
    const others = sight.names.slice(0, 3).join(", ");
    if (others) item.append(make("small", others));
    item.onclick = () => pick(sight);
    return item;
  }) : [none]));
  by("choices").children[at]?.scrollIntoView({ block: "nearest" });
  by("chooser").dataset.at = found.length ? at : -1;
}

function pick(sight) {
  by("chooser").close();
  if (sight) decide("rename", sight);
}

function onChooserKey(event) {
  const found = matches(by("typed").value);
  const at = Number(by("chooser").dataset.at);
  if (event.key === "ArrowDown") drawChoices(Math.min(at + 1, found.length - 1));
  else if (event.key === "ArrowUp") drawChoices(Math.max(at - 1, 0));
  else if (event.key === "Enter" && found[at]) pick(found[at]);
  else return;
  event.preventDefault();
}

function confirm(question, verb) {
  by("question").textContent = question;
  by("yes").textContent = verb;
  return new Promise((resolve) => {
    by("yes").onclick = () => { by("confirm").close("yes"); };
    by("no").onclick = () => { by("confirm").close(""); };
    by("confirm").returnValue = "";
    by("confirm").onclose = () => resolve(by("confirm").returnValue === "yes");
    by("confirm").showModal();
  });
}

// ---- Small things

// A name and a sentence.
const wordsOf = (kind, reason) => (kind === "decided" ? DECISIONS : REASONS)[reason]
  ?? [String(reason ?? "unknown").replaceAll("_", " "), ""];

function say(text) {
  by("single").hidden = true;
  by("grid").hidden = true;
  by("empty").hidden = false;
  by("empty-text").textContent = text;
}

function setMode(isGrid) {
  state.isGrid = isGrid;
  by("mode").setAttribute("aria-pressed", String(isGrid));
}

const KEYS = {
  a: () => decide("accept"), r: () => decide("reject"), o: () => decide("no_sight"), n: openChooser, s: skip, u: undo,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  // The field of a dialog keeps the focus for a moment after it was closed: it does not count.
  if (document.querySelector("dialog[open]") || event.target.tagName === "SELECT") return;
  const act = KEYS[event.key.toLowerCase()];
  const isFree = !by("actions").hidden;
  if (!act || !isFree) return;
  event.preventDefault();
  if ((event.key.toLowerCase() === "u") || state.queue.length) act();
});
window.addEventListener("beforeunload", (event) => { if (state.pending) event.preventDefault(); });
for (const [name, select] of Object.entries(filters)) {
  select.onchange = () => {
    select.blur(); // The next key is a decision, not an option's first letter.
    quiet();
    if (name === "city") reload("", "").catch(complain);
    else reload().catch(complain);
  };
}
letMove(by("mover"), () => (state.queue.length ? boxOf(state.queue[0]) : null), (box) => {
  const label = state.queue[0];
  if (!label || state.isGrid) return;
  label.drawn = box;
  redrawBox(label);
});
by("reset").onclick = () => { const label = state.queue[0]; delete label.drawn; redrawBox(label); };
by("take-down-close").onclick = () => by("take-down").close();
by("accept").onclick = KEYS.a;
by("reject").onclick = KEYS.r;
by("no-sight").onclick = KEYS.o;
by("rename").onclick = KEYS.n;
by("skip").onclick = KEYS.s;
by("undo").onclick = KEYS.u;
by("mode").onclick = () => { setMode(!state.isGrid); by("mode").blur(); reload().catch(complain); };
by("tick-all").onclick = () => {
  const areAll = state.ticked.size === state.queue.length;
  state.ticked = new Set(areAll ? [] : state.queue.map((label) => label.label_id));
  drawGrid();
};
by("accept-all").onclick = () => decideAll("accept").catch(complain);
by("reject-all").onclick = () => decideAll("reject").catch(complain);
by("typed").oninput = () => drawChoices();
by("chooser").addEventListener("keydown", onChooserKey);
by("cancel").onclick = () => pick(null);
start().catch(complain);
