// The case page: keeps the lease while someone works here, steps through previews, jumps to the decision.
import { coverAll, start, stepCurrent } from "./preview.js";
import { listen } from "./shortcuts.js";

const EVERY = 60_000;

/** Renews the lease at most once a minute and only after a sign of life, so that a forgotten tab lets go. */
function keepLease(form) {
  let alive = false;
  for (const name of ["keydown", "pointerdown", "input"]) document.addEventListener(name, () => (alive = true));
  const lost = document.querySelector("[data-lease-lost]");
  setInterval(async () => {
    if (!alive || document.hidden) return;
    alive = false;
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { Accept: "application/json" },
        redirect: "error",
      });
      const { held, holder } = await answer.json();
      lost.hidden = held;
      if (!held) lost.querySelector("[data-holder]").textContent = holder;
    } catch {
      // No answer: the server still refuses a decision that someone else's lease forbids.
    }
  }, EVERY);
}

function toDecision() {
  const form = document.getElementById("decide");
  if (!form) return;
  form.scrollIntoView({ block: "start" });
  form.querySelector("input[type=radio]:checked, input[type=radio]")?.focus();
}

/** Keeps typed text safe from a slip: the browser asks before the page is left. */
function guardTyping() {
  const form = document.querySelector("[data-decision]");
  if (!form) return;
  const reason = form.querySelector("textarea");
  const before = reason.value;
  let sending = false;
  form.addEventListener("submit", () => (sending = true));
  window.addEventListener("beforeunload", (event) => {
    if (!sending && reason.value !== before) event.preventDefault();
  });
}

/** Shows only the questions that the chosen verdict needs; without this script all of them are shown. */
function followVerdict() {
  const form = document.querySelector("[data-decision]");
  if (!form) return;
  const grounds = form.querySelector("[data-grounds]");
  const law = form.querySelector("[data-law]");
  const follow = () => {
    const chosen = form.querySelector("input[name=verdict]:checked")?.value;
    if (grounds) grounds.hidden = chosen !== "decline";
    if (law) law.hidden = !chosen || chosen === "decline";
  };
  form.addEventListener("change", follow);
  window.addEventListener("pageshow", follow);
  follow();
}

start();
guardTyping();
followVerdict();
const lease = document.querySelector("[data-lease-renew]");
if (lease) keepLease(lease);
listen({
  v: stepCurrent,
  b: coverAll,
  d: toDecision,
  u: () => document.querySelector("[data-queue-link]")?.click(),
});
