/** The page /camera: which city, then the film or photos; each part is a module of its own. */

import { findCity, findSight, nameIn, readCatalogue, readCity, sightName, stageKey } from "./catalogue.js";
import { CityDialog, firstCity, nearestCity, rememberCity } from "./city_choice.js";
import { DebugPanel } from "./debug_panel.js";
import { Detectors } from "./detectors.js";
import { byId, make, showSentence } from "./dom.js";
import { Keeping } from "./keeping.js";
import { canKeep, startServiceWorker } from "./kept.js";
import { LiveView } from "./live_view.js";
import { makeName } from "./name_plate.js";
import { PhotoList } from "./photo_list.js";
import { makeCard } from "./picture_card.js";
import { asRefusal, Refusal } from "./refusal.js";
import { PlaceSwitch } from "./place_switch.js";
import { ReportDialog } from "./report.js";
import { SightDialog } from "./sight_card.js";
import { chooseLanguage, currentLanguage, fillTexts, languages, percent, say, sayRefusal } from "./texts.js";

/** So often is looked whether there is a newer model. */
const LOOK_AGAIN_MS = 60_000;

const stage = byId("stage");
const view = new LiveView({
  stage,
  video: stage.querySelector("video"),
  canvas: stage.querySelector("canvas"),
  plate: stage.querySelector(".plate"),
  live: byId("announced"),
});
const photos = new PhotoList(byId("photos"), byId("announced"));
const debug = new DebugPanel(byId("debug"));
const dialog = new CityDialog(byId("cities"), chooseCity);
const card = new SightDialog(byId("sight"));
const reporting = new ReportDialog(byId("report"));
const place = new PlaceSwitch(byId("place"), byId("place-status"));
const keeping = new Keeping(byId("keep"), byId("offer"), tell, (newer) => useCity(newer, true));

/** @type {import("./catalogue.js").Catalogue | null} */
let catalogue = null;
/** @type {import("./catalogue.js").City | undefined} */
let city;
/** @type {Detectors | null} */
let detectors = null;
/** The first city is on its way: who presses a button meanwhile waits for it. */
let isOpening = Promise.resolve();
/** The city in which the phone is, if that is known. @type {import("./catalogue.js").Described | undefined} */
let near;
/** What a person wanted to do before a city was chosen. @type {(() => void) | null} */
let wanted = null;

await begin();

async function begin() {
  wire();
  drawTexts();
  isOpening = openFirst();
  await isOpening;
  drawCity();
  await place.resume();
  setInterval(refresh, LOOK_AGAIN_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
  if (canKeep()) await startServiceWorker().catch(() => {});
}

async function openFirst() {
  await keeping.load();
  await refresh();
  const asked = new URL(location.href).searchParams.get("city");
  const first = firstCity(keeping.usable(catalogue), asked);
  if (first.isUnknown) tell(say("city.unknown", { slug: asked }));
  if (first.city) await openCity(first.city).catch((error) => tell(sayRefusal(asRefusal(error))));
}

/** Ask which cities there are; whoever has none of them is told why. */
async function refresh() {
  try {
    catalogue = await readCatalogue();
    if (catalogue.away && !catalogue.cities.length) tell(say("catalogue.away"));
  } catch (error) {
    if (!keeping.usable(catalogue).length) tell(sayRefusal(asRefusal(error)));
  }
  const listed = city && findCity(keeping.usable(catalogue), city.slug);
  const isNewer = listed?.model && listed.model.tag !== city.model?.tag;
  // Of a city that is not kept, the newest model is the one in use; who is offline asks again later.
  const newer = isNewer ? await readCity(city.slug).catch(() => null) : null;
  if (newer?.model) await useCity(newer, true);
  else await keeping.draw(city, catalogue);
}

async function chooseCity(chosen) {
  tell(null);
  photos.clear();
  rememberCity(chosen.slug);
  try {
    await openCity(chosen);
  } catch (error) {
    tell(sayRefusal(asRefusal(error)));
    return;
  }
  const then = wanted;
  wanted = null;
  if (city.model) then?.();
}

/** Use a city of the list: as it is kept here, else as the server describes it. */
async function openCity(entry) {
  await useCity(keeping.find(entry.slug)?.city ?? (await readCity(entry.slug)));
}

/** Take a city's model into use; `isNewModel`: a film that runs goes on with it. */
async function useCity(chosen, isNewModel = false) {
  const before = detectors;
  const keys = catalogue?.public_keys ?? keeping.find(chosen.slug)?.publicKeys ?? [];
  const next = chosen.model ? new Detectors(chosen.model, keys, showProgress) : null;
  if (!isNewModel) view.stop();
  else if (next && view.isRunning && !(await changeFilm(next))) return;
  const isReady = isNewModel && !city.model;
  city = chosen;
  detectors = next;
  drawCity();
  before?.close();
  const name = nameIn(chosen, currentLanguage());
  if (!chosen.model) tell(say(`${stageKey(chosen)}.long`, { name }));
  if (isReady) tell(say("city.ready", { name }));
}

/** Let the film go on with another model; with one that is refused, it goes on as it was. */
async function changeFilm(next) {
  try {
    await view.change(next);
    return true;
  } catch (error) {
    next.close();
    tell(sayRefusal(asRefusal(error)));
    return false;
  } finally {
    showProgress(1);
  }
}

async function startFilm() {
  if (!(await hasCity(startFilm))) return;
  tell(null);
  photos.clear();
  byId("start").disabled = true;
  try {
    await view.start(detectors);
    drawRunning();
  } catch (error) {
    view.stop();
    tell(sayRefusal(asRefusal(error)));
  }
  showProgress(1);
  byId("start").disabled = false;
}

async function showPhotos(files) {
  if (files.length === 0 || !(await hasCity(() => showPhotos(files)))) return;
  tell(null);
  view.stop();
  await photos.show(files, detectors, view.kind);
  showProgress(1);
  drawStep();
}

/** Tell whether there is a model to look with; else ask for a city, and go on afterwards. */
async function hasCity(then) {
  if (!detectors) await isOpening;
  if (detectors) return true;
  wanted = then;
  dialog.open(keeping.usable(catalogue), place.sense.standing);
  return false;
}

async function takePicture() {
  const { frame, seen } = await view.freeze();
  const name = `${city.slug}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.jpg`;
  const goOn = async () => {
    dropFrozen();
    drawRunning();
    stage.hidden = false;
    await view.resume();
  };
  const options = { kind: view.kind, onclose: goOn, closeKey: "film.go_on", onname: openCard, onreport: openReport };
  const picture = makeCard(name, frame, seen?.detections ?? [], detectors.model, options);
  frame.close();
  stage.hidden = true;
  byId("film-tools").hidden = byId("shutter-tools").hidden = true;
  byId("frozen").replaceChildren(picture);
  byId("frozen").hidden = false;
}

/** Show what is known of a sight; the film goes on behind it. */
function openCard(classNumber) {
  const sight = findSight(city.model, classNumber);
  if (sight) card.open(city.slug, sight);
}

/** Show what would be sent of a picture that was answered wrongly. */
function openReport(kind, picture, found) {
  reporting.open(kind, { slug: city.slug, model: city.model, picture, found });
}

function dropFrozen() {
  byId("frozen").hidden = true;
  byId("frozen").replaceChildren();
}

function wire() {
  const sorry = (work) => async (event) => {
    try {
      await work(event);
    } catch (error) {
      tell(sayRefusal(asRefusal(error)));
    }
  };
  const onClick = (id, work) => byId(id).addEventListener("click", sorry(work));
  onClick("start", startFilm);
  onClick("stop", () => view.stop());
  onClick("turn", () => view.turn());
  onClick("torch", toggleTorch);
  onClick("shutter", takePicture);
  onClick("choose", () => byId("files").click());
  onClick("city", () => dialog.open(keeping.usable(catalogue), place.sense.standing));
  onClick("near", () => chooseCity(near));
  onClick("language", nextLanguage);
  byId("files").addEventListener("change", sorry(() => showPhotos(takeFiles(byId("files")))));
  byId("dots").addEventListener("change", () => (view.kind = byId("dots").checked ? "dots" : "boxes"));
  byId("debug").addEventListener("toggle", () => debug.draw(detectors, null));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", sorry((event) => {
    event.preventDefault();
    return showPhotos([...event.dataTransfer.files]);
  }));
  document.addEventListener("paste", sorry((event) => showPhotos([...event.clipboardData.files])));
  view.onLooked = (looked) => debug.draw(detectors, looked);
  view.onStopped = () => {
    dropFrozen();
    drawRunning();
    debug.draw(detectors, null);
  };
  view.onChanged = drawStep;
  view.plate.onName = photos.onName = openCard;
  photos.onReport = openReport;
  view.judge = (seen, model) => place.sense.judge(seen, model, { isFacingUser: view.film.isFacingUser });
  place.onChanged = drawNear;
}

/** The same file can be chosen again afterwards. */
function takeFiles(input) {
  const files = [...input.files];
  input.value = "";
  return files;
}

async function toggleTorch() {
  const isLit = byId("torch").getAttribute("aria-pressed") !== "true";
  await view.film.setTorch(isLit).catch((error) => {
    throw new Refusal("film.no_torch", { cause: error.message });
  });
  byId("torch").setAttribute("aria-pressed", String(isLit));
}

function nextLanguage() {
  const all = languages();
  chooseLanguage(all[(all.indexOf(currentLanguage()) + 1) % all.length]);
  drawTexts();
  photos.clear();
  drawCity();
  drawStep();
  place.draw();
}

function drawTexts() {
  document.documentElement.lang = currentLanguage();
  fillTexts(document);
  byId("language").textContent = say("language.other");
  byId("language").lang = say("language.other_tag");
}

function drawCity() {
  byId("city-name").textContent = city ? nameIn(city, currentLanguage()) : say("city.choose");
  byId("knows").hidden = !city?.model;
  drawNear();
  keeping.draw(city, catalogue);
  if (!city?.model) return;
  const known = city.model.sights.filter((sight) => !city.model.hidden_classes.includes(sight.class));
  byId("knows").querySelector("summary").textContent = say("knows.title", { count: known.length });
  byId("knows").querySelector("ul").replaceChildren(
    ...known.map(({ class: number }) =>
      make("li", {}, makeName(number, sightName(city.model, number, currentLanguage()), openCard, "known")),
    ),
  );
}

/** Name the city in which the phone is; a tap opens it, and no place does: the server hears which one is opened. */
function drawNear() {
  const { standing } = place.sense;
  near = standing ? nearestCity(keeping.usable(catalogue), standing) : undefined;
  byId("near").hidden = !near || near.slug === city?.slug;
  byId("near").textContent = near ? say("city.near", { name: nameIn(near, currentLanguage()) }) : "";
}

async function drawRunning() {
  const { isRunning } = view;
  document.body.classList.toggle("is-running", isRunning);
  byId("film-tools").hidden = byId("shutter-tools").hidden = !isRunning;
  byId("torch").hidden = !view.film.hasTorch;
  byId("torch").setAttribute("aria-pressed", "false");
  byId("turn").hidden = !isRunning || !(await view.film.canTurn());
}

/** The step of the ladder, with the last reason why it is not a higher one. */
function drawStep() {
  const { step, reasons } = detectors ?? {};
  const reason = reasons?.at(-1);
  const sentences = step ? [...(reason ? [sayRefusal(reason.refusal)] : []), say(`step.on.${step}`)] : [];
  showSentence(byId("step"), sentences.join(" ") || null);
}

function showProgress(share) {
  const values = { name: city ? nameIn(city, currentLanguage()) : "", share: percent(share) };
  showSentence(byId("progress"), share < 1 ? say("progress", values) : null);
}

function tell(sentence) {
  showSentence(byId("notice"), sentence);
}
