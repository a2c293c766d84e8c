/**
 * A picture that moves (GIF, WebP, PNG, AVIF) to the hashes of its frames, on this device. On the server such a picture is a
 * video, so it is one here: the first frame, the first of each further second, the last.
 */

import { kindOf, moves, pixelsOf, typeOf } from "./format.js";
import { PictureError } from "./picture.js";
import { MOST_FRAMES, hashed, settled, withoutRepeatedEnd } from "./video.js";

const START = 1024; // bytes that tell the kind
const TOLD_BY = { gif: Infinity, png: 1 << 18, webp: START, avif: START }; // bytes that tell whether it moves
const MOST_BYTES = 50_000_000;
const MOST_PIXELS = 36_000_000;
const MOST_SECONDS = 3 * 3600;
const SLACK = 0.002; // seconds
const SHORTEST = 0.01; // seconds: what asks for less is shown for SHOWN_INSTEAD, as on the server
const SHOWN_INSTEAD = 0.1;

/** A promise of whether a picture file moves. */
export async function isAnimation(file) {
  const start = new Uint8Array(await file.slice(0, START).arrayBuffer());
  const kind = kindOf(start);
  if (!(kind in TOLD_BY) || file.size > MOST_BYTES) return false;
  return moves(new Uint8Array(await file.slice(0, TOLD_BY[kind]).arrayBuffer()), kind);
}

/** A promise of whether this browser shows a page more than the first frame of such a file. */
export async function canRead(file) {
  if (typeof ImageDecoder === "undefined") return false;
  return ImageDecoder.isTypeSupported(typeOf(kindOf(new Uint8Array(await file.slice(0, START).arrayBuffer()))));
}

/** What `hashVideo` promises, of a picture that moves. Takes what that takes. */
export async function hashAnimation(file, address, { every = 1, progress = () => {}, signal } = {}) {
  const data = await file.arrayBuffer();
  const bytes = new Uint8Array(data);
  const kind = kindOf(bytes);
  if (pixelsOf(bytes, kind) > MOST_PIXELS) throw new PictureError("too_large");
  const decoder = new ImageDecoder({ data, type: typeOf(kind), colorSpaceConversion: "none", preferAnimation: true });
  const worker = new Worker(address, { type: "module" });
  const sampling = new Sampling(every, (bitmap, time) => hashed(worker, bitmap, time, signal));
  try {
    await inTime(Promise.all([decoder.tracks.ready, decoder.completed]), signal);
    const count = decoder.tracks.selectedTrack.frameCount;
    for (let index = 0; index < count; index += 1) {
      const { image } = await inTime(decoder.decode({ frameIndex: index }), signal);
      await sampling.see(image, index === count - 1);
      progress((index + 1) / count);
    }
    const { frames, time: duration, width, height } = sampling;
    return { frames: withoutRepeatedEnd(frames), duration, width, height };
  } finally {
    worker.terminate();
    decoder.close();
  }
}

/** Chooses the frames to hash, as the server does. */
class Sampling {
  frames = [];
  time = 0; // of the next frame; in the end, of all of them
  #due = 0;
  #every;
  #hash;

  constructor(every, hash) {
    this.#every = every;
    this.#hash = hash;
  }

  async see(image, isLast) {
    try {
      Object.assign(this, { width: image.displayWidth, height: image.displayHeight });
      if (this.width * this.height > MOST_PIXELS) throw new PictureError("too_large");
      if (this.time > MOST_SECONDS) throw new PictureError("too_long");
      const isDue = this.time + SLACK >= this.#due;
      if (isDue || isLast) this.frames.push(await this.#hash(await createImageBitmap(image), this.time));
      if (isDue) this.#due = (Math.floor((this.time + SLACK) / this.#every) + 1) * this.#every;
      if (this.frames.length > MOST_FRAMES) this.#thin();
      const lasts = (image.duration ?? 0) / 1e6;
      this.time = Math.round((this.time + (lasts > SHORTEST ? lasts : SHOWN_INSTEAD)) * 1e6) / 1e6;
    } finally {
      image.close();
    }
  }

  #thin() {
    this.#every *= 2;
    this.frames = this.frames.filter((_frame, number) => number % 2 === 0);
  }
}

function inTime(promise, signal) {
  promise.catch(() => {}); // it may fail after nobody waits for it any more
  return settled(signal, (resolve, reject) => {
    promise.then(resolve, () => reject(new PictureError("corrupt")));
    return () => {};
  });
}
