/** The page /camera: which city, then the film, photos or a video; each part is a module of its own. */

import { findSight, nameIn } from "./catalogue.js";
import { CityDialog, nearestCity, rememberCity } from "./city_choice.js";
import { CityInUse } from "./city_in_use.js";
import { DebugPanel } from "./debug_panel.js";
import { byId, showNotice } from "./dom.js";
import { receiveFiles } from "./files.js";
import { FilmTools } from "./film_tools.js";
import { Keeping } from "./keeping.js";
import { canKeep, startServiceWorker, tendRuntime } from "./kept.js";
import { drawKnown } from "./known_sights.js";
import { LiveView } from "./live_view.js";
import { PhotoList } from "./photo_list.js";
import { asRefusal } from "./refusal.js";
import { PlaceSwitch } from "./place_switch.js";
import { ReportDialog } from "./report.js";
import { Shutter } from "./shutter.js";
import { SightDialog } from "./sight_card.js";
import { showFetched, showStep } from "./status_lines.js";
import { chooseLanguage, currentLanguage, fillTexts, languages, say, sayRefusal } from "./texts.js";

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
const tools = new FilmTools(view);
const shutter = new Shutter(byId("frozen"), view, tools.rows);
const keeping = new Keeping(byId("keep"), byId("offer"), tell, (newer) => inUse.use(newer, true));
const inUse = new CityInUse(keeping, view, tell, showProgress);

/** The first city is on its way: who presses a button meanwhile waits for it. */
let isOpening = Promise.resolve();
/** The city in which the phone is, if that is known. @type {import("./catalogue.js").Described | undefined} */
let near;
/** Whether the last thing that was looked at is a film, rather than photos. */
let isFilm = true;
/** What a person wanted to do before a city was chosen. @type {(() => void) | null} */
let wanted = null;

await begin();

async function begin() {
  wire();
  drawTexts();
  isOpening = inUse.openFirst();
  await isOpening;
  drawCity();
  await place.resume();
  setInterval(() => inUse.refresh(), LOOK_AGAIN_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && inUse.refresh());
  // Who cannot have it now, for want of a network or of room, has it the next time.
  if (canKeep()) await startServiceWorker().then(tendRuntime).catch(() => {});
}

async function chooseCity(chosen) {
  tell(null);
  photos.clear();
  rememberCity(chosen.slug);
  try {
    await inUse.open(chosen);
  } catch (error) {
    tell(sayRefusal(asRefusal(error)));
    return;
  }
  const then = wanted;
  wanted = null;
  if (inUse.city.model) then?.();
}

async function startFilm() {
  if (!(await hasCity(startFilm))) return;
  tell(null);
  photos.clear();
  isFilm = true;
  byId("start").disabled = true;
  try {
    await view.start(inUse.detectors);
    tools.draw();
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
  isFilm = false;
  await photos.show(files, inUse.detectors, view.kind, linksOf(inUse.city));
  showProgress(1);
  drawStep();
}

/** Tell whether there is a model to look with; else ask for a city, and go on afterwards. */
async function hasCity(then) {
  if (!inUse.detectors) await isOpening;
  if (inUse.detectors) return true;
  wanted = then;
  openCities();
  return false;
}

function openCities() {
  dialog.open(inUse.listed, place.sense.standing);
}

/**
 * What the names and reports of pictures lead to: a picture may stay longer than the model that named it.
 * @param {import("./catalogue.js").City} city as it was when they were looked at
 */
function linksOf({ slug, model }) {
  return {
    /** Show what is known of a sight; the film goes on behind it. */
    onname: (classNumber) => {
      const sight = findSight(model, classNumber);
      if (sight) card.open(slug, sight);
    },
    /** Show what would be sent of a picture that was answered wrongly. */
    onreport: (kind, picture, found) => reporting.open(kind, { slug, model, picture, found }),
  };
}

function openCard(classNumber) {
  linksOf(inUse.city).onname(classNumber);
}

function takePicture() {
  const { city } = inUse;
  return shutter.take(city, (model) => linksOf({ ...city, model }));
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
  onClick("torch", () => tools.toggleTorch());
  onClick("shutter", takePicture);
  onClick("city", openCities);
  onClick("near", () => chooseCity(near));
  onClick("language", nextLanguage);
  receiveFiles(byId("choose"), byId("files"), sorry(showPhotos));
  byId("dots").addEventListener("change", () => (view.kind = byId("dots").checked ? "dots" : "boxes"));
  byId("debug").addEventListener("toggle", () => debug.draw(inUse.detectors, null));
  view.onLooked = (looked) => debug.draw(inUse.detectors, looked);
  view.onStopped = () => {
    shutter.drop();
    tools.draw();
    debug.draw(inUse.detectors, null);
  };
  shutter.onGoneOn = () => tools.draw();
  view.onChanged = drawStep;
  view.plate.onName = openCard;
  photos.onStep = drawStep;
  view.judge = (seen, model) => place.sense.judge(seen, model, { isFacingUser: view.film.isFacingUser });
  place.onChanged = drawNear;
  inUse.onChanged = drawCity;
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
  const { city } = inUse;
  byId("city-name").textContent = city ? nameIn(city, currentLanguage()) : say("city.choose");
  drawKnown(byId("knows"), city?.model, openCard);
  drawNear();
  keeping.draw(city, inUse.catalogue);
}

/** Name the city in which the phone is; a tap opens it, and no place does: the server hears which one is opened. */
function drawNear() {
  const { standing } = place.sense;
  near = standing ? nearestCity(inUse.listed, standing) : undefined;
  byId("near").hidden = !near || near.slug === inUse.city?.slug;
  byId("near").textContent = near ? say("city.near", { name: nameIn(near, currentLanguage()) }) : "";
}

function drawStep() {
  showStep(byId("step"), inUse.detectors, isFilm);
}

function showProgress(share) {
  showFetched(byId("progress"), inUse.city ? nameIn(inUse.city, currentLanguage()) : "", share);
}

function tell(sentence) {
  showNotice(byId("notice"), sentence);
}
