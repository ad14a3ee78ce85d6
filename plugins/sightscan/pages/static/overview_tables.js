// Cities, their models, and the sights of one, as tables.

import { node } from "./dom.js";
import { asOf, count, dagPath, link, moment, pager, plural, query, quiet, runPath, share, table } from "./words.js";

export const STAGES = { added: "added", discovered: "sights known", crawled: "crawled", labelled: "labelled", published: "model in place" };
const RUNS = { success: "succeeded", forgotten: "not in Airflow any more" };
const COMMAND = 'sightscan model rollback CITY --reason "..."';

// The city's sights are on this page: whoever follows the link is not led away.
const toSights = (city, text) => link(`?${query({ city: city.slug })}#sights`, node("span", { "data-city": city.slug }, text));

export function drawCities(read, asked) {
  if (!read.count) {
    return [asked.search || asked.stage ? quiet("No city that was let in is like this.") : quiet(
      "No city was let in yet. One comes with ", node("code", {}, 'make new-city NAME="Lisbon"'), ", or by ", link("../requests/", "City requests"), ".")];
  }
  return [
    table("Cities", ["City", "Stage", "#Sights", "#Photos", "#Labelled photos", "#Boxes", "Newest dataset", "Model in place", "Last run"], read.cities.map((city) => [
      [link(dagPath(city.dag_id), city.name), node("small", {}, city.state === "disabled" ? `${city.country}, retired` : city.country)],
      [STAGES[city.stage], city.is_paused ? node("small", {}, "paused in Airflow") : null],
      toSights(city, count(city.sight_count)),
      link(`../gallery/?${query({ city: city.slug })}`, count(city.photo_count)),
      link(`../review/?${query({ city: city.slug })}`, count(city.labelled_photo_count)),
      toSights(city, count(city.box_count)),
      city.dataset_version === null ? "–" : toSights(city, `${count(city.dataset_version)}: ${plural(city.dataset_photo_count, "photo")}`),
      city.model_version === null ? "–" : link(`../models/?${query({ city: city.slug })}`, `${count(city.model_version)}: mAP50 ${share(city.map50)}`),
      lastRunOf(city),
    ])),
    pager(read, "cities", "city", "cities"),
    asOf(read.counted_until, 'Photos, labelled photos, boxes and the stages "crawled" and "labelled" are'),
  ];
}

function lastRunOf(city) {
  const run = city.last_run;
  if (run === null) return "none yet";
  const when = run.ended_at ?? run.started_at;
  return [
    run.state === "forgotten" ? RUNS.forgotten : link(runPath(city.dag_id, run.run_id), RUNS[run.state] ?? run.state),
    when ? ` ${moment(when)}` : "", run.outcome ? node("small", {}, run.outcome) : null,
  ];
}

export function drawModels(read, asked) {
  const how = node("p", { class: "quiet" }, "A model's card in ", link("../models/", "Models"), " compares it with the one before, sight by sight. One that is worse is taken back in a terminal: ",
    node("code", {}, COMMAND), " (docs/runbooks/rollback.md).");
  if (!read.count) return [quiet(asked.modelSearch ? "No city like this has a model in place." : "No city has a model in place yet.")];
  return [
    how,
    table("Models in place", ["City", "Version", "In place since", "#mAP50", "#mAP50-95", "Named right", "#Test photos", "#Versions", "Newest, if another"], read.models.map((model) => [
      link(`../models/?${query({ city: model.slug })}`, model.name),
      link(`../models/?${query({ city: model.slug, version: model.model_version })}`, count(model.model_version)),
      moment(model.published_at), share(model.map50), share(model.map50_95),
      model.sight_photo_count === null ? "not measured" : `${count(model.named_sight_photo_count)} of ${plural(model.sight_photo_count, "photo")}`,
      model.test_photo_count,
      link(`../models/?${query({ city: model.slug })}`, model.version_count > 1 ? `compare ${count(model.version_count)}` : "1"),
      model.newest_version === model.model_version ? "–" : [
        link(`../models/?${query({ city: model.slug, version: model.newest_version })}`, `${count(model.newest_version)}: ${model.newest_state}`),
        model.newest_decision ? node("small", {}, model.newest_decision) : null,
      ],
    ])),
    pager(read, "models", "model"),
  ];
}

export function drawSights({ city, sights, counted_until: countedUntil }) {
  if (!sights.length) return [node("h3", {}, city.name), quiet("No sight of it is known yet: its first run finds them.")];
  const [first] = sights;
  const version = sights.find((sight) => sight.model_version !== null)?.model_version ?? null;
  const where = (sight, path) => `../${path}/?${query({ city: city.slug, sight: sight.sight_id })}`;
  return [
    node("h3", {}, city.name),
    table(`Sights of ${city.name}`, [
      "Sight", "#Photos", "#Labelled photos", "#Boxes", "#Held back", "#Decided by people",
      first.dataset_version === null ? "#Test photos" : `#Test photos (dataset ${count(first.dataset_version)})`,
      version === null ? "#AP50" : `#AP50 (model ${count(version)})`, "What it lacks to be trained",
    ], sights.map((sight) => [
      sight.name,
      link(where(sight, "gallery"), count(sight.photo_count)),
      sight.min_image_number_per_label === null ? count(sight.labelled_photo_count) : `${count(sight.labelled_photo_count)} of ${count(sight.min_image_number_per_label)}`,
      sight.box_count,
      link(where(sight, "review"), count(sight.held_back_count)),
      link(`../review/?${query({ city: city.slug })}`, count(sight.reviewed_count)),
      sight.test_photo_count === null ? "no dataset yet" : sight.test_photo_count,
      sight.ap50 === null ? "–" : link(`../models/?${query({ city: city.slug, version: sight.model_version })}`, share(sight.ap50), sight.is_shown ? "" : ", not shown to people"),
      sight.missing ?? "nothing",
    ])),
    asOf(countedUntil, "Photos, labelled photos, boxes, what is held back and what a sight lacks are"),
  ];
}
