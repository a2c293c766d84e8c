/**
 * Hashes many pictures at once: a few workers, each with one picture at a time. Where a browser has no module workers or
 * no canvas in them, the page does the same work itself, more slowly.
 */

import { PictureError, hashPicture } from "./picture.js";

const MOST_WORKERS = 3; // each holds one decoded picture in memory
const MOST_SECONDS = 60;

export class Hasher {
  #waiting = [];
  #lanes = [];
  #address;
  #size;
  #inPage = false;

  /** `address`: the worker's script, as a string or a TrustedScriptURL. */
  constructor(address) {
    this.#address = address;
    this.#size = Math.max(1, Math.min(MOST_WORKERS, (navigator.hardwareConcurrency || 2) - 1));
  }

  /** A promise of {pdq, quality, sha256}; rejected with a `PictureError`. */
  hash(file) {
    return new Promise((resolve, reject) => {
      // A slice is the same bytes without the name: the name of a file never travels further than this line.
      this.#waiting.push({ blob: file.slice(), resolve, reject });
      this.#start();
    });
  }

  /** Ends everything at once. What was not hashed is rejected with the code `cancelled`. */
  cancel() {
    const open = [...this.#waiting, ...this.#lanes.map((lane) => lane.job).filter(Boolean)];
    this.#waiting = [];
    for (const lane of this.#lanes) lane.end();
    this.#lanes = [];
    for (const job of open) job.reject(new PictureError("cancelled"));
  }

  #start() {
    while (this.#waiting.length) {
      let lane = this.#lanes.find((one) => one.ready && !one.job);
      if (!lane && this.#lanes.length < (this.#inPage ? 1 : this.#size)) lane = this.#open();
      if (!lane?.ready) return;
      lane.take(this.#waiting.shift());
    }
  }

  #open() {
    const lane = this.#inPage ? this.#pageLane() : this.#workerLane();
    this.#lanes.push(lane);
    return lane;
  }

  #settled(lane, settle) {
    const { job } = lane;
    window.clearTimeout(lane.timer);
    lane.job = null;
    if (job) settle(job);
    this.#start();
  }

  #pageLane() {
    const makeCanvas = (width, height) => Object.assign(document.createElement("canvas"), { width, height });
    const lane = { ready: true, job: null, end() {} };
    lane.take = async (job) => {
      lane.job = job;
      try {
        const found = await hashPicture(job.blob, makeCanvas);
        this.#settled(lane, () => job.resolve(found));
      } catch (error) {
        this.#settled(lane, () => job.reject(error instanceof PictureError ? error : new PictureError("corrupt")));
      }
    };
    return lane;
  }

  #workerLane() {
    const worker = new Worker(this.#address, { type: "module" });
    const lane = { ready: false, job: null, timer: 0, end: () => worker.terminate() };
    lane.take = (job) => {
      lane.job = job;
      lane.timer = window.setTimeout(() => this.#abandon(lane, "too_slow"), MOST_SECONDS * 1000);
      worker.postMessage({ id: 0, blob: job.blob });
    };
    worker.addEventListener("message", ({ data }) => {
      if ("ready" in data) {
        if (!data.ready) return this.#fallBack(lane);
        lane.ready = true;
        return this.#start();
      }
      return this.#settled(lane, (job) => (data.found ? job.resolve(data.found) : job.reject(new PictureError(data.code))));
    });
    worker.addEventListener("error", () => (lane.ready ? this.#abandon(lane, "corrupt") : this.#fallBack(lane)));
    return lane;
  }

  /** A worker that hangs or dies costs its one picture. */
  #abandon(lane, code) {
    lane.end();
    this.#lanes = this.#lanes.filter((one) => one !== lane);
    this.#settled(lane, (job) => job.reject(new PictureError(code)));
  }

  #fallBack(lane) {
    lane.end();
    this.#lanes = this.#lanes.filter((one) => one !== lane);
    this.#inPage = true;
    this.#start();
  }
}
