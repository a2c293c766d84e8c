/**
 * What a file says it is, read from its first bytes: the kind of picture, its size, and whether the file is whole.
 * Looked at before the browser decodes, so that a file which lies or ends early gets a name instead of a wrong hash.
 */

const TYPES = {
  jpeg: "image/jpeg",
  png: "image/png",
  gif: "image/gif",
  webp: "image/webp",
  bmp: "image/bmp",
  avif: "image/avif",
  heic: "image/heic",
  tiff: "image/tiff",
};

const OTHERS = [
  [0, 0, 0, 0x0c, 0x6a, 0x50], // JPEG 2000
  [0xff, 0x4f, 0xff, 0x51],
  [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c], // JPEG XL
  [0xff, 0x0a],
  [0x38, 0x42, 0x50, 0x53], // Photoshop
  [0, 0, 1, 0], // icon
];

/** The kind of a picture file; "other" for a picture that no browser opens, null for what is no picture. */
export function kindOf(bytes) {
  if (starts(bytes, 0, [0xff, 0xd8, 0xff])) return "jpeg";
  if (starts(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return "png";
  if (text(bytes, 0, 4) === "GIF8") return "gif";
  if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 4) === "WEBP") return "webp";
  if (text(bytes, 0, 2) === "BM") return "bmp";
  if (text(bytes, 4, 4) === "ftyp") return brand(bytes);
  if (starts(bytes, 0, [0x49, 0x49, 0x2a, 0]) || starts(bytes, 0, [0x4d, 0x4d, 0, 0x2a])) return "tiff";
  if (OTHERS.some((signature) => starts(bytes, 0, signature))) return "other";
  if (text(bytes, 0, 1024).toLowerCase().includes("<svg")) return "other";
  return null;
}

/** The media type of a kind. */
export function typeOf(kind) {
  return TYPES[kind];
}

/** Pixels that the header promises; null where this kind is left to the browser. Lets a bomb be refused before it is decoded. */
export function pixelsOf(bytes, kind) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (kind === "png") return view.getUint32(16) * view.getUint32(20);
    if (kind === "gif") return view.getUint16(6, true) * view.getUint16(8, true);
    if (kind === "bmp") return Math.abs(view.getInt32(18, true) * view.getInt32(22, true));
    if (kind === "jpeg") return frame(view).pixels;
  } catch {
    return 0; // the header ends early: `isWhole` says so
  }
  return null;
}

/** Whether the file reaches its own end. Kinds without a simple end are left to the browser. */
export function isWhole(bytes, kind) {
  if (kind === "png") return has(bytes, [0x49, 0x45, 0x4e, 0x44], bytes.length - 1);
  if (kind === "gif") return bytes.lastIndexOf(0x3b) > 13;
  if (kind === "webp") return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) + 8 <= bytes.length + 1;
  if (kind !== "jpeg") return true;
  try {
    const { scan } = frame(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    for (let at = bytes.lastIndexOf(0xd9); at > scan; at = bytes.lastIndexOf(0xd9, at - 1)) {
      if (bytes[at - 1] === 0xff) return true;
    }
  } catch {
    // A segment runs past the end.
  }
  return false;
}

/** A JPEG's promised pixels and where its first scan begins: a thumbnail inside the header has an end of its own. */
function frame(view) {
  let pixels = 0;
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) throw new RangeError("not a marker");
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda) return { pixels, scan: at };
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) pixels = view.getUint16(at + 5) * view.getUint16(at + 7);
    at += 2 + view.getUint16(at + 2);
  }
}

/** AVIF or HEIC by the brands of the file's first box; videos share that box. */
function brand(bytes) {
  const found = brands(bytes);
  if (["avif", "avis"].some((name) => found.has(name))) return "avif";
  if (["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"].some((name) => found.has(name))) return "heic";
  return null;
}

function brands(bytes) {
  const end = Math.min(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), 1024);
  const found = new Set([text(bytes, 8, 4)]);
  for (let at = 16; at + 4 <= end; at += 4) found.add(text(bytes, at, 4));
  return found;
}

/** Whether a picture has more than one frame, told as the server does; only of kinds that browsers show moving. */
export function moves(bytes, kind) {
  if (kind === "gif") return gifMoves(bytes);
  if (kind === "png") return pngMoves(bytes);
  if (kind === "webp") return text(bytes, 12, 4) === "VP8X" && (bytes[20] & 0x02) !== 0;
  if (kind === "avif") return brands(bytes).has("avis");
  return false;
}

function gifMoves(bytes) {
  const table = (at) => (bytes[at] & 0x80 ? 3 << ((bytes[at] & 7) + 1) : 0);
  let frames = 0;
  for (let at = 13 + table(10); at < bytes.length; at += 1) {
    if (bytes[at] === 0x2c) {
      frames += 1;
      if (frames === 2) return true;
      at += 11 + table(at + 9);
    } else if (bytes[at] === 0x21) at += 2;
    else return false;
    while (bytes[at]) at += bytes[at] + 1;
  }
  return false;
}

function pngMoves(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const name = text(bytes, at + 4, 4);
    if (name === "acTL") return view.getUint32(at + 8) > 1;
    if (name === "IDAT") return false;
  }
  return false;
}

function starts(bytes, at, wanted) {
  return wanted.every((value, index) => bytes[at + index] === value);
}

function text(bytes, at, length) {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function has(bytes, wanted, from) {
  for (let at = bytes.lastIndexOf(wanted[0], from); at > 8; at = bytes.lastIndexOf(wanted[0], at - 1)) {
    if (starts(bytes, at, wanted)) return true;
  }
  return false;
}
