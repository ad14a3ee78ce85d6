/**
 * Load ONNX Runtime as WebAssembly or WebGPU and make a session of it; nothing else knows the library.
 *
 * One worker loads one runtime: it cannot be loaded with other threads later.
 */

import { BOX_FIELDS } from "./decoding.js";
import { fetchRight } from "./fetching.js";
import { sha256Of } from "./model.js";
import { asRefusal, Refusal } from "./refusal.js";

/** The version of onnxruntime-web that the server has under /runtime. */
export const RUNTIME_VERSION = "1.30.0";
/** More threads than these gain nothing on small pictures. */
const MAX_THREADS = 4;
/** WebGPU may differ from WebAssembly so far: in a score, and in a box's pixels. */
const MAX_SCORE_DIFFERENCE = 0.01;
const MAX_BOX_DIFFERENCE = 1;
/** Boxes of scores below this are noise. */
const MIN_COMPARED_SCORE = 0.05;
/** By its kind: the library, its loader, and the binary, of so many bytes. */
const RUNTIMES = {
  wasm: {
    library: "ort.wasm.min.mjs",
    loader: "ort-wasm-simd-threaded.mjs",
    binary: "ort-wasm-simd-threaded.wasm",
    bytes: 14_239_897,
  },
  webgpu: {
    library: "ort.webgpu.min.mjs",
    loader: "ort-wasm-simd-threaded.asyncify.mjs",
    binary: "ort-wasm-simd-threaded.asyncify.wasm",
    bytes: 26_781_914,
  },
};
/** SHA-256 of each file, as the server has it. A library and its loader are checked when they are kept. */
const HASHES = {
  "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
  "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
  "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
  "ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
  "ort-wasm-simd-threaded.asyncify.mjs": "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28",
  "ort-wasm-simd-threaded.asyncify.wasm": "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
};

/** @typedef {"webgpu" | "threads" | "single"} LocalStep */

/** @param {LocalStep} step @returns {number} bytes of what has to be fetched for it, unpacked */
export function runtimeBytes(step) {
  return RUNTIMES[step === "webgpu" ? "webgpu" : "wasm"].bytes;
}

/** @param {LocalStep} step @returns {{address: string, sha256: string}[]} its files */
export function runtimeFiles(step) {
  const { library, loader, binary } = RUNTIMES[step === "webgpu" ? "webgpu" : "wasm"];
  return [library, loader, binary].map((file) => ({ address: addressOf(file), sha256: HASHES[file] }));
}

/**
 * Load the runtime of a step of the ladder.
 * @param {LocalStep} step @param {(loaded: number) => void} onProgress
 * @returns {Promise<object>} onnxruntime-web's module
 * @throws {Refusal} if its bytes are not those that this version has
 */
export async function loadRuntime(step, onProgress) {
  const { library, loader, binary, bytes } = RUNTIMES[step === "webgpu" ? "webgpu" : "wasm"];
  const check = async (fetched) => {
    if ((await sha256Of(fetched)) !== HASHES[binary]) throw new Refusal("runtime.wrong_hash");
  };
  const wasm = await fetchRight(addressOf(binary), bytes, onProgress, check).catch((error) => {
    throw error.key?.startsWith("runtime.") ? error : new Refusal("runtime.away");
  });
  const ort = await import(addressOf(library)).catch(() => {
    throw new Refusal("runtime.away");
  });
  ort.env.wasm.wasmBinary = wasm;
  ort.env.wasm.wasmPaths = { mjs: addressOf(loader) };
  ort.env.wasm.numThreads = step === "threads" ? Math.min(navigator.hardwareConcurrency, MAX_THREADS) : 1;
  ort.env.logLevel = "error";
  return ort;
}

/**
 * Make a session of a model that was verified; with WebGPU, only if it answers as WebAssembly does.
 * @param {object} ort @param {LocalStep} step @param {Uint8Array} model
 * @param {import("./model.js").Contract} contract
 * @returns {Promise<(input: Float32Array, height: number, width: number) => Promise<Float32Array>>}
 *   what answers an input (1, 3, H, W) by rows
 * @throws {Refusal}
 */
export async function openSession(ort, step, model, contract) {
  const open = async (provider) => {
    try {
      const session = await ort.InferenceSession.create(model, { executionProviders: [provider] });
      return (input, height, width) => run(ort, session, input, height, width);
    } catch (error) {
      throw asRefusal(error, "runtime.not_loaded");
    }
  };
  const answer = await open(step === "webgpu" ? "webgpu" : "wasm");
  const fields = BOX_FIELDS + contract.classNames.length;
  const { imageSize } = contract;
  const input = fixedInput(imageSize);
  const rows = await answer(input, imageSize, imageSize);
  if (rows.length === 0 || rows.length % fields) throw new Refusal("model.malformed", { part: "predictions" });
  if (step === "webgpu") {
    const expected = await (await open("wasm"))(input, imageSize, imageSize);
    if (!doAgree(rows, expected, fields)) throw new Refusal("step.webgpu_disagrees");
  }
  return answer;
}

/**
 * Tell whether two answers name the same things in the same places.
 * @param {Float32Array} rows @param {Float32Array} expected @param {number} fields of a row
 */
export function doAgree(rows, expected, fields) {
  if (rows.length !== expected.length) return false;
  for (let start = 0; start < rows.length; start += fields) {
    const objectness = expected[start + 4];
    const isCompared = Math.max(objectness, rows[start + 4]) >= MIN_COMPARED_SCORE;
    for (let field = 0; field < fields; field++) {
      const difference = Math.abs(rows[start + field] - expected[start + field]);
      // Written this way round, so that NaN is no agreement.
      if (field >= 4 && !(difference <= MAX_SCORE_DIFFERENCE)) return false;
      if (field < 4 && isCompared && !(difference <= MAX_BOX_DIFFERENCE)) return false;
    }
  }
  return true;
}

async function run(ort, session, input, height, width) {
  const images = new ort.Tensor("float32", input, [1, 3, height, width]);
  try {
    const { predictions } = await session.run({ images });
    const rows = await predictions.getData();
    predictions.dispose();
    return rows;
  } catch (error) {
    throw asRefusal(error, "runtime.failed");
  }
}

/** A picture of soft coloured spots that is the same everywhere: something to see for any network. */
function fixedInput(side) {
  const input = new Float32Array(3 * side * side);
  let at = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const wave = Math.sin((x * (channel + 2)) / 17) * Math.cos((y * (4 - channel)) / 23);
        input[at++] = 0.5 + 0.45 * wave;
      }
    }
  }
  return input;
}

function addressOf(file) {
  return `/runtime/${RUNTIME_VERSION}/${file}`;
}
