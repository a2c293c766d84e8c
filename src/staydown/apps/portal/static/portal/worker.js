/** Hashes the pictures that the page sends, away from the page's own thread. It has no name of any file. */

import { hashPicture } from "./picture.js";

const makeCanvas = (width, height) => new OffscreenCanvas(width, height);

self.addEventListener("message", async ({ data: { id, blob } }) => {
  try {
    self.postMessage({ id, found: await hashPicture(blob, makeCanvas) });
  } catch (error) {
    self.postMessage({ id, code: error.code ?? "corrupt" });
  }
});

self.postMessage({ ready: typeof OffscreenCanvas !== "undefined" });
