// What crawls kept, as pictures with their authors and licences, and what they left out, with why.

import { ask, by, complain, fill, link, make, photoUrl, quiet } from "./page.js";

const PAGE = 60;
const KEPT = "kept";
const LEFT_OUT = "left-out";
const REASONS = {
  licence: "its licence is not open",
  no_licence: "no licence is stated",
  too_small: "too small",
  too_large: "too large",
  too_many_pixels: "too many pixels",
  not_an_image: "not an image",
  refused_address: "an address that is not public",
  refused_redirect: "a redirect that is not followed",
  mostly_a_face: "mostly a face",
  opted_out: "opted out of machine learning",
  removed: "taken down before",
  removed_copy: "looks the same as one that was taken down",
};
const filters = { city: by("city"), sight: by("sight"), show: by("show"), photo: by("photo") };
const state = { counts: [], last: null, shown: 0, total: 0, round: 0 };

const reasonName = (reason) => REASONS[reason] ?? String(reason).replaceAll("_", " ");
const sum = (rows) => rows.reduce((total, row) => total + row.photo_count, 0);
const day = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

async function start() {
  const asked = new URLSearchParams(location.search);
  const { cities } = await ask("start");
  if (!cities.length) return say("No city is in the registry yet.");
  fill(filters.city, cities.map((city) => [city.slug, city.name]), asked.get("city"));
  filters.photo.value = asked.get("photo") ?? "";
  await loadCity(asked.get("sight"), asked.get("show"));
}

async function loadCity(sight = "", show = filters.show.value) {
  const { counts } = await ask(`counts?${new URLSearchParams({ city: filters.city.value })}`);
  state.counts = counts;
  const sights = counts.filter((row) => row.reason === null);
  fill(filters.sight, [
    ["", `all (${sum(sights)})`],
    ...sights.map((row) => [String(row.sight_id), `${row.sight_name} (${row.photo_count})`]),
  ], sight);
  await loadSight(show);
}

async function loadSight(show = filters.show.value) {
  const rows = state.counts.filter((row) => !filters.sight.value || String(row.sight_id) === filters.sight.value);
  const leftOut = rows.filter((row) => row.reason !== null);
  const reasons = [...new Set(leftOut.map((row) => row.reason))].sort();
  fill(filters.show, [
    [KEPT, `kept (${sum(rows.filter((row) => row.reason === null))})`],
    [LEFT_OUT, `left out (${sum(leftOut)})`],
    ...reasons.map((reason) => [`${LEFT_OUT}:${reason}`,
      `left out, ${reasonName(reason)} (${sum(leftOut.filter((row) => row.reason === reason))})`]),
  ], show);
  await load(rows);
}

async function load(rows) {
  const [show, reason] = filters.show.value.split(":");
  const kept = Object.entries({ city: filters.city.value, sight: filters.sight.value, show: filters.show.value })
    .filter(([, value]) => value && value !== KEPT);
  history.replaceState(null, "", `?${new URLSearchParams(kept)}`);
  state.round += 1;
  Object.assign(state, { last: null, shown: 0 });
  state.total = sum(rows.filter((row) => (show === KEPT ? row.reason === null
    : row.reason !== null && (!reason || row.reason === reason))));
  by("cards").replaceChildren();
  by("rows").replaceChildren();
  if (show === KEPT) await loadKept(); else await loadLeftOut(reason);
}

function asked(more = {}) {
  const values = { city: filters.city.value, ...more };
  if (filters.sight.value) values.sight_id = filters.sight.value;
  return new URLSearchParams(values);
}

async function loadKept() {
  const round = state.round;
  by("more").disabled = true;
  const named = filters.photo.value.trim() ? { photo: filters.photo.value } : {};
  const { photos } = await ask(`kept?${asked({ most: PAGE, ...named, ...state.last })}`);
  if (round !== state.round) return;
  by("cards").append(...photos.map(cardOf));
  const last = photos.at(-1);
  if (last) {
    state.last = { after_recorded_at: last.recorded_at, after_sha256: last.sha256, after_sight_id: last.sight_id };
  }
  state.shown += photos.length;
  by("more").hidden = photos.length < PAGE;
  by("more").disabled = false;
  by("progress").textContent = named.photo ? String(state.shown) : `${state.shown} of ${Math.max(state.total, state.shown)}`;
  if (!state.shown && named.photo) return say("No photo of this city is known by that.");
  if (!state.shown) return say("No photo is kept here yet. Trigger the city's DAG, or look at what was left out.");
  open("kept");
}

function cardOf(photo) {
  const card = make("li", "", { class: "card" });
  const large = make("a", "", { href: photoUrl(photo, 1280), target: "_blank", rel: "noopener" });
  large.append(make("img", "", { loading: "lazy", src: photoUrl(photo, 320), alt: photo.title ?? photo.sight_name }));
  const credit = make("small", photo.author ? `${photo.author}, ` : "");
  credit.append(link(photo.licence_url, photo.licence));
  const origin = make("small", "");
  origin.append(link(photo.page_url, photo.source.replaceAll("_", " ")),
    `, ${photo.width_pixels} × ${photo.height_pixels}${photo.is_near_copy ? ", near copy" : ""}`);
  card.append(large, make("strong", photo.sight_name), credit, origin);
  return card;
}

async function loadLeftOut(reason) {
  const round = state.round;
  const { photos, most } = await ask(`left-out?${asked(reason ? { reason } : {})}`);
  if (round !== state.round) return;
  by("rows").append(...photos.map((photo) => {
    const row = document.createElement("tr");
    const why = make("td", reasonName(photo.reason));
    if (photo.detail) why.append(make("small", photo.detail));
    const address = make("td", "");
    address.append(link(photo.url, photo.url));
    row.append(make("td", day(photo.recorded_at)), make("td", photo.sight_name), why,
      make("td", photo.source.replaceAll("_", " ")), address);
    return row;
  }));
  by("newest").hidden = photos.length < most;
  by("newest").textContent = `The newest ${most} are shown; choose a sight or a reason to see others.`;
  by("progress").textContent = `${photos.length} of ${Math.max(state.total, photos.length)}`;
  if (!photos.length) return say("Nothing was left out here.");
  open(LEFT_OUT);
}

function open(id) {
  for (const main of document.querySelectorAll("main")) main.hidden = main.id !== id;
}

function say(text) {
  by("empty-text").textContent = text;
  open("empty");
}

filters.city.onchange = () => { quiet(); loadCity().catch(complain); };
filters.sight.onchange = () => { quiet(); loadSight().catch(complain); };
filters.show.onchange = () => { quiet(); loadSight().catch(complain); };
filters.photo.onchange = () => { quiet(); filters.show.value = KEPT; loadSight(KEPT).catch(complain); };
by("more").onclick = () => { quiet(); loadKept().catch(complain); };
start().catch(complain);
