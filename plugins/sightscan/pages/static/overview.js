// The page SightScan: each part is asked for by itself and again after a while; what a person typed, where they
// are and what they unfolded stays.

import { node, patch } from "./dom.js";
import { drawGpu, drawMoney, drawWaiting } from "./overview_now.js";
import { drawCities, drawModels, drawSights, STAGES } from "./overview_tables.js";
import { ask, by } from "./page.js";
import { count, moment, query } from "./words.js";

const TYPING_MILLISECONDS = 250;
const asked = { search: "", stage: "", page: 1, modelSearch: "", modelPage: 1, city: "" };
const PARTS = {
  waiting: { seconds: 60, path: () => "waiting", draw: drawWaiting },
  gpu: { seconds: 5, path: () => "gpu", draw: drawGpu },
  money: { seconds: 120, path: () => "money", draw: drawMoney },
  cities: { seconds: 60, path: () => `cities?${query({ search: asked.search, stage: asked.stage, page: asked.page })}`, draw: drawCities },
  models: { seconds: 120, path: () => `models?${query({ search: asked.modelSearch, page: asked.modelPage })}`, draw: drawModels },
  sights: { seconds: 60, path: () => (asked.city ? `sights?${query({ city: asked.city })}` : null), draw: drawSights },
};

// Of two questions, the later one is what a person wants to see, whichever is answered first.
async function load(name) {
  const part = PARTS[name];
  const round = (part.round ?? 0) + 1;
  part.round = round;
  clearTimeout(part.timer);
  const path = part.path();
  if (path === null || (document.hidden && part.readAt)) return;
  const place = document.querySelector(`#${name} .part`);
  try {
    const read = await ask(path);
    if (round !== part.round) return;
    part.readAt = new Date();
    if (name === "cities") told(read);
    if (name === "models") asked.modelPage = read.page;
    patch(place, node("div", {}, part.draw(read, asked)));
    say(place, "");
  } catch (error) {
    if (round !== part.round) return;
    if (error.isFinal) place.replaceChildren();
    say(place, error.message + (part.readAt && !error.isFinal ? ` What is shown is of ${moment(part.readAt)}.` : ""));
    // The same question gets the same refusal.
    if (error.isFinal) return;
  } finally {
    if (round === part.round) place.setAttribute("aria-busy", "false");
  }
  part.timer = setTimeout(() => load(name), part.seconds * 1000);
}

// Beside what is shown, which stays as it is.
function say(place, problem) {
  const said = place.parentElement.querySelector(".problem");
  if (said?.textContent === problem) return;
  said?.remove();
  if (problem) place.before(node("p", { class: "problem", role: "alert" }, problem));
}

function told(read) {
  asked.page = read.page;
  const all = Object.values(read.by_stage).reduce((sum, one) => sum + one, 0);
  const choices = [["", `all (${count(all)})`], ...Object.entries(STAGES).map(([stage, name]) => [stage, `${name} (${count(read.by_stage[stage])})`])];
  const select = by("cities-stage");
  patch(select, node("select", {}, choices.map(([value, text]) => node("option", { value }, text))));
  if (select.value !== asked.stage) select.value = asked.stage;
}

function remember() {
  const kept = query({
    search: asked.search, stage: asked.stage, page: asked.page > 1 ? asked.page : "",
    models: asked.modelSearch, "models-page": asked.modelPage > 1 ? asked.modelPage : "", city: asked.city,
  });
  history.replaceState(null, "", `${String(kept) ? `?${kept}` : location.pathname}${location.hash}`);
}

async function change(name, values) {
  Object.assign(asked, values);
  await load(name);
  remember();
}

function afterTyping(action) {
  let timer;
  return (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(event.target.value.trim()), TYPING_MILLISECONDS);
  };
}

async function suggest(text) {
  const { cities } = await ask(`cities?${query({ search: text })}`);
  by("sights-cities").replaceChildren(...cities.map((city) => node("option", { value: city.slug }, `${city.name}, ${city.country}`)));
  const chosen = cities.find((city) => [city.slug, city.name, city.city_id].includes(text));
  if (chosen || !text) await choose(chosen?.slug ?? "");
}

async function choose(city) {
  const place = document.querySelector("#sights .part");
  if (!city) place.replaceChildren(node("p", { class: "quiet" }, "Choose a city, here or in the table of cities."));
  if (!city) say(place, "");
  await change("sights", { city });
}

function start() {
  const given = new URLSearchParams(location.search);
  const number = (name) => (/^[1-9][0-9]{0,8}$/.test(given.get(name) ?? "") ? Number(given.get(name)) : 1);
  Object.assign(asked, {
    search: given.get("search") ?? "", stage: given.get("stage") in STAGES ? given.get("stage") : "", page: number("page"),
    modelSearch: given.get("models") ?? "", modelPage: number("models-page"), city: given.get("city") ?? "",
  });
  by("cities-search").value = asked.search;
  by("models-search").value = asked.modelSearch;
  by("sights-city").value = asked.city;
  for (const name of Object.keys(PARTS)) load(name);
}

by("cities-search").addEventListener("input", afterTyping((search) => change("cities", { search, page: 1 })));
by("models-search").addEventListener("input", afterTyping((modelSearch) => change("models", { modelSearch, modelPage: 1 })));
by("sights-city").addEventListener("input", afterTyping((text) => suggest(text).catch(() => {})));
by("sights-city").addEventListener("change", (event) => choose(event.target.value.trim()));
by("cities-stage").addEventListener("change", (event) => change("cities", { stage: event.target.value, page: 1 }));
document.addEventListener("click", (event) => {
  const { page, part } = event.target.dataset;
  if (page) change(part, part === "cities" ? { page: Number(page) } : { modelPage: Number(page) });
  const city = event.target.closest("a")?.querySelector("[data-city]")?.dataset.city;
  if (!city || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  by("sights-city").value = city;
  choose(city);
  by("sights").scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const name of Object.keys(PARTS)) load(name);
});
start();
