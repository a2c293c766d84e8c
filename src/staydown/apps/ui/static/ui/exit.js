/**
 * Makes every `a[data-exit]` leave at once: the page is covered, typed answers are wiped, and the entry in the browser's
 * history is replaced. Shift three times within five seconds does the same. Without this script the link still works.
 */

const WITHIN = 5000;
const link = document.querySelector("a[data-exit][data-leaving]");

if (link) {
  const status = document.createElement("div");
  status.className = "unseen";
  status.setAttribute("role", "status");
  document.body.append(status);

  let presses = 0;
  let timer = 0;

  const leave = () => {
    const cover = document.createElement("div");
    cover.className = "leaving__cover";
    cover.setAttribute("role", "alert");
    cover.textContent = link.dataset.leaving;
    document.body.append(cover);
    document.documentElement.classList.add("leaving");
    document.title = link.dataset.hiddenTitle;
    window.dispatchEvent(new Event("staydown:leaving"));
    for (const form of document.forms) form.reset();
    window.location.replace(link.href);
  };

  const stop = () => {
    if (presses) status.textContent = link.dataset.stopped;
    presses = 0;
  };

  const pressed = (event) => {
    if (event.key !== "Shift") {
      presses = 0; // Shift held for a capital letter is typing, not a call for help
      return;
    }
    if (event.repeat) return;
    presses += 1;
    window.clearTimeout(timer);
    if (presses === 3) {
      leave();
      return;
    }
    status.textContent = presses === 1 ? link.dataset.pressMore : link.dataset.pressOnce;
    timer = window.setTimeout(stop, WITHIN);
  };

  document.addEventListener("click", (event) => {
    if (!event.target.closest("a[data-exit]")) return;
    event.preventDefault();
    leave();
  });
  document.addEventListener("keydown", pressed, { capture: true });

  // Coming back by the browser's Back must not show a page that is stuck on its cover.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.documentElement.classList.remove("leaving");
    document.querySelector(".leaving__cover")?.remove();
    presses = 0;
  });
}
