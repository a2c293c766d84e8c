// The reveal ladder. Nothing is loaded until a person asks; each step is asked for; looking away covers it again.
const STEPS = ["hidden", "blurred", "soft", "clear"];
const NEXT = ["Show blurred and grey", "Less blur", "Show clearly", "Blur again"];
const SAID = ["Hidden.", "Shown blurred and grey.", "Shown less blurred, still grey.", "Shown clearly."];
const IDLE = 60_000;

const previews = [];

class Preview {
  constructor(root) {
    this.root = root;
    this.frame = root.querySelector("[data-frame]");
    this.said = root.querySelector("[data-said]");
    this.more = root.querySelector("[data-more]");
    this.less = root.querySelector("[data-less]");
    this.hold = root.querySelector("[data-hold]");
    this.image = null;
    this.level = 0;
    this.used = 0;
    this.more.addEventListener("click", () => this.forward());
    this.less.addEventListener("click", () => this.show(0));
    this.wireHold();
    root.querySelector("[data-controls]").hidden = false;
    this.show(0);
  }

  forward() {
    this.show(this.level === 3 ? 1 : this.level + 1);
  }

  /** Counts that this picture was uncovered, for the person's own sake: they are told when a pause would do good. */
  async count() {
    const form = document.querySelector("[data-reveals]");
    if (this.counted || !form) return;
    this.counted = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "error" });
      const { reveals, pause } = await answer.json();
      const told = document.querySelector("[data-pause]");
      if (!pause || !told) return;
      told.querySelector("[data-pause-count]").textContent = reveals;
      told.hidden = false;
    } catch {
      // Nothing depends on it.
    }
  }

  /** Loads the picture once, in this browser, from the platform, without saying where it was asked from. */
  load() {
    if (this.image) return;
    this.count();
    this.image = new Image();
    this.image.referrerPolicy = "no-referrer";
    this.image.alt = "The reported picture, as the platform shows it";
    this.image.draggable = false;
    this.image.addEventListener("error", () => this.failed());
    this.image.src = this.root.dataset.preview;
    this.frame.replaceChildren(this.image);
  }

  failed() {
    this.image = null;
    this.frame.replaceChildren();
    this.show(0);
    this.said.textContent = "The platform did not hand out a picture. Its preview link may have run out.";
  }

  show(level) {
    if (level > 0) this.load();
    this.level = level;
    this.root.dataset.step = STEPS[level];
    this.more.textContent = NEXT[level];
    this.less.hidden = level === 0;
    this.hold.hidden = level === 0 || level === 3;
    if (this.said.textContent !== SAID[level]) this.said.textContent = SAID[level];
    if (level > 0) this.used = Date.now();
  }

  /** Clear for as long as the button, the space bar or the finger is down. */
  wireHold() {
    let before = null;
    const down = (event) => {
      if (before !== null || (event.type === "keydown" && event.key !== " " && event.key !== "Enter")) return;
      event.preventDefault();
      before = this.level;
      this.root.dataset.step = STEPS[3];
      this.said.textContent = SAID[3];
    };
    const up = () => {
      if (before === null) return;
      before = null;
      this.show(this.level);
    };
    this.hold.addEventListener("pointerdown", down);
    this.hold.addEventListener("keydown", down);
    for (const name of ["pointerup", "pointercancel", "pointerleave", "keyup", "blur"]) this.hold.addEventListener(name, up);
  }
}

export function coverAll() {
  for (const preview of previews) preview.show(0);
}

/** The preview that the keyboard means: the one with the focus, else the one last used, else the first. */
function current() {
  const focused = previews.find((preview) => preview.root.contains(document.activeElement));
  return focused ?? [...previews].sort((a, b) => b.used - a.used)[0];
}

export function stepCurrent() {
  current()?.forward();
}

export function start() {
  for (const root of document.querySelectorAll("[data-preview]")) previews.push(new Preview(root));
  if (!previews.length) return;
  window.addEventListener("blur", coverAll);
  window.addEventListener("pagehide", coverAll);
  document.addEventListener("visibilitychange", () => document.hidden && coverAll());
  let touched = Date.now();
  for (const name of ["keydown", "pointermove", "pointerdown"]) {
    document.addEventListener(name, () => (touched = Date.now()), { passive: true });
  }
  setInterval(() => Date.now() - touched > IDLE && coverAll(), 5_000);
}
