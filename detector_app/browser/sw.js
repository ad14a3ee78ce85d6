/**
 * The service worker: what is kept on the phone works without a network.
 *
 * The page itself comes from the network if there is one, so that it is never old; what never changes
 * under its name (models by hash, the runtime by version) comes from what was kept. All else, such as
 * Streamlit's pages, goes its way untouched. Not a module: Firefox knows module service workers only
 * since lately.
 */

const SHELL_CACHE = "sightscan-shell";
const KEPT_CACHE = "sightscan-kept";
/** After so long without an answer, there is as good as no network. */
const MAX_WAIT_MS = 3000;
const SHELL = [
  "/camera",
  "/browser/camera.css",
  "/browser/camera.js",
  "/browser/catalogue.js",
  "/browser/city_choice.js",
  "/browser/debug_panel.js",
  "/browser/decoding.js",
  "/browser/detection.js",
  "/browser/detector.js",
  "/browser/detectors.js",
  "/browser/dom.js",
  "/browser/fetching.js",
  "/browser/film.css",
  "/browser/film.js",
  "/browser/icon-192.png",
  "/browser/icon-512.png",
  "/browser/icon.svg",
  "/browser/keeping.js",
  "/browser/kept.js",
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
  "/browser/refusal.js",
  "/browser/runtime.js",
  "/browser/texts.js",
  "/browser/texts/de.js",
  "/browser/texts/en.js",
  "/browser/worker.js",
];

self.addEventListener("install", (event) => {
  const fillShell = async () => {
    const cache = await caches.open(SHELL_CACHE);
    await cache.addAll(SHELL.map((address) => new Request(address, { cache: "no-cache" })));
    await self.skipWaiting();
  };
  event.waitUntil(fillShell());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname.startsWith("/models/") || pathname.startsWith("/runtime/")) {
    event.respondWith(fromKept(request));
  } else if (SHELL.includes(pathname) || pathname === "/api/cities") {
    event.respondWith(fromNetwork(request, pathname));
  }
});

async function fromKept(request) {
  const cache = await caches.open(KEPT_CACHE);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}

/** Ask the network, and keep its answer; without one, give the last. */
async function fromNetwork(request, pathname) {
  const cache = await caches.open(SHELL_CACHE);
  const kept = await cache.match(pathname);
  try {
    const response = await fetch(request, kept ? { signal: AbortSignal.timeout(MAX_WAIT_MS) } : undefined);
    if (response.ok) await cache.put(pathname, response.clone());
    return response.ok ? response : (kept ?? response);
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}
