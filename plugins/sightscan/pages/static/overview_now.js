// What needs a person, what runs on the GPUs, and what is spent.

import { node } from "./dom.js";
import { drawCurve, drawMonths, keyOf } from "./drawings.js";
import { asOf, count, dagPath, link, moment, month, plural, query, quiet, runPath, table, usd } from "./words.js";

// Where something can be done about an incident, by its kind. Some are about a DAG; about the others nothing can be
// done in Airflow, and the runbook says what can.
const PLACES = {
  gpu_over_lease: "#gpu", budget_80: "#money", budget_100: "#money",
  reviews_waiting: "../review/", approvals_waiting: "../requests/",
  check_failed: dagPath("refresh_data_marts"), marts_old: dagPath("refresh_data_marts"), reaper_silent: dagPath("stop_idle_instances"),
};
const ABOUT_DAGS = new Set(["run_failed", "stop_failed", "crawl_empty"]);

// In words for one, and for none or many.
const tile = (figure, number, href, one, many) => node("li", { class: number ? "tile-now" : "tile-now none" },
  link(href, node("strong", { "data-figure": figure }, count(number)), " ", node("span", {}, number === 1 ? one : many)));

export function drawWaiting({ counts, reviews, incidents, failed_runs: failedRuns }) {
  const busiest = reviews[0];
  const where = counts.label_count ? `, in ${plural(counts.reviewed_city_count, "city", "cities")}` : "";
  return [
    node("ul", { class: "tiles-now" },
      tile("labels", counts.label_count, busiest ? `../review/?${query({ city: busiest.slug })}` : "../review/",
        `label waits for a review${where}`, `labels wait for a review${where}`),
      tile("contributed", counts.contributed_count, "#reviews", "of them on a photo that people shared", "of them on photos that people shared"),
      tile("contributions", counts.contribution_count, dagPath("sync_cities"),
        "shared photo waits to be taken in, by sync_cities", "shared photos wait to be taken in, by sync_cities"),
      tile("requests", counts.city_count, "../requests/", "city waits to be let in or refused", "cities wait to be let in or refused"),
      tile("reports", counts.report_count, "../reports/", "report of a visitor waits for a decision", "reports of visitors wait for a decision"),
      tile("incidents", counts.incident_count, "#incidents", "incident is open", "incidents are open"),
      tile("failed-runs", counts.failed_run_count, "#failed-runs", "DAG is red", "DAGs are red")),
    listOf("reviews", "Where most labels wait", counts.reviewed_city_count, reviews.map((city) => [
      link(`../review/?${query({ city: city.slug })}`, city.name), `: ${plural(city.label_count, "label")}`,
      city.contributed_count ? [", ", link(`../review/?${query({ city: city.slug, reason: "held_back:contributed" })}`, `${count(city.contributed_count)} on shared photos`)] : null,
    ])),
    listOf("incidents", "Open incidents", counts.incident_count, incidents.map((one) => [
      titleOf(one), ` since ${moment(one.opened_at)}`,
      one.silent_until ? `, silent until ${moment(one.silent_until)}` : null, `. ${one.sentence}`,
    ]), "What to do about each kind stands in docs/runbooks/alerts.md."),
    listOf("failed-runs", "Red DAGs", counts.failed_run_count, failedRuns.map((one) => [
      link(dagPath(one.dag_id), one.dag_id), `. ${one.sentence}`,
    ])),
  ];
}

function titleOf(incident) {
  const place = placeOf(incident);
  return place === null ? node("strong", {}, incident.title) : link(place, incident.title);
}

// What an incident names as its place comes from the configuration of the scheduler: only the web's become links.
function placeOf(incident) {
  if (/^https?:\/\//i.test(incident.link ?? "")) return incident.link;
  if (!ABOUT_DAGS.has(incident.kind)) return PLACES[incident.kind] ?? null;
  // In place of the subjects of many stands "and others", which no DAG is called.
  return /^[\w.-]+$/.test(incident.subject) ? dagPath(incident.subject) : "../../dags";
}

function listOf(id, title, all, rows, hint) {
  return node("div", { id, tabindex: "-1" }, rows.length === 0 ? null : [
    node("h3", {}, all > rows.length ? `${title}: ${count(rows.length)} of ${count(all)}` : title),
    node("ul", {}, rows.map((row) => node("li", {}, ...row.flat()))),
    hint ? quiet(hint) : null,
  ]);
}

export function drawGpu({ machines, waiting, waiting_count: waitingCount }) {
  return [
    machines.length ? null : quiet("No GPU instance is set (MTS_EC2_INSTANCE_ID), and none is held or runs."),
    node("div", { class: "machines" }, machines.map(machineOf)),
    node("h3", {}, node("span", { "data-figure": "waiting-runs" }, plural(waitingCount, "run")), " in the queue"),
    waiting.length ? table("Who waits for a GPU", ["Place", "City", "Since", "#People asked for it", "State"], waiting.map((one, number) => [
      count(number + 1), link(runPath(one.dag_id, one.run_id), one.slug), moment(one.asked_at), one.people,
      [one.is_awake ? "waits" : "silent: passed over until it is heard of", one.is_overdue ? ", goes before the others: it waits for more than a day" : ""].join(""),
    ])) : quiet("Nobody waits for a GPU."),
    waitingCount > waiting.length ? quiet(`The first ${count(waiting.length)} are shown.`) : null,
  ];
}

function machineOf(machine) {
  const rows = [
    ["Holder", holderOf(machine)],
    ["Held until", machine.deadline_at ? [moment(machine.deadline_at), new Date(machine.deadline_at) < new Date() ? node("strong", { class: "bad" }, ", which is over") : ""] : null],
    ["On since", machine.running_at ? moment(machine.running_at) : null],
    ["Cost so far", costOf(machine)],
    ["Training", trainingOf(machine)],
  ];
  return node("article", { class: "machine", id: `machine-${machine.instance_id}` },
    node("h3", {}, machine.instance_id, machine.instance_type ? ` (${machine.instance_type})` : "", node("span", { class: `state ${machine.state}` }, machine.state)),
    node("dl", {}, rows.filter(([, value]) => value !== null).map(([name, value]) => node("div", {}, node("dt", {}, name), node("dd", {}, value)))),
    machine.curve?.some((value) => value !== null) ? drawCurve(machine.curve, machine.epoch_count, machine.asked_epoch_count) : null);
}

function holderOf(machine) {
  if (!machine.dag_id) return machine.has_open_session ? node("strong", { class: "bad" }, "nobody, and it costs money") : "nobody";
  if (!machine.slug) return ["the reaper, which stops it: ", link(dagPath("stop_idle_instances"), "stop_idle_instances")];
  return [link(runPath(machine.dag_id, machine.run_id), machine.slug), ` since ${moment(machine.leased_at)}`];
}

function costOf(machine) {
  const parts = [
    machine.session_usd === null ? null : [node("span", { "data-figure": "session-usd" }, usd(machine.session_usd)), " since it was started"],
    machine.run_usd === null ? null : [node("span", { "data-figure": "run-usd" }, usd(machine.run_usd)), " by this run so far"],
    machine.price_per_hour_usd === null ? null : `${usd(machine.price_per_hour_usd)} an hour`,
  ].filter((part) => part !== null);
  return parts.length ? parts.flatMap((part, number) => (number ? ["; ", part].flat() : part)) : null;
}

function trainingOf(machine) {
  if (machine.training_state === null) return machine.slug ? "none is asked for yet" : null;
  const done = node("span", { "data-figure": "epoch" }, count(machine.epoch_count ?? 0));
  const epochs = ["epoch ", done, machine.asked_epoch_count === null ? "" : ` of ${count(machine.asked_epoch_count)}`];
  return [
    `${{ requested: "asked for", running: "runs", succeeded: "ended well", failed: "failed" }[machine.training_state]}, `, ...epochs,
    `, on dataset ${count(machine.dataset_version)}`, machine.training_error ? `: ${machine.training_error}` : "",
  ];
}

export function drawMoney({ months, limits, spent_usd: spent, under_way_usd: underWay, counted_until: countedUntil }) {
  const budget = limits.find((one) => one.setting === "MAX_USD_PER_MONTH")?.most;
  const sum = (one) => one.vision_usd + one.other_usd + one.gpu_usd;
  return [
    node("p", {}, node("strong", { "data-figure": "spent-usd" }, usd(spent)), " spent this month (UTC); runs under way may still cost ",
      node("span", { "data-figure": "under-way-usd" }, usd(underWay)), ". ", link("../requests/", "City requests"), " says what the budget for requests has left."),
    limits.length ? node("ul", { class: "limits" }, limits.map(limitOf))
      : quiet("No budget over all cities is set: MAX_USD_PER_MONTH, MAX_USD_IN_ALL, MAX_GOOGLE_VISION_CALLS_PER_MONTH and MAX_GOOGLE_VISION_CALLS_IN_ALL are empty."),
    ...months.some((one) => sum(one) > 0) ? [keyOf(budget), drawMonths(months, budget)] : [quiet("Nothing was paid for in the last twelve months.")],
    node("details", {}, node("summary", {}, "By month, as a table"),
      table("Spend by month", ["Month", "#Images", "#of them free", "#Google Vision", "#Google Places", "#GPU minutes", "#GPU", "#In all"], [...months].reverse().map((one) => [
        month(one.begins_at), one.image_count, one.free_image_count, usd(one.vision_usd), usd(one.other_usd),
        count(Math.round(one.gpu_seconds / 60)), usd(one.gpu_usd), usd(sum(one)),
      ]))),
    asOf(countedUntil, "Images and their prices by month are"),
  ];
}

function limitOf({ setting, span, used, most, unit }) {
  const said = unit === "images" ? count : usd;
  return node("li", {},
    node("meter", { min: 0, max: Math.max(most, used, 1e-9), high: most * 0.8, value: used, "aria-label": `${setting}, ${span}` }),
    node("span", { "data-figure": setting }, `${said(used)} of ${said(most)}${unit === "images" ? " images" : ""}`), ` ${setting} (${span})`);
}
