/**
 * A video to the hashes of its frames, on this device: one a second, the first and the last, as on the server. The file
 * is opened where it lies and never leaves; a worker hashes each frame while the next one is looked for.
 *
 * `media-src blob:` in the policy allows it: a blob of this page is the only video that it may open.
 */

import { PictureError, sha256 } from "./picture.js";

const MOST_SECONDS = 3 * 3600;
export const MOST_FRAMES = 4500; // a report holds no more of one video, an hour and a quarter: those of a longer one are further apart
const MOST_BYTES_AT_ONCE = 50_000_000; // of a larger file no digest is made: it would have to be in memory whole
const MOST_PIXELS = 36_000_000;
const MOST_WAIT = 30_000; // milliseconds for one step: to open the file, to find a frame, to hash it
const MOST_SHOWING = 500; // milliseconds from when a frame was found until it is there
const MOST_TRIES = 10; // to have a frame that was said to be there
const INSIDE = 0.001; // seconds past the beginning of a frame, so that rounding does not show the one before
const SHOWN = new WeakSet(); // videos that have shown the frame looked for last: the next that they show is no late one

/**
 * A promise of {frames: [{time, hash, quality}], duration, width, height}; rejected with a `PictureError`.
 *
 * `address`: the script of the worker (frames.js), as a string or a TrustedScriptURL. `progress(share)`: called with a
 * number from 0 to 1 after each frame. `signal`: an AbortSignal; once it is aborted, the code is `cancelled`.
 */
export async function hashVideo(file, address, { every = 1, progress = () => {}, signal } = {}) {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, preload: "auto" });
  const source = URL.createObjectURL(file.slice()); // the same bytes without the name
  const worker = new Worker(address, { type: "module" });
  try {
    await opened(video, source, signal);
    const times = timesOf(video.duration, every);
    const frames = [];
    let waiting = null;
    for (const [number, time] of times.entries()) {
      if (number) await sought(video, time, signal);
      const bitmap = await shown(video);
      if (waiting) frames.push(await waiting); // the frame before was hashed while this one was found
      waiting = hashed(worker, bitmap, Math.min(time, video.duration), signal);
      waiting.catch(() => {}); // it is awaited, a little later
      progress((number + 1) / times.length);
    }
    frames.push(await waiting);
    const { duration, videoWidth: width, videoHeight: height } = video;
    return { frames: withoutRepeatedEnd(frames), duration, width, height };
  } finally {
    worker.terminate();
    video.removeAttribute("src");
    video.load(); // lets go of the decoder
    URL.revokeObjectURL(source);
  }
}

/**
 * What a report holds of a video: {frames: [{hash, quality}], quality, sha256}, and whether it `isSparse`: so long that its
 * frames are further apart than a second. Only frames with detail are kept, `least` being the quality that it takes;
 * `quality` is the best of all frames. Takes what `hash` takes: `hashVideo`, or `hashAnimation` for a picture that moves.
 */
export async function videoForReport(file, address, { least, hash = hashVideo, ...options }) {
  const { frames, duration } = await hash(file, address, options);
  const kept = frames.filter(({ quality }) => quality >= least).map(({ hash, quality }) => ({ hash, quality }));
  const digest = file.size <= MOST_BYTES_AT_ONCE ? await sha256(new Uint8Array(await file.arrayBuffer())) : null;
  if (!kept.length && !digest) throw new PictureError("no_detail");
  const quality = frames.reduce((best, frame) => Math.max(best, frame.quality), 0);
  return { found: { frames: kept, quality, sha256: digest }, isSparse: duration > MOST_FRAMES };
}

async function opened(video, source, signal) {
  const ready = happened(video, "loadeddata", signal);
  nextFrame(video).then(() => SHOWN.add(video));
  video.src = source;
  await ready;
  if (video.duration === Infinity) await measured(video, signal);
  if (!video.videoWidth || !video.videoHeight) throw new PictureError("no_video_stream");
  if (video.videoWidth * video.videoHeight > MOST_PIXELS) throw new PictureError("too_large");
  if (!(video.duration <= MOST_SECONDS)) throw new PictureError("too_long");
}

/** Videos that a browser recorded do not say how long they are, until their end was looked for. */
async function measured(video, signal) {
  await sought(video, Number.MAX_SAFE_INTEGER, signal);
  await sought(video, 0, signal);
}

/** When to look: every so many seconds, of a long video less often, and at the end. */
export function timesOf(duration, every) {
  const step = Math.max(every, duration / (MOST_FRAMES - 1));
  const times = [];
  for (let number = 0; number === 0 || number * step < duration; number += 1) times.push(number * step + INSIDE);
  if (duration > INSIDE) times.push(Math.max(duration - INSIDE, 0));
  return times;
}

/**
 * Goes to the frame at `time`, and waits until it is really there: a busy device says "seeked" while the picture is still
 * the one before, and may say only now that it shows that one. Then the time of the frame tells which of them it is.
 */
async function sought(video, time, signal) {
  const from = video.currentTime;
  const isSettled = SHOWN.delete(video);
  let asked = 0;
  const there = new Promise((resolve) => {
    const take = (_now, { mediaTime }) => {
      SHOWN.add(video);
      const isBefore = mediaTime > time || (from < time && mediaTime <= from);
      if (isSettled || !isBefore) resolve();
      else asked = video.requestVideoFrameCallback(take);
    };
    if (video.requestVideoFrameCallback) asked = video.requestVideoFrameCallback(take);
    else resolve();
  });
  const found = happened(video, "seeked", signal);
  video.currentTime = time;
  await found;
  await soon(there);
  video.cancelVideoFrameCallback?.(asked);
}

/** The frame that is shown. A busy device may say that it has it before it does: then it is asked again. */
async function shown(video) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await createImageBitmap(video);
    } catch {
      if (tries === MOST_TRIES) throw new PictureError("corrupt");
      await soon(nextFrame(video));
    }
  }
}

/** A promise of the next frame that is shown. */
function nextFrame(video) {
  return new Promise((resolve) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
    else resolve();
  });
}

/** Waits for a frame, but not for ever: it may be the one that is there already. The time to find it does not count. */
function soon(frame) {
  return Promise.race([frame, new Promise((resolve) => window.setTimeout(resolve, MOST_SHOWING))]);
}

/** A promise of the next such event; rejected when the video fails, takes too long, or the person stops it. */
function happened(video, name, signal) {
  return settled(signal, (resolve, reject) => {
    const fail = () => reject(new PictureError(video.error?.code === MediaError.MEDIA_ERR_DECODE ? "corrupt" : "unsupported_format"));
    video.addEventListener(name, resolve);
    video.addEventListener("error", fail);
    return () => {
      video.removeEventListener(name, resolve);
      video.removeEventListener("error", fail);
    };
  });
}

/** A promise of the hash of a frame, made by `worker`, which is shown at `time`. */
export function hashed(worker, bitmap, time, signal) {
  return settled(signal, (resolve, reject) => {
    const take = ({ data }) => {
      if (data.found) resolve({ time: Math.round(time * 1000) / 1000, ...data.found });
      else reject(new PictureError(data.code));
    };
    const fail = () => reject(new PictureError("corrupt"));
    worker.addEventListener("message", take);
    worker.addEventListener("error", fail);
    worker.postMessage({ id: 0, bitmap }, [bitmap]);
    return () => {
      worker.removeEventListener("message", take);
      worker.removeEventListener("error", fail);
    };
  });
}

/** A promise that also ends by time and by the signal. `start` begins the work and returns what to undo afterwards. */
export async function settled(signal, start) {
  let undo = () => {};
  let timer = 0;
  let stop = () => {};
  try {
    return await new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new PictureError("cancelled"));
      stop = () => reject(new PictureError("cancelled"));
      signal?.addEventListener("abort", stop);
      timer = window.setTimeout(() => reject(new PictureError("too_slow")), MOST_WAIT);
      undo = start(resolve, reject);
      return undefined;
    });
  } finally {
    window.clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    undo();
  }
}

/** Where the last frame is also the last of the seconds, it was hashed twice. */
export function withoutRepeatedEnd(frames) {
  const [before, last] = frames.slice(-2);
  return last && before.hash === last.hash ? frames.slice(0, -1) : frames;
}
