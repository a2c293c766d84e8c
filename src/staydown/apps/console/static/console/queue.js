// The queue: j and k move between cases, r asks for the newest list. Rows never move by themselves under a finger.
import { listen } from "./shortcuts.js";

const PLACE = "staydown-queue-place";
const EVERY = 30_000;

const list = document.querySelector("[data-queue]");
const links = () => [...document.querySelectorAll("[data-case-link]")];

function step(by) {
  const all = links();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
  all[next].focus();
}

function refresh() {
  const all = links();
  const at = all.indexOf(document.activeElement);
  try {
    if (at >= 0) sessionStorage.setItem(PLACE, JSON.stringify({ id: all[at].dataset.caseLink, at }));
  } catch {
    // Without storage the page still refreshes; only the row is not found again.
  }
  location.reload();
}

/** After a refresh: the same case if it is still here, else the row that stands where it stood. */
function returnToPlace() {
  let place = null;
  try {
    place = JSON.parse(sessionStorage.getItem(PLACE));
    sessionStorage.removeItem(PLACE);
  } catch {
    return;
  }
  const all = links();
  if (!place || !all.length) return;
  const found = all.find((link) => link.dataset.caseLink === place.id) ?? all[Math.min(place.at, all.length - 1)];
  found.focus();
}

/** Asks now and then whether the queue has changed, and says so; the person chooses when to refresh. */
async function watch() {
  if (document.hidden) return;
  const banner = document.querySelector("[data-queue-changed]");
  try {
    const answer = await fetch(list.dataset.pulse, { headers: { Accept: "application/json" }, redirect: "error" });
    if (!answer.ok) return;
    const { stamp } = await answer.json();
    if (stamp !== list.dataset.stamp && banner.hidden) banner.hidden = false;
  } catch {
    // Offline or signed out: the next tick, or the next click, says so.
  }
}

if (list) {
  listen({ j: () => step(1), k: () => step(-1), r: refresh });
  list.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  });
  for (const button of document.querySelectorAll("[data-queue-refresh]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      refresh();
    });
  }
  returnToPlace();
  setInterval(watch, EVERY);
}
