/**
 * The service worker: what is kept on the phone works without a network.
 *
 * The page itself comes from the network if there is one, so that it is never old; what never changes
 * under its name (modules and runtime by version, models by hash) comes from what was kept. A page and
 * its modules are kept as a whole, one cache a version: an update that breaks off leaves the old one as
 * it was. All else, such as Streamlit's pages, goes its way untouched. Not a module: Firefox knows
 * module service workers only since lately.
 */

/** Of the page and its modules; the server writes it here. */
const VERSION = "";
const SHELL_CACHES = "sightscan-shell-";
const SHELL_CACHE = `${SHELL_CACHES}${VERSION}`;
const CATALOGUE_CACHE = "sightscan-catalogue";
const KEPT_CACHE = "sightscan-kept";
/** After so long without an answer, there is as good as no network. */
const MAX_WAIT_MS = 3000;
const SHELL = [
  "/camera",
  "/browser/camera.css",
  "/browser/camera.js",
  "/browser/catalogue.js",
  "/browser/city_choice.js",
  "/browser/city_in_use.js",
  "/browser/debug_panel.js",
  "/browser/decoding.js",
  "/browser/detection.js",
  "/browser/detector.js",
  "/browser/detectors.js",
  "/browser/dom.js",
  "/browser/fetching.js",
  "/browser/files.js",
  "/browser/film.css",
  "/browser/film.js",
  "/browser/film_tools.js",
  "/browser/icon-192.png",
  "/browser/icon-512.png",
  "/browser/icon.svg",
  "/browser/keeping.js",
  "/browser/kept.js",
  "/browser/known_sights.js",
  "/browser/ladder.js",
  "/browser/letterbox.js",
  "/browser/live_view.js",
  "/browser/manifest.webmanifest",
  "/browser/model.js",
  "/browser/name_plate.js",
  "/browser/names.js",
  "/browser/overlay.js",
  "/browser/photo_list.js",
  "/browser/picture.js",
  "/browser/picture_card.js",
  "/browser/pixels.js",
  "/browser/place.js",
  "/browser/place_sense.js",
  "/browser/place_switch.js",
  "/browser/refusal.js",
  "/browser/report.js",
  "/browser/runtime.js",
  "/browser/shutter.js",
  "/browser/sight_card.css",
  "/browser/sight_card.js",
  "/browser/status_lines.js",
  "/browser/texts.js",
  "/browser/texts/de.js",
  "/browser/texts/en.js",
  "/browser/video.js",
  "/browser/video_card.js",
  "/browser/video_writer.js",
  "/browser/worker.js",
];

self.addEventListener("install", (event) => {
  const fillShell = async () => {
    const cache = await caches.open(SHELL_CACHE);
    await cache.addAll(SHELL.map((address) => address.replace("/browser/", `/browser/${VERSION}/`)));
    await self.skipWaiting();
  };
  event.waitUntil(fillShell());
});

self.addEventListener("activate", (event) => {
  const begin = async () => {
    await dropOldShells();
    await self.clients.claim();
  };
  event.waitUntil(begin());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (["/models/", "/runtime/", "/sights/"].some((folder) => pathname.startsWith(folder))) {
    event.respondWith(fromKept(request));
  } else if (pathname === "/camera") {
    event.respondWith(fromNetwork(request, SHELL_CACHE));
  } else if (pathname === "/api/city-list") {
    event.respondWith(fromNetwork(request, CATALOGUE_CACHE, { isKeptAnew: true }));
  } else if (pathname.startsWith("/browser/")) {
    event.respondWith(fromShells(request));
  }
});

/** Keep this version and the one before it, of which a page may still be open. */
async function dropOldShells() {
  const others = (await caches.keys()).filter((name) => name.startsWith(SHELL_CACHES) && name !== SHELL_CACHE);
  // In the order in which they were made.
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

async function fromKept(request) {
  const cache = await caches.open(KEPT_CACHE);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}

/** A module of any version that is kept; the page says by its address which one it needs. */
async function fromShells(request) {
  return (await caches.match(request)) ?? fetch(request);
}

/** Ask the network; without an answer, give what the cache has. */
async function fromNetwork(request, name, { isKeptAnew = false } = {}) {
  const { pathname } = new URL(request.url);
  const cache = await caches.open(name);
  const kept = await cache.match(pathname);
  try {
    const response = await fetch(request, kept ? { signal: AbortSignal.timeout(MAX_WAIT_MS) } : undefined);
    if (isKeptAnew && response.ok) await cache.put(pathname, response.clone());
    return response.ok ? response : (kept ?? response);
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}
