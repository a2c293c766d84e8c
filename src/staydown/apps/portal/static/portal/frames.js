/** Hashes frames of a video that the page sends, away from the page's own thread. It knows no file and no name. */

import { pixelsToHash } from "./picture.js";

const makeCanvas = (width, height) => new OffscreenCanvas(width, height);

self.addEventListener("message", async ({ data: { id, bitmap } }) => {
  try {
    self.postMessage({ id, found: await pixelsToHash(bitmap, makeCanvas) });
  } catch (error) {
    self.postMessage({ id, code: error.code ?? "corrupt" });
  } finally {
    bitmap.close();
  }
});
