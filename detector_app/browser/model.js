/**
 * Make sure that bytes are the model that was published, and read from them how it is used.
 *
 * Nothing of a file is used before its hash and, where there are public keys, its signature are right.
 * What keeps a person from being told something false is checked; that the network inside is harmless
 * was checked when it was published, and the browser confines it.
 */

import { readAsOlder } from "./decoding.js";
import { Refusal } from "./refusal.js";

const METADATA_FIELD = 14;
const KEY_FIELD = 1;
const VALUE_FIELD = 2;
const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH = 2;
const FOUR_BYTES = 5;
const MAX_FIELDS = 1000;
const MAX_METADATA_LENGTH = 8_000_000;
const MAX_VARINT_BYTES = 10;
const DECODING_VERSION = 1;
const MAX_IMAGE_SIZE = 1536;

/**
 * A file as the catalogue lists it; `signature` is base64 of 64 bytes.
 * @typedef {{sha256: string, bytes: number, image_size: number, signature: string | null}} ModelFile
 */

/**
 * What a reader must know of a model.
 * @typedef {{classNames: string[], imageSize: number, stride: number,
 *   decoding: import("./decoding.js").Decoding, hasThresholds: boolean}} Contract
 */

/**
 * Refuse bytes that are not the file that the catalogue lists, or that none of the keys signed.
 * @param {Uint8Array} bytes @param {ModelFile} file
 * @param {string[]} publicKeys base64 of 32 bytes each; none: signatures are not checked
 * @throws {Refusal}
 */
export async function verifyModel(bytes, file, publicKeys) {
  if ((await sha256Of(bytes)) !== file.sha256) throw new Refusal("model.wrong_hash");
  if (publicKeys.length === 0) return;
  if (!file.signature) throw new Refusal("model.unsigned");
  const signature = fromBase64(file.signature);
  for (const key of publicKeys) {
    if (await isSignedBy(key, signature, bytes)) return;
  }
  throw new Refusal("model.wrong_signature");
}

/** @param {BufferSource} bytes @returns {Promise<string>} the SHA-256 in hexadecimal @throws {Refusal} without https */
export async function sha256Of(bytes) {
  if (!globalThis.crypto?.subtle) throw new Refusal("model.no_crypto");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Read from an ONNX file's metadata how it is used.
 * @param {Uint8Array} bytes @returns {Contract}
 * @throws {Refusal} naming what is wrong
 */
export function readContract(bytes) {
  const metadata = readMetadata(bytes);
  const classNames = parsed(metadata, "class_names");
  const isNamed =
    Array.isArray(classNames) &&
    classNames.length > 0 &&
    classNames.every((name) => typeof name === "string" && name.trim() !== "");
  if (!isNamed) throw new Refusal("model.malformed", { part: "class_names" });
  const stride = wholeNumber(metadata, "stride", MAX_IMAGE_SIZE);
  const imageSize = wholeNumber(metadata, "image_size", MAX_IMAGE_SIZE);
  if (imageSize % stride) throw new Refusal("model.malformed", { part: "image_size" });
  const decoding = metadata.has("decoding") ? parsed(metadata, "decoding") : null;
  if (metadata.has("decoding") && !isDecoding(decoding, classNames.length)) {
    throw new Refusal("model.malformed", { part: "decoding" });
  }
  return {
    classNames,
    imageSize,
    stride,
    decoding: decoding ?? readAsOlder(classNames.length),
    hasThresholds: decoding !== null,
  };
}

/**
 * Read the metadata of an ONNX file: `metadata_props` of its ModelProto, whose weights are skipped.
 * https://protobuf.dev/programming-guides/encoding/
 * @param {Uint8Array} bytes @returns {Map<string, string>}
 */
export function readMetadata(bytes) {
  const metadata = new Map();
  for (const [field, value] of fieldsOf(bytes)) {
    if (field !== METADATA_FIELD) continue;
    if (!value || value.length > MAX_METADATA_LENGTH) throw new Refusal("model.malformed", { part: "metadata" });
    const entry = new Map(fieldsOf(value));
    const name = textOf(entry.get(KEY_FIELD));
    if (metadata.has(name)) throw new Refusal("model.malformed", { part: name });
    metadata.set(name, textOf(entry.get(VALUE_FIELD)));
  }
  return metadata;
}

async function isSignedBy(key, signature, bytes) {
  try {
    const imported = await crypto.subtle.importKey("raw", fromBase64(key), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, bytes);
  } catch {
    // An older browser has no Ed25519, or the key is none: not verified is not used.
    throw new Refusal("model.cannot_verify");
  }
}

function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new Refusal("model.wrong_signature");
  }
}

/** Yield number and bytes of each field of a protobuf message; undefined where it is a number. */
function* fieldsOf(bytes) {
  let position = 0;
  for (let count = 0; position < bytes.length; count++) {
    if (count === MAX_FIELDS) throw malformed();
    let key;
    [key, position] = readVarint(bytes, position);
    const field = Math.floor(key / 8);
    const wireType = key % 8;
    let length = 0;
    if (wireType === VARINT) {
      [, position] = readVarint(bytes, position);
      yield [field, undefined];
      continue;
    } else if (wireType === LENGTH) [length, position] = readVarint(bytes, position);
    else if (wireType === EIGHT_BYTES) length = 8;
    else if (wireType === FOUR_BYTES) length = 4;
    else throw malformed();
    if (position + length > bytes.length) throw malformed();
    yield [field, bytes.subarray(position, position + length)];
    position += length;
  }
}

/** Return the integer at the position, exact up to 2^53, and the position after it. */
function readVarint(bytes, position) {
  let value = 0;
  for (let group = 0; group < MAX_VARINT_BYTES; group++) {
    const byte = bytes[position + group];
    if (byte === undefined) break;
    value += (byte % 128) * 2 ** (7 * group);
    if (byte < 128) return [value, position + group + 1];
  }
  throw malformed();
}

function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes ?? new Uint8Array());
  } catch {
    throw malformed();
  }
}

function parsed(metadata, name) {
  try {
    return JSON.parse(metadata.get(name) ?? "null");
  } catch {
    throw new Refusal("model.malformed", { part: name });
  }
}

function wholeNumber(metadata, name, most) {
  const text = metadata.get(name) ?? "";
  if (!/^[1-9][0-9]{0,4}$/.test(text) || Number(text) > most) throw new Refusal("model.malformed", { part: name });
  return Number(text);
}

function isDecoding(decoding, classCount) {
  const { version, overlap, calibration, thresholds } = decoding ?? {};
  return (
    version === DECODING_VERSION &&
    isShare(overlap) &&
    Array.isArray(thresholds) &&
    thresholds.length === classCount &&
    thresholds.every(isShare) &&
    Array.isArray(calibration) &&
    calibration.length > 1 &&
    calibration.every((point) => Array.isArray(point) && point.length === 2 && point.every(isShare)) &&
    calibration.every(
      ([score, confidence], at) =>
        at === 0 || (score > calibration[at - 1][0] && confidence >= calibration[at - 1][1]),
    )
  );
}

function isShare(value) {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function malformed() {
  return new Refusal("model.malformed", { part: "ONNX" });
}
