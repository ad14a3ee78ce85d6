/**
 * The worker that holds one model and looks at pictures with it, one at a time.
 *
 * It is told `load` once, then `look`. Whoever sends keeps only its newest picture and waits for the answer,
 * so nothing queues here but the picture after one that was given up. Each answer has its order's number.
 */

import { decode } from "./decoding.js";
import { placeInPicture } from "./detection.js";
import { fetchRight } from "./fetching.js";
import { applyLetterbox, fitLetterbox } from "./letterbox.js";
import { readContract, verifyModel } from "./model.js";
import { readerOf } from "./pixels.js";
import { asRefusal } from "./refusal.js";
import { loadRuntime, openSession } from "./runtime.js";

/**
 * @typedef {{number: number, kind: "load", step: import("./runtime.js").LocalStep,
 *   file: import("./model.js").ModelFile, publicKeys: string[], hiddenClasses: number[]}} Load
 * @typedef {{number: number, kind: "look", bitmap: ImageBitmap, minConfidence: number | null}} Look
 */

let answer = null;
/** @type {import("./model.js").Contract} */
let contract;
let hiddenClasses = new Set();
/** One session answers one input at a time. */
let last = Promise.resolve();

self.onmessage = ({ data }) => {
  last = last.then(() => obey(data));
};

/** @param {Load | Look} order */
async function obey(order) {
  const { number } = order;
  try {
    self.postMessage({ number, ...(order.kind === "load" ? await load(order) : await look(order)) });
  } catch (error) {
    const { key, values } = asRefusal(error);
    self.postMessage({ number, kind: "refused", key, values });
  } finally {
    order.bitmap?.close();
  }
}

/** @param {Load} order */
async function load({ number, step, file, publicKeys, hiddenClasses: hidden }) {
  const loaded = { model: 0, runtime: 0 };
  const report = (part) => (bytes) => {
    loaded[part] = bytes;
    self.postMessage({ number, kind: "progress", loaded: loaded.model + loaded.runtime });
  };
  const [model, ort] = await Promise.all([
    fetchModel(file, publicKeys, report("model")),
    loadRuntime(step, report("runtime")),
  ]);
  contract = readContract(model);
  hiddenClasses = new Set(hidden);
  answer = await openSession(ort, step, model, contract);
  return { kind: "loaded", contract, threads: ort.env.wasm.numThreads };
}

function fetchModel(file, publicKeys, onProgress) {
  const check = (bytes) => verifyModel(bytes, file, publicKeys);
  return fetchRight(`/models/${file.sha256}.onnx`, file.bytes, onProgress, check);
}

/** @param {Look} order */
async function look({ bitmap, minConfidence }) {
  const started = performance.now();
  const { width, height } = bitmap;
  const letterbox = fitLetterbox(width, height, contract.imageSize, contract.stride);
  const input = applyLetterbox(readerOf(bitmap), width, height, letterbox);
  const fitted = performance.now();
  const rows = await answer(input, letterbox.height, letterbox.width);
  const ran = performance.now();
  const found = decode(rows, contract.classNames.length, readingFrom(minConfidence));
  const detections = placeInPicture(found, letterbox, width, height, hiddenClasses);
  const milliseconds = { fit: fitted - started, run: ran - fitted, decode: performance.now() - ran };
  return { kind: "seen", detections, width, height, milliseconds };
}

/** How the model is read: each sight from its own threshold on, or all from one confidence on. */
function readingFrom(minConfidence) {
  if (minConfidence === null) return contract.decoding;
  return { ...contract.decoding, thresholds: contract.classNames.map(() => minConfidence) };
}
