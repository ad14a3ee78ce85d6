/**
 * Cities that are kept on the phone: their models and the runtime, for days without a network.
 *
 * The service worker answers from the same caches (`sw.js`). A city's record is the last thing to be
 * written and the first to go, so what is listed is whole.
 */

import { filesOf } from "./catalogue.js";
import { fetchBytes, fetchOrRefuse } from "./fetching.js";
import { verifyModel } from "./model.js";
import { Refusal } from "./refusal.js";
import { runtimeFiles } from "./runtime.js";
import { addressOfPhoto } from "./sight_card.js";

/** The name of the cache that the service worker answers from first. */
export const KEPT_CACHE = "sightscan-kept";
const RECORDS = "/kept/";

/** @typedef {{city: import("./catalogue.js").City, publicKeys: string[]}} KeptCity */

/** @returns {boolean} whether this browser keeps anything */
export function canKeep() {
  return "caches" in globalThis && "serviceWorker" in navigator;
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
 * @param {import("./runtime.js").LocalStep} step whose runtime is kept @param {(share: number) => void} onProgress
 * @throws {Refusal}
 */
export async function keepCity(city, publicKeys, step, onProgress) {
  await startServiceWorker();
  const cache = await caches.open(KEPT_CACHE);
  const files = filesOf(city.model);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let before = 0;
  try {
    for (const file of files) {
      const bytes = await fetchBytes(addressOf(file), file.bytes, (loaded) => onProgress((before + loaded) / total));
      await verifyModel(bytes, file, publicKeys);
      await cache.put(addressOf(file), new Response(bytes, { headers: { "content-type": "application/octet-stream" } }));
      before += file.bytes;
    }
    for (const address of runtimeFiles(step)) {
      if (!(await cache.match(address))) await cache.put(address, await fetchOrRefuse(address));
    }
    await keepPhotos(cache, city);
    await cache.put(recordOf(city.slug), Response.json({ city, publicKeys }));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("keep.no_room");
  }
  // Else the browser may clear them when the phone is full; it may refuse, which changes nothing else.
  await navigator.storage?.persist?.();
  await dropUnused(cache);
}

/**
 * Write a kept city's record anew, of which the files are kept already.
 * @param {import("./catalogue.js").City} city @param {string[]} publicKeys
 */
export async function renewCity(city, publicKeys) {
  const cache = await caches.open(KEPT_CACHE);
  await keepPhotos(cache, city);
  await cache.put(recordOf(city.slug), Response.json({ city, publicKeys }));
  await dropUnused(cache);
}

/** @param {string} slug */
export async function dropCity(slug) {
  const cache = await caches.open(KEPT_CACHE);
  await cache.delete(recordOf(slug));
  await dropUnused(cache);
}

/** Start the service worker, and wait until it holds this page. */
export async function startServiceWorker() {
  await navigator.serviceWorker.register("/browser/sw.js", { scope: "/" });
  await navigator.serviceWorker.ready;
}

/** Keep the photos of the cards; one that cannot be had now leaves its card without a photo. */
async function keepPhotos(cache, city) {
  for (const address of photosOf(city)) {
    if (await cache.match(address)) continue;
    const response = await fetch(address).catch(() => null);
    if (response?.ok) await cache.put(address, response);
  }
}

/** Delete the models and photos that no kept city has any more. */
async function dropUnused(cache) {
  const kept = await listKept();
  const used = new Set(kept.flatMap(({ city }) => [...filesOf(city.model).map(addressOf), ...photosOf(city)]));
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (/^\/(models|sights)\//.test(pathname) && !used.has(pathname)) await cache.delete(request);
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
