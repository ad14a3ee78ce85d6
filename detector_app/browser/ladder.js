/**
 * Choose how pictures are looked at: the fastest way that works here, each step with its sentence.
 *
 * WebGPU, then WebAssembly with threads, with one thread, one picture a second to the server, and last
 * the advice to choose a photo later. Who climbs down is told why.
 */

import { LocalDetector, ServerDetector } from "./detector.js";
import { asRefusal, Refusal } from "./refusal.js";

/** @typedef {"webgpu" | "threads" | "single" | "server" | "photo"} Step */

/** @type {readonly Step[]} from the fastest down */
export const STEPS = ["webgpu", "threads", "single", "server", "photo"];
/** A step of these needs a pause between two pictures. */
export const PAUSES_MS = { server: 1000 };

/**
 * What this browser can do.
 * @typedef {{hasAdapter: boolean, isIsolated: boolean, cores: number, hasWasm: boolean,
 *   hasWorkers: boolean, hasCrypto: boolean, readonly isOnline: boolean}} Capabilities
 */

/** @returns {Promise<Capabilities>} */
export async function findCapabilities() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return {
    // A software adapter is slower than WebAssembly.
    hasAdapter: Boolean(adapter) && !adapter.info?.isFallbackAdapter,
    isIsolated: globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === "function",
    cores: navigator.hardwareConcurrency ?? 1,
    hasWasm: typeof WebAssembly === "object",
    hasWorkers: typeof Worker === "function" && typeof OffscreenCanvas === "function",
    // Pages without https have none.
    hasCrypto: Boolean(globalThis.crypto?.subtle),
    // A phone loses its network and finds it again.
    get isOnline() {
      return navigator.onLine;
    },
  };
}

/**
 * Return the sentence that says why a step is impossible from the start, or null.
 * @param {Step} step @param {Capabilities} capabilities @returns {string | null}
 */
export function whyNot(step, capabilities) {
  if (step === "server") return capabilities.isOnline ? null : "step.offline";
  if (step === "photo") return null;
  if (!capabilities.hasWasm) return "step.no_wasm";
  if (!capabilities.hasWorkers) return "step.no_workers";
  if (!capabilities.hasCrypto) return "model.no_crypto";
  if (step === "webgpu") return capabilities.hasAdapter ? null : "step.no_webgpu";
  if (step === "threads" && (!capabilities.isIsolated || capabilities.cores < 2)) return "step.no_threads";
  return null;
}

/** This browser cannot check any model: the server, which checks its own, can look. */
const NOT_HERE = /^model\.(no_crypto|cannot_verify)$/;
/** These concern the model or the line: no other step would do better with them. */
const FINAL_REFUSALS = /^(model|fetch|server)\./;

/**
 * Climb down until a step works.
 * @param {Capabilities} capabilities
 * @param {(step: Step) => Promise<object>} open what makes a step's detector, or refuses
 * @param {Step} [first] where to begin, after a step has failed
 * @returns {Promise<{step: Step, detector: object | null, reasons: {step: Step, refusal: Refusal}[]}>}
 * @throws {Refusal} what is wrong with the model itself
 */
export async function climbDown(capabilities, open, first = STEPS[0]) {
  const reasons = [];
  let isNotHere = false;
  for (const step of STEPS.slice(STEPS.indexOf(first))) {
    if (isNotHere && STEPS.indexOf(step) < STEPS.indexOf("server")) continue;
    const impossible = whyNot(step, capabilities);
    if (impossible) {
      reasons.push({ step, refusal: new Refusal(impossible) });
      continue;
    }
    if (step === "photo") return { step, detector: null, reasons };
    try {
      return { step, detector: await open(step), reasons };
    } catch (error) {
      const refusal = asRefusal(error, "step.broke");
      isNotHere = NOT_HERE.test(refusal.key);
      if (!isNotHere && FINAL_REFUSALS.test(refusal.key)) throw refusal;
      reasons.push({ step, refusal });
    }
  }
  throw new Refusal("unforeseen", { cause: "the ladder has no last step" });
}

/** @param {Step} step @param {Capabilities} capabilities @returns {boolean} whether a step below it may look at pictures */
export function canLookBelow(step, capabilities) {
  return STEPS.slice(STEPS.indexOf(step) + 1, STEPS.indexOf("photo")).some((below) => !whyNot(below, capabilities));
}

/** @param {Step} step @returns {Step} the one below it */
export function stepBelow(step) {
  return STEPS[Math.min(STEPS.indexOf(step) + 1, STEPS.length - 1)];
}

/**
 * Make what opens the steps for one file of a model.
 * @param {import("./catalogue.js").Model} model @param {import("./model.js").ModelFile} file
 * @param {string[]} publicKeys @param {(loaded: number, step: Step) => void} onProgress
 * @returns {(step: Step) => Promise<object>}
 */
export function openerOf(model, file, publicKeys, onProgress) {
  return async (step) =>
    step === "server"
      ? new ServerDetector(model)
      : LocalDetector.open(step, model, file, publicKeys, (loaded) => onProgress(loaded, step));
}
