/**
 * PDQ of a picture's pixels: the same linear operators as the server's `staydown.core.hashing.pdq`, so that a hash made
 * here meets a hash made there. No browser object is used: rows of RGBA go in, a hash and a quality come out.
 *
 * Blur, decimation to 64 x 64 and cosine transform are linear and separable. A row of pixels is therefore reduced to 64
 * values as it arrives and added to the few of the 64 lines that it belongs to: whatever the size of the picture, only
 * 64 x 64 numbers are kept. tests/golden/pdq holds the vectors that both sides must meet.
 */

const SIDE = 64;
const FREQUENCIES = 16;
const LEAST_SIDE = 5; // the reference gives smaller pictures the zero hash and quality 0
const COSINES = cosines();

/** Takes a picture's rows from top to bottom. */
export class Pdq {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.across = axis(width);
    this.down = axis(height);
    this.small = new Float64Array(SIDE * SIDE);
    this.row = 0;
    this.luma = new Float32Array(width);
    this.reduced = new Float64Array(SIDE);
  }

  /** Adds the next rows, as opaque RGBA. */
  add(rgba) {
    const rows = rgba.length / (4 * this.width);
    for (let row = 0; row < rows; row += 1) {
      this.#reduce(rgba, row * 4 * this.width);
      this.#spread(this.row);
      this.row += 1;
    }
  }

  /** The hash as 64 hexadecimal digits, and the quality from 0 to 100, once every row has been added. */
  finish() {
    if (this.row !== this.height) throw new Error("rows are missing");
    if (Math.min(this.width, this.height) < LEAST_SIDE) return { hash: "0".repeat(64), quality: 0 };
    return { hash: hashOf(this.small), quality: qualityOf(this.small) };
  }

  #reduce(rgba, offset) {
    const { luma, reduced, width } = this;
    for (let x = 0, i = offset; x < width; x += 1, i += 4) {
      luma[x] = 0.299 * rgba[i] + 0.587 * rgba[i + 1] + 0.114 * rgba[i + 2];
    }
    for (let out = 0; out < SIDE; out += 1) {
      const { start, weights } = this.across[out];
      let sum = 0;
      for (let k = 0; k < weights.length; k += 1) sum += weights[k] * luma[start + k];
      reduced[out] = sum;
    }
  }

  #spread(row) {
    for (let line = 0; line < SIDE; line += 1) {
      const { start, weights } = this.down[line];
      if (row < start || row >= start + weights.length) continue;
      const weight = weights[row - start];
      for (let x = 0; x < SIDE; x += 1) this.small[line * SIDE + x] += weight * this.reduced[x];
    }
  }
}

/** The hash and quality of a whole picture. */
export function pdq(rgba, width, height) {
  const made = new Pdq(width, height);
  made.add(rgba);
  return made.finish();
}

/** The operator of one axis: for each of the 64 kept lines, the first line that it looks at and the weights from there. */
function axis(size) {
  const made = [];
  for (let out = 0; out < SIDE; out += 1) {
    const centre = Math.floor(((out + 0.5) * size) / SIDE);
    const [low, high] = around(centre, size);
    const start = around(low, size)[0];
    const stop = around(high - 1, size)[1];
    const weights = new Float64Array(stop - start);
    for (let middle = low; middle < high; middle += 1) {
      const [first, last] = around(middle, size);
      const share = 1 / ((high - low) * (last - first));
      for (let line = first; line < last; line += 1) weights[line - start] += share;
    }
    made.push({ start, weights });
  }
  return made;
}

/** The reference's box around a line, clipped at the edges as the reference clips it: first line, and line after the last. */
function around(line, size) {
  const box = Math.floor((size + 2 * SIDE - 1) / (2 * SIDE));
  const ahead = Math.floor((box + 2) / 2);
  return [Math.max(line + ahead - box, 0), Math.min(line + ahead, size)];
}

function cosines() {
  const made = new Float64Array(FREQUENCIES * SIDE);
  for (let frequency = 0; frequency < FREQUENCIES; frequency += 1) {
    for (let place = 0; place < SIDE; place += 1) {
      const angle = ((Math.PI / 2 / SIDE) * (frequency + 1) * (2 * place + 1));
      made[frequency * SIDE + place] = Math.fround(Math.sqrt(2 / SIDE) * Math.cos(angle));
    }
  }
  return made;
}

/** Which of the 256 low frequencies lie above their median. */
function hashOf(small) {
  const half = multiply(COSINES, FREQUENCIES, (k, x) => small[k * SIDE + x], SIDE);
  const coefficients = multiply(half, FREQUENCIES, (k, x) => COSINES[x * SIDE + k], FREQUENCIES);
  const median = Float64Array.from(coefficients).sort()[127]; // the reference's median of 256 is the 128th smallest
  let digits = "";
  for (let place = 255; place >= 0; place -= 4) {
    let digit = 0;
    for (let bit = 0; bit < 4; bit += 1) digit = digit * 2 + (coefficients[place - bit] > median ? 1 : 0);
    digits += digit.toString(16);
  }
  return digits;
}

function multiply(left, rows, right, columns) {
  const made = new Float64Array(rows * columns);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1) {
      let sum = 0;
      for (let k = 0; k < SIDE; k += 1) sum += left[y * SIDE + k] * right(k, x);
      made[y * columns + x] = sum;
    }
  }
  return made;
}

/** The reference's quality: how much the small picture changes from pixel to pixel, in whole steps. */
function qualityOf(small) {
  let total = 0;
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const here = small[y * SIDE + x];
      if (y + 1 < SIDE) total += Math.abs(Math.trunc(((here - small[(y + 1) * SIDE + x]) * 100) / 255));
      if (x + 1 < SIDE) total += Math.abs(Math.trunc(((here - small[y * SIDE + x + 1]) * 100) / 255));
    }
  }
  return Math.min(Math.floor(total / 90), 100);
}
