/**
 * Cities that are kept on the phone: their models and the runtime, for days without a network.
 *
 * The service worker answers from the same caches (`sw.js`). A city's record is the last thing to be
 * written and the first to go, so what is listed is whole.
 */

import { filesOf } from "./catalogue.js";
import { fetchOrRefuse, fetchRight } from "./fetching.js";
import { sha256Of, verifyModel } from "./model.js";
import { Refusal } from "./refusal.js";
import { runtimeBytes, runtimeFiles } from "./runtime.js";
import { addressOfPhoto } from "./sight_card.js";

/** The name of the cache that the service worker answers from first. */
export const KEPT_CACHE = "sightscan-kept";
const RECORDS = "/kept/";
/** WebGPU's runtime is three times as large; what is kept runs everywhere. */
const KEPT_STEP = "threads";

/** @typedef {{city: import("./catalogue.js").City, publicKeys: string[]}} KeptCity */

/** @returns {boolean} whether this browser keeps anything */
export function canKeep() {
  return "caches" in globalThis && "serviceWorker" in navigator;
}

/** @returns {number} bytes of what runs the models of all cities that are kept */
export function keptRuntimeBytes() {
  return runtimeBytes(KEPT_STEP);
}

/** @returns {Promise<KeptCity[]>} */
export async function listKept() {
  if (!canKeep()) return [];
  const cache = await caches.open(KEPT_CACHE);
  const records = (await cache.keys()).filter((request) => new URL(request.url).pathname.startsWith(RECORDS));
  return Promise.all(records.map(async (request) => (await cache.match(request)).json()));
}

/**
 * Keep a city's model and what runs it; an older model of it goes.
 * @param {import("./catalogue.js").City} city with a model @param {string[]} publicKeys
 * @param {(share: number) => void} onProgress
 * @throws {Refusal} then it is as it was before
 */
export async function keepCity(city, publicKeys, onProgress) {
  await startServiceWorker();
  try {
    const cache = await caches.open(KEPT_CACHE);
    await keepModels(cache, filesOf(city.model), publicKeys, onProgress);
    await keepRuntime(cache);
    await keepPhotos(cache, city);
    await cache.put(recordOf(city.slug), Response.json({ city, publicKeys }));
  } catch (error) {
    await dropUnused().catch(() => {});
    if (error instanceof Refusal) throw error;
    throw new Refusal("keep.no_room");
  }
  // Else the browser may clear them when the phone is full; it may refuse, which changes nothing else.
  await navigator.storage?.persist?.();
  await dropUnused();
}

/** See to it that what runs the kept cities is there, whole and of this page's version; without them it is not needed. */
export async function tendRuntime() {
  if ((await listKept()).length > 0) await keepRuntime(await caches.open(KEPT_CACHE));
}

/**
 * Write a kept city's record anew, of which the files are kept already.
 * @param {import("./catalogue.js").City} city @param {string[]} publicKeys
 */
export async function renewCity(city, publicKeys) {
  const cache = await caches.open(KEPT_CACHE);
  await keepPhotos(cache, city);
  await cache.put(recordOf(city.slug), Response.json({ city, publicKeys }));
  await dropUnused();
}

/**
 * @param {import("./catalogue.js").City} city that is kept @param {string[]} publicKeys those of today
 * @returns {Promise<boolean>} whether one of them signed each of its models, as far as these are kept
 */
export async function isTrusted(city, publicKeys) {
  const cache = await caches.open(KEPT_CACHE);
  for (const file of filesOf(city.model)) {
    const kept = await cache.match(addressOf(file));
    const refusal = kept && (await refusalOf(new Uint8Array(await kept.arrayBuffer()), file, publicKeys));
    if (/^model\.(unsigned|wrong_signature)$/.test(refusal?.key)) return false;
  }
  return true;
}

/** @param {string} slug */
export async function dropCity(slug) {
  const cache = await caches.open(KEPT_CACHE);
  await cache.delete(recordOf(slug));
  await dropUnused();
}

/** Start the service worker, and wait until it holds this page. */
export async function startServiceWorker() {
  await navigator.serviceWorker.register("/browser/sw.js", { scope: "/" });
  await navigator.serviceWorker.ready;
}

function refusalOf(bytes, file, publicKeys) {
  return verifyModel(bytes, file, publicKeys).then(() => null, (refusal) => refusal);
}

async function keepModels(cache, files, publicKeys, onProgress) {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let before = 0;
  for (const file of files) {
    const report = (loaded) => onProgress((before + loaded) / total);
    const check = (loaded) => verifyModel(loaded, file, publicKeys);
    const bytes = await fetchRight(addressOf(file), file.bytes, report, check);
    await cache.put(addressOf(file), new Response(bytes, { headers: { "content-type": "application/octet-stream" } }));
    before += file.bytes;
  }
}

async function keepRuntime(cache) {
  for (const { address, sha256 } of runtimeFiles(KEPT_STEP)) {
    const isRight = async (response) => (await sha256Of(await response.clone().arrayBuffer())) === sha256;
    const kept = await cache.match(address);
    if (kept && (await isRight(kept))) continue;
    // Past all caches, which may have the same again; the old one stays until there is a right one.
    const response = await fetchOrRefuse(address, { cache: kept ? "reload" : "no-cache" });
    if (!(await isRight(response))) throw new Refusal("runtime.wrong_hash");
    await cache.put(address, response);
  }
}

/** Keep the photos of the cards; one that cannot be had now leaves its card without a photo. */
async function keepPhotos(cache, city) {
  for (const address of photosOf(city)) {
    if (await cache.match(address)) continue;
    const response = await fetch(address).catch(() => null);
    if (response?.ok) await cache.put(address, response);
  }
}

/** Delete the models and photos that no kept city has any more, and with the last city what ran them. */
async function dropUnused() {
  const cache = await caches.open(KEPT_CACHE);
  const kept = await listKept();
  const used = new Set(kept.flatMap(({ city }) => [...filesOf(city.model).map(addressOf), ...photosOf(city)]));
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    const isUsed = pathname.startsWith("/runtime/") ? kept.length > 0 : used.has(pathname);
    if (!pathname.startsWith(RECORDS) && !isUsed) await cache.delete(request);
  }
}

function photosOf(city) {
  return city.model.sights.filter(({ photo }) => photo).map(({ photo }) => addressOfPhoto(city.slug, photo));
}

function addressOf(file) {
  return `/models/${file.sha256}.onnx`;
}

function recordOf(slug) {
  return `${RECORDS}${slug}`;
}
