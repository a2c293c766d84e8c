/**
 * The page on which pictures and videos are chosen: each becomes a row with a state, and what was hashed goes into the hidden field
 * `found`. The file control has no name, so a form never sends a file; rows are called by number, never by a file's name.
 */

import { canRead, hashAnimation, isAnimation } from "./animation.js";
import { Hasher } from "./hasher.js";
import { PictureError } from "./picture.js";
import { policy } from "./policy.js";
import { videoForReport } from "./video.js";

/** Brings the chooser on this page to life; does nothing on a page without one. */
export function enhance(page) {
  const area = page.querySelector("[data-pictures]");
  if (area?.hidden) new Chooser(page, area);
}

class Chooser {
  #rows = [];
  #order = 0;
  #batch = { done: 0, total: 0, failed: 0 };
  #films = Promise.resolve(); // videos are hashed one after the other
  #stopper = new AbortController(); // of the videos that are waiting or being hashed
  #share = 0; // of the video that is being hashed now
  #heldBack = null; // the button that was pressed before all pictures were ready

  constructor(page, area) {
    this.area = area;
    this.list = page.querySelector("#pictures");
    this.form = area.closest("form");
    this.field = this.form.elements.found;
    this.words = JSON.parse(page.querySelector("#words").textContent);
    this.page = page;
    this.first = Number(area.dataset.next);
    this.hasher = new Hasher(policy.createScriptURL(area.dataset.worker));
    this.frames = policy.createScriptURL(area.dataset.frames);
    this.#listen();
    area.hidden = false;
    page.querySelector("[data-without-scripts]").remove();
  }

  #listen() {
    const input = this.area.querySelector("input[type=file]");
    const picker = this.area.querySelector(".picker");
    input.addEventListener("change", () => {
      this.#add(input.files);
      input.value = "";
    });
    for (const kind of ["dragover", "dragleave", "drop"]) {
      picker.addEventListener(kind, (event) => {
        event.preventDefault();
        picker.classList.toggle("picker--over", kind === "dragover");
        if (kind === "drop") this.#add(event.dataTransfer.files);
      });
    }
    this.area.querySelector("[data-cancel]").addEventListener("click", () => this.#stop());
    this.form.addEventListener("submit", (event) => this.#holdBack(event));
    window.addEventListener("staydown:leaving", () => {
      this.#cancel();
      this.field.value = "";
    });
  }

  #stop() {
    this.#heldBack = null;
    this.#cancel();
  }

  #cancel() {
    this.hasher.cancel();
    this.#stopper.abort();
    this.#stopper = new AbortController();
  }

  #add(files) {
    for (const file of [...files]) {
      this.#order += 1;
      const isVideo = file.type.startsWith("video/");
      const row = { element: this.#element(), order: this.#order, isVideo, isStill: false, isSparse: false, found: null, code: null, waits: true };
      row.element.querySelector("[data-remove]").addEventListener("click", () => this.#remove(row));
      this.#rows.push(row);
      this.list.append(row.element);
      this.#batch.total += 1;
      (isVideo ? this.#hashVideo(file, row) : this.#hashPicture(file, row)).then(
        (found) => this.#settle(row, { found }),
        (error) => this.#settle(row, { code: error.code }),
      );
    }
    this.#show();
  }

  /** A picture that moves is a video, as on the server; where the browser shows no more of it, its first frame. */
  async #hashPicture(file, row) {
    const { signal } = this.#stopper;
    const isAnimated = await isAnimation(file).catch(() => false);
    row.isStill = isAnimated && !(await canRead(file));
    if (signal.aborted) throw new PictureError("cancelled");
    if (row.isStill || !isAnimated) return this.hasher.hash(file);
    row.isVideo = true;
    this.#show();
    return this.#hashVideo(file, row, { hash: hashAnimation, signal });
  }

  #hashVideo(file, row, { hash, signal = this.#stopper.signal } = {}) {
    const progress = (share) => {
      this.#share = share;
      this.#show();
    };
    const told = this.#films.then(() => videoForReport(file, this.frames, { hash, least: this.words.least, progress, signal }));
    const found = told.then((all) => {
      row.isSparse = all.isSparse;
      return all.found;
    });
    this.#films = found.then(() => {}, () => {}).finally(() => (this.#share = 0));
    return found;
  }

  #element() {
    return this.page.querySelector("#row").content.firstElementChild.cloneNode(true);
  }

  #settle(row, result) {
    Object.assign(row, result, { waits: false });
    this.#batch.done += 1;
    if (row.code === "cancelled") this.#drop(row);
    else if (row.code) this.#batch.failed += 1;
    this.#show();
    if (this.#rows.some((one) => one.waits)) return;
    const ready = this.#rows.filter((one) => one.found).length;
    const words = row.code === "cancelled" ? "stopped" : this.#batch.failed ? "some" : "all";
    this.#tell(fill(this.words[words], { ready, failed: this.#batch.failed }));
    this.#batch = { done: 0, total: 0, failed: 0 };
    if (this.#heldBack) this.form.requestSubmit(this.#heldBack.button);
  }

  #remove(row) {
    const next = row.element.nextElementSibling?.querySelector("button") ?? this.area.querySelector("input[type=file]");
    this.#drop(row);
    this.#show();
    next.focus();
  }

  #drop(row) {
    row.element.remove();
    this.#rows = this.#rows.filter((one) => one !== row);
  }

  /** Continue waits for pictures that are still being hashed, so that none is left behind. */
  #holdBack(event) {
    if (!this.#rows.some((one) => one.waits)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.#heldBack = { button: event.submitter };
    this.#tell(this.words.wait);
  }

  #show() {
    let number = this.first;
    for (const row of this.#rows) {
      const words = row.isVideo ? this.words.video : this.words.name;
      const name = row.code ? fill(this.words.unused, { number: row.order }) : fill(words, { number: (number += 1) });
      row.element.querySelector("[data-name]").textContent = name;
      row.element.querySelector("[data-which]").textContent = ` ${name}`;
      this.#state(row);
    }
    this.list.hidden = this.list.children.length === 0;
    this.field.value = JSON.stringify(this.#rows.map((row) => row.found).filter(Boolean));
    const { done, total } = this.#batch;
    const working = this.area.querySelector("[data-working]");
    working.hidden = done === total;
    working.querySelector("progress").max = Math.max(total, 1);
    working.querySelector("progress").value = done + this.#share;
    working.querySelector("[data-count]").textContent = fill(this.words.count, { done, total });
  }

  #state(row) {
    const [kind, symbol, text] = row.waits
      ? ["busy", "clock", this.words.working]
      : row.found
        ? ["good", "check", this.words.ready]
        : ["bad", "warning", this.words.failed];
    const tag = row.element.querySelector("[data-state]");
    tag.className = `tag tag--${kind}`;
    tag.replaceChildren(this.page.querySelector(`#icon-${symbol}`).content.cloneNode(true), text);
    const note = row.element.querySelector("[data-note]");
    const isPlain = row.found && row.found.quality < this.words.least;
    const codes = row.isVideo ? this.words.video_codes : this.words.codes;
    const plain = row.isVideo ? this.words.plain_video : this.words.plain;
    const missing = row.isStill ? this.words.still : row.isSparse ? this.words.sparse : "";
    note.textContent = row.code ? (codes[row.code] ?? codes.corrupt) : isPlain ? plain : row.found ? missing : "";
    note.hidden = !note.textContent;
  }

  #tell(text) {
    this.area.querySelector("[data-told]").textContent = text;
  }
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_whole, name) => values[name]);
}
