/**
 * A picture file to its hashes, on this device. The way of decoding is the server's: upright by EXIF, first frame,
 * transparency over white, colour profiles left aside. Works in a worker and, where a browser cannot do that, in the page.
 */

import { isWhole, kindOf, pixelsOf, typeOf } from "./format.js";
import { Pdq } from "./pdq.js";

const MOST_BYTES = 50_000_000;
const MOST_PIXELS = 100_000_000;
const STRIP_PIXELS = 1 << 20; // read back a few rows at a time: a phone has no room for a large picture twice

/** A picture that cannot be hashed. `code` is one of the server's error codes, or `canvas_blocked`. */
export class PictureError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** The hashes of a picture: {pdq, quality, sha256}; sha256 is null where the page was not loaded over https. */
export async function hashPicture(blob, makeCanvas) {
  if (blob.size > MOST_BYTES) throw new PictureError("too_large");
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const bitmap = await decoded(bytes);
  try {
    const { hash, quality } = await pixelsToHash(bitmap, makeCanvas);
    return { pdq: hash, quality, sha256: await sha256(bytes) };
  } finally {
    bitmap.close();
  }
}

async function decoded(bytes) {
  const kind = kindOf(bytes);
  if (kind === null) throw new PictureError("not_an_image");
  if (kind === "other") throw new PictureError("unsupported_format");
  const pixels = pixelsOf(bytes, kind);
  if (pixels > MOST_PIXELS) throw new PictureError("too_large");
  if (!isWhole(bytes, kind)) throw new PictureError("truncated");
  if (pixels === 0) throw new PictureError("empty_picture");
  const file = new Blob([bytes], { type: typeOf(kind) });
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "none" });
  } catch {
    // A browser that does not know a kind and a file that is damaged look alike: the kind decides the name.
    throw new PictureError(["heic", "tiff", "avif"].includes(kind) ? "unsupported_format" : "corrupt");
  }
  if (bitmap.width * bitmap.height > MOST_PIXELS) {
    bitmap.close();
    throw new PictureError("too_large");
  }
  if (!bitmap.width || !bitmap.height) throw new PictureError("empty_picture");
  return bitmap;
}

/** The hash and quality of decoded pixels: a picture, or a frame of a video. */
export async function pixelsToHash(bitmap, makeCanvas) {
  const { width, height } = bitmap;
  const rows = Math.max(1, Math.min(height, Math.floor(STRIP_PIXELS / width)));
  const brush = makeCanvas(width, rows).getContext("2d", { alpha: false, willReadFrequently: true });
  if (!brush || !isHonest(brush)) throw new PictureError("canvas_blocked");
  brush.imageSmoothingEnabled = false;
  const made = new Pdq(width, height);
  for (let top = 0; top < height; top += rows) {
    const count = Math.min(rows, height - top);
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, width, count);
    brush.drawImage(bitmap, 0, top, width, count, 0, 0, width, count);
    made.add(brush.getImageData(0, 0, width, count).data);
    if (typeof document !== "undefined") await new Promise((resume) => setTimeout(resume)); // keep the page alive
  }
  return made.finish();
}

/**
 * Whether pixels come back as they were painted. Some browsers hand pages noise instead, to protect people from being
 * tracked; a hash of noise would look like a hash and protect nobody.
 */
export function isHonest(brush) {
  const width = Math.min(brush.canvas.width, 16);
  let off = 0;
  for (let x = 0; x < width; x += 1) {
    brush.fillStyle = `rgb(${x * 15}, ${(x * 53) % 256}, ${(x * 101) % 256})`;
    brush.fillRect(x, 0, 1, 1);
  }
  const { data } = brush.getImageData(0, 0, width, 1);
  for (let x = 0; x < width; x += 1) {
    const painted = [x * 15, (x * 53) % 256, (x * 101) % 256];
    painted.forEach((value, channel) => {
      off = Math.max(off, Math.abs(data[x * 4 + channel] - value));
    });
  }
  return off <= 8;
}

/** The digest of the file in hexadecimal; null where the page was not loaded over https. */
export async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
