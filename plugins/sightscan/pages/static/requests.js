// Cities that strangers asked for: who asked, what the first run may cost, and a decision.

import { ask, by, complain, fill, link, make, quiet } from "./page.js";

const state = { read: null, chosen: 0, isBusy: false };

const day = (time) => new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });
const usd = (amount) => `${amount.toFixed(2)} USD`;
const people = (count) => `${count} ${count === 1 ? "person" : "people"}`;
const shown = () => state.read[by("show").value];

async function load() {
  state.read = await ask("list");
  const { counts } = state.read;
  fill(by("show"), [
    ["waiting", `waiting (${counts.waiting})`], ["refused", `refused (${counts.refused})`],
  ], by("show").value);
  draw();
}

function draw() {
  const { budget, counts, may_decide: mayDecide } = state.read;
  const isWaiting = by("show").value === "waiting";
  const cities = shown();
  state.chosen = Math.max(0, Math.min(state.chosen, cities.length - 1));
  by("budget").textContent = isWaiting ? budget : "Who asks for these again is told the reason.";
  by("list").replaceChildren(...cities.map(cardOf));
  const total = counts[by("show").value];
  by("newest").hidden = cities.length >= total;
  by("newest").textContent = `The first ${cities.length} of ${total} are shown.`;
  by("progress").textContent = cities.length ? `${state.chosen + 1} of ${cities.length}` : "";
  by("requests").hidden = !cities.length;
  by("empty").hidden = Boolean(cities.length);
  by("empty-text").textContent = isWaiting ? "No city waits for a decision." : "No city is refused.";
  by("actions").hidden = !cities.length;
  by("approve").disabled = by("refuse").disabled = !mayDecide;
  by("refuse").hidden = !isWaiting;
  if (!mayDecide) by("done").textContent = "You may look but not decide: that takes a role that triggers runs.";
}

function cardOf(city, index) {
  const card = make("li", "", { class: "request", tabindex: index === state.chosen ? "0" : "-1" });
  if (index === state.chosen) card.setAttribute("aria-current", "true");
  const name = make("h2", `${city.name}, ${city.country}`);
  const facts = document.createElement("dl");
  const fact = (term, ...what) => {
    const row = document.createElement("div");
    const value = document.createElement("dd");
    value.append(...what);
    row.append(make("dt", term), value);
    facts.append(row);
  };
  const since = city.first_asked_at ? `, first on ${day(city.first_asked_at)}` : "";
  fact("Asked by", `${people(city.vote_count)}${since}`);
  fact("As", city.asked_names.map((each) => `“${each}”`).join(", ") || "not kept");
  fact("Wikidata", link(city.page_url, city.city_id), `, sights within ${(city.radius_meters / 1000).toFixed(0)} km`);
  if (city.decision === "refused") {
    fact("Refused", `on ${day(city.decided_at)} by ${city.decided_by}`);
    fact("Because", city.reason);
  } else if (city.most_usd === null) {
    fact("First run", `cost not known: ${city.problem}`);
  } else {
    fact("First run", make("strong", `at most ${usd(city.most_usd)}`), `, probably ${usd(city.probable_usd)}`);
  }
  card.append(name, facts);
  card.onclick = () => choose(index);
  return card;
}

function choose(index) {
  const cities = shown();
  if (!cities.length) return;
  state.chosen = (index + cities.length) % cities.length;
  draw();
  by("list").children[state.chosen].focus({ preventScroll: true });
  by("list").children[state.chosen].scrollIntoView({ block: "nearest" });
}

async function decide(decision, reason = "") {
  const city = shown()[state.chosen];
  if (!city || state.isBusy || !state.read.may_decide) return;
  state.isBusy = true;
  quiet();
  try {
    await ask("decide", { city_id: city.city_id, decision, reason });
    by("done").textContent = decision === "approve"
      ? `${city.name} is approved; its DAG appears within two minutes.` : `${city.name} is refused.`;
    await load();
  } finally {
    state.isBusy = false;
  }
}

function askWhether() {
  const city = shown()[state.chosen];
  if (!city || by("approve").disabled) return;
  by("approval-title").textContent = `Approve ${city.name}, ${city.country}?`;
  const cost = typeof city.most_usd === "number" ? `Its first run may cost at most ${usd(city.most_usd)}. ` : "";
  const limits = Object.entries(state.read.limits_usd);
  const set = limits.filter(([, amount]) => amount !== null);
  const held = set.length ? `within ${set.map(([name, amount]) => `${name} (${usd(amount)})`).join(", ")}`
    : `without a limit in dollars: none of ${limits.map(([name]) => name).join(", ")} is set`;
  by("question").textContent = `${cost}It then runs every week, ${held}.`;
  by("approval").showModal();
}

function askWhy() {
  const city = shown()[state.chosen];
  if (!city || by("refuse").disabled || by("refuse").hidden) return;
  by("refusal-title").textContent = `Refuse ${city.name}, ${city.country}?`;
  by("reason").value = "";
  by("yes").disabled = true;
  by("refusal").showModal();
}

function refuse() {
  if (by("yes").disabled) return;
  by("refusal").close();
  decide("refuse", by("reason").value).catch(complain);
}

const KEYS = {
  a: askWhether,
  r: askWhy,
  arrowdown: () => choose(state.chosen + 1),
  arrowup: () => choose(state.chosen - 1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (document.querySelector("dialog[open]") || event.target.tagName === "SELECT") return;
  const act = KEYS[event.key.toLowerCase()];
  if (!act || by("actions").hidden) return;
  event.preventDefault();
  act();
});
by("show").onchange = () => { quiet(); by("show").blur(); state.chosen = 0; draw(); };
by("approve").onclick = KEYS.a;
by("refuse").onclick = KEYS.r;
by("next").onclick = KEYS.arrowdown;
by("let-in").onclick = () => { by("approval").close(); decide("approve").catch(complain); };
by("not-yet").onclick = () => by("approval").close();
by("no").onclick = () => by("refusal").close();
by("yes").onclick = refuse;
by("reason").oninput = () => { by("yes").disabled = !by("reason").value.trim(); };
by("reason").onkeydown = (event) => { if (event.key === "Enter") refuse(); };
load().catch(complain);
