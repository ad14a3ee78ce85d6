/** Fetch bytes while telling how many have come, and say in a sentence why they did not. */

import { Refusal } from "./refusal.js";

/** The server's reasons for which `texts/` has a sentence. */
const REASONS = new Set(["too_often", "too_large", "too_slow", "photo", "busy", "failed", "gone", "no_city", "no_detector", "not_stored"]);

/** What a damaged copy in a cache looks like. */
const DAMAGED = /^(\w+\.wrong_hash|fetch\.wrong_length)$/;

/**
 * Fetch bytes that have to be right. Those that are not are fetched once more, past all caches: there, a damaged
 * copy would stay for a year.
 * @param {string} url @param {number} expected bytes @param {(loaded: number) => void} onProgress
 * @param {(bytes: Uint8Array) => Promise<void>} check throws what is wrong with them
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal}
 */
export async function fetchRight(url, expected, onProgress, check) {
  const fetchOnce = async (options) => {
    const bytes = await fetchBytes(url, expected, onProgress, options);
    await check(bytes);
    return bytes;
  };
  try {
    return await fetchOnce();
  } catch (error) {
    if (!DAMAGED.test(error.key)) throw error;
    return fetchOnce({ cache: "reload" });
  }
}

/**
 * @param {string} url @param {number} expected bytes, for the progress and the memory
 * @param {(loaded: number) => void} [onProgress] @param {RequestInit} [options]
 * @returns {Promise<Uint8Array>}
 * @throws {Refusal} `fetch.away` without an answer, `fetch.refused` with a bad one, `fetch.wrong_length`
 */
export async function fetchBytes(url, expected, onProgress = () => {}, options = {}) {
  const response = await fetchOrRefuse(url, options);
  const bytes = new Uint8Array(expected);
  let loaded = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Refusal("fetch.away");
    });
    if (done) break;
    if (loaded + value.length > expected) throw new Refusal("fetch.wrong_length", { url });
    bytes.set(value, loaded);
    loaded += value.length;
    onProgress(loaded);
  }
  if (loaded !== expected) throw new Refusal("fetch.wrong_length", { url });
  return bytes;
}

/**
 * @param {string} url @param {RequestInit} [options] @returns {Promise<Response>} an answer that is no error
 * @throws {Refusal} in which the server says when to ask again, if it does
 */
export async function fetchOrRefuse(url, options) {
  const response = await fetch(url, options).catch(() => {
    throw new Refusal("fetch.away");
  });
  if (response.ok) return response;
  const refusal = (await refusalOf(response)) ?? new Refusal("fetch.refused", { status: response.status });
  refusal.retryAfterMs = 1000 * Number(response.headers.get("retry-after") ?? 0);
  throw refusal;
}

/** The page's sentence for the server's reason, else the server's own sentence, which is in English. */
async function refusalOf(response) {
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  const answer = isJson ? await response.json().catch(() => null) : null;
  if (REASONS.has(answer?.reason)) return new Refusal(`server.${answer.reason}`);
  return typeof answer?.error === "string" ? new Refusal("fetch.server_says", { sentence: answer.error }) : null;
}
