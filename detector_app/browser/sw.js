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
/** What the kept cities need of this version, as runtime.js has it. */
const RUNTIME = [
  "/runtime/1.30.0/ort.wasm.min.mjs",
  "/runtime/1.30.0/ort-wasm-simd-threaded.mjs",
  "/runtime/1.30.0/ort-wasm-simd-threaded.wasm",
];
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
    // On a full phone there is room once the old one has gone, and the page fetches what is missing then.
    await keepRuntime().catch((error) => {
      if (error.name !== "QuotaExceededError") throw error;
    });
    await self.skipWaiting();
  };
  event.waitUntil(fillShell());
});

self.addEventListener("activate", (event) => {
  const begin = async () => {
    await dropOldShells();
    await dropOldRuntimes();
    await self.clients.claim();
  };
  event.waitUntil(begin());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (["/models/", "/runtime/", "/sights/"].some((folder) => pathname.startsWith(folder))) {
    event.respondWith(fromKept(request, (work) => event.waitUntil(work)));
  } else if (pathname === "/camera") {
    event.respondWith(fromNetwork(request, SHELL_CACHE));
  } else if (pathname === "/api/city-list") {
    event.respondWith(fromNetwork(request, CATALOGUE_CACHE, (work) => event.waitUntil(work)));
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

/** Without it, an update would end what is kept; the page checks its hashes. */
async function keepRuntime() {
  const cache = await caches.open(KEPT_CACHE);
  const kept = (await cache.keys()).map((request) => new URL(request.url).pathname);
  if (!kept.some((path) => path.startsWith("/kept/"))) return;
  await cache.addAll(RUNTIME.filter((path) => !kept.includes(path)));
}

/** A page of the version before that has not loaded its runtime yet goes one step down the ladder. */
async function dropOldRuntimes() {
  const cache = await caches.open(KEPT_CACHE);
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/runtime/") && !RUNTIME.includes(pathname)) await cache.delete(request);
  }
}

/** What is asked for past the caches was damaged where it is kept; with `during`, what comes replaces it. */
async function fromKept(request, during) {
  const kept = await find(request, { ignoreSearch: true, cacheName: KEPT_CACHE });
  if (kept && request.cache !== "reload") return kept;
  const response = await fetch(request);
  if (kept && response.ok) during(keepAnew(KEPT_CACHE, new URL(request.url).pathname, response.clone()));
  return response;
}

/** A module of any version that is kept; the page says by its address which one it needs. */
async function fromShells(request) {
  return (await find(request)) ?? fetch(request);
}

/** Ask the network, and with `during` keep what it says; without an answer, give what the cache has. */
async function fromNetwork(request, name, during = null) {
  const { pathname } = new URL(request.url);
  const kept = await find(pathname, { cacheName: name });
  try {
    const response = await fetch(request, kept ? { signal: AbortSignal.timeout(MAX_WAIT_MS) } : undefined);
    if (response.ok) during?.(keepAnew(name, pathname, response.clone()));
    return response.ok ? response : (kept ?? response);
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** Where there is no room, or nothing is kept at all, what came from the network is no less good. */
async function keepAnew(name, pathname, response) {
  try {
    const cache = await caches.open(name);
    await cache.put(pathname, response);
  } catch {
    // The next answer is kept, if there is room then.
  }
}

/** A browser that cannot open its caches has nothing in them. */
function find(request, options) {
  return caches.match(request, options).catch(() => undefined);
}
