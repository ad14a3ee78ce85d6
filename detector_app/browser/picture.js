/** Photos: read what a browser can read, draw what was found on them, keep or share the result. */

import { sightName } from "./catalogue.js";
import { drawDetections } from "./overlay.js";
import { Refusal } from "./refusal.js";
import { currentLanguage } from "./texts.js";

/** A few hundred kilobytes can unpack to gigabytes; phones make at most about 50 of these. */
const MAX_MEGAPIXELS = 60;
/** No photo of this size shows a sight. */
const MIN_SIDE_PIXELS = 16;
const MEGA = 1_000_000;
/** More helps neither the eye nor whoever gets the picture. */
const MAX_SHOWN_SIDE = 2560;
const JPEG_QUALITY = 0.9;
/** How the pictures begin that the server reads, as `photos/photo.py` does; a video begins with none of these. */
const SERVER_READS = [
  /^\xff\xd8\xff/, // JPEG
  /^\x89PNG\r\n/,
  /^RIFF.{4}WEBP/s,
  /^GIF8[79]a/,
  /^BM.{4}\0{4}/s,
  /^(II[*+]\0|MM\0[*+])/, // TIFF
  /^.{4}ftyp(avi[fs]|hei|hev|mif1|msf1)/s, // AVIF, HEIC
];
const LONGEST_BEGINNING = 32;

/**
 * Unpack a photo, upright.
 * @param {Blob} file @param {string} name of the file, for the sentence @returns {Promise<ImageBitmap>}
 * @throws {Refusal} `photo.unreadable` if this browser does not know its kind
 */
export async function readPicture(file, name) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Refusal("photo.unreadable", { name });
  });
  const { width, height } = bitmap;
  if (width * height > MAX_MEGAPIXELS * MEGA) {
    bitmap.close();
    throw new Refusal("photo.too_large", { name, width, height, most: MAX_MEGAPIXELS });
  }
  if (Math.min(width, height) < MIN_SIDE_PIXELS) {
    bitmap.close();
    throw new Refusal("photo.too_small", { name, width, height, least: MIN_SIDE_PIXELS });
  }
  return bitmap;
}

/**
 * @param {ImageBitmap} bitmap @param {string} name of the file, for the sentence
 * @returns {Promise<ImageBitmap>} another one of it, for who takes what they look at
 * @throws {Refusal} without memory for it
 */
export async function copyForLook(bitmap, name) {
  return createImageBitmap(bitmap).catch(() => {
    throw new Refusal("photo.no_memory", { name });
  });
}

/**
 * Tell by a file's first bytes whether it is a picture that the server may read; its name and type may lie.
 * @param {Blob} file @returns {Promise<boolean>} no also of a file that is gone
 */
export async function isForServer(file) {
  const bytes = await file.slice(0, LONGEST_BEGINNING).arrayBuffer().catch(() => new ArrayBuffer(0));
  const beginning = String.fromCharCode(...new Uint8Array(bytes));
  return SERVER_READS.some((pattern) => pattern.test(beginning));
}

/**
 * Draw a picture with what was found on it onto a canvas, which the picture fills.
 * @param {HTMLCanvasElement} canvas @param {ImageBitmap} bitmap
 * @param {import("./detection.js").Detection[]} detections in pixels of the picture
 * @param {import("./catalogue.js").Model} model @param {"boxes" | "dots"} kind
 */
export function drawPicture(canvas, bitmap, detections, model, kind) {
  const scale = Math.min(1, MAX_SHOWN_SIDE / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const write = (one) => sightName(model, one.class, currentLanguage());
  drawDetections(context, detections, write, { kind, scale });
}

/** @param {HTMLCanvasElement} canvas @param {string} name @returns {Promise<File>} a JPEG without any metadata */
export async function asJpeg(canvas, name) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
  return new File([blob], name, { type: "image/jpeg" });
}

/** @param {File} file @returns {boolean} whether the phone can hand it to another app */
export function canShare(file) {
  return navigator.canShare?.({ files: [file] }) === true;
}

/** Hand a picture or video to another app of the phone; who changes their mind has done nothing wrong. @param {File} file */
export async function shareFile(file) {
  const refusal = file.type.startsWith("video/") ? "video.not_shared" : "picture.not_shared";
  await navigator.share({ files: [file] }).catch((error) => {
    if (error.name !== "AbortError") throw new Refusal(refusal, { cause: error.message });
  });
}

/** @param {File} file */
export function saveFile(file) {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = file.name;
  link.click();
  // The browser reads it after this.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** @param {string} name of a photo or video @param {string} ending @returns {string} the name of its copy with names on it */
export function annotatedName(name, ending = "jpg") {
  return `${name.replace(/\.[^.]*$/, "")}-sights.${ending}`;
}
