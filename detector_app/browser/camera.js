/** The page /camera: which city, then the film or photos; each part is a module of its own. */

import { findCity, haveSameFiles, nameIn, readCatalogue, sightName, stageKey } from "./catalogue.js";
import { CityDialog, firstCity, rememberCity } from "./city_choice.js";
import { DebugPanel } from "./debug_panel.js";
import { Detectors } from "./detectors.js";
import { byId, make, showSentence, swatch } from "./dom.js";
import { Keeping } from "./keeping.js";
import { canKeep, startServiceWorker } from "./kept.js";
import { LiveView } from "./live_view.js";
import { colourOf } from "./overlay.js";
import { PhotoList } from "./photo_list.js";
import { makeCard } from "./picture_card.js";
import { asRefusal, Refusal } from "./refusal.js";
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
const keeping = new Keeping(byId("keep"), byId("offer"), tell, async (newer) => {
  await useCity(newer, true);
});

/** @type {import("./catalogue.js").Catalogue | null} */
let catalogue = null;
/** @type {import("./catalogue.js").City | undefined} */
let city;
/** @type {Detectors | null} */
let detectors = null;
/** What a person wanted to do before a city was chosen. @type {(() => void) | null} */
let wanted = null;

await begin();

async function begin() {
  wire();
  drawTexts();
  await keeping.load();
  await refresh();
  const first = firstCity(keeping.usable(catalogue), new URL(location.href).searchParams.get("city"));
  if (first.isUnknown) tell(say("city.unknown", { slug: new URL(location.href).searchParams.get("city") }));
  if (first.city) await useCity(first.city);
  else drawCity();
  setInterval(refresh, LOOK_AGAIN_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
  if (canKeep()) await startServiceWorker().catch(() => {});
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
  const isNewer = listed?.model && !haveSameFiles(listed.model, city.model);
  // Of a city that is not kept, the newest model is the one in use.
  if (isNewer) await useCity(listed, true);
  else keeping.draw(city, catalogue);
}

async function chooseCity(chosen) {
  tell(null);
  photos.clear();
  rememberCity(chosen.slug);
  await useCity(chosen);
  const then = wanted;
  wanted = null;
  if (city.model) then?.();
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
  if (!needsCity(startFilm)) return;
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
  if (files.length === 0 || !needsCity(() => showPhotos(files))) return;
  tell(null);
  view.stop();
  await photos.show(files, detectors, view.kind);
  showProgress(1);
  drawStep();
}

/** Tell whether there is a model to look with; else ask for a city, and go on afterwards. */
function needsCity(then) {
  if (detectors) return true;
  wanted = then;
  dialog.open(keeping.usable(catalogue));
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
  const options = { kind: view.kind, onclose: goOn, closeKey: "film.go_on" };
  const card = makeCard(name, frame, seen?.detections ?? [], detectors.model, options);
  frame.close();
  stage.hidden = true;
  byId("film-tools").hidden = byId("shutter-tools").hidden = true;
  byId("frozen").replaceChildren(card);
  byId("frozen").hidden = false;
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
  onClick("city", () => dialog.open(keeping.usable(catalogue)));
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
  keeping.draw(city, catalogue);
  if (!city?.model) return;
  const known = city.model.sights.filter((sight) => !city.model.hidden_classes.includes(sight.class));
  byId("knows").querySelector("summary").textContent = say("knows.title", { count: known.length });
  byId("knows").querySelector("ul").replaceChildren(
    ...known.map(({ class: number }) =>
      make("li", {}, swatch(colourOf(number)), sightName(city.model, number, currentLanguage())),
    ),
  );
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
