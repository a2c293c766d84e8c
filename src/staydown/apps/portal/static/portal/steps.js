/**
 * Moves between the questions without leaving the page. The forms work without this script; with it
 *  - Back and Forward show each question as it was, with what was typed, and never ask to send a form again;
 *  - a lost connection loses no answer;
 *  - pages that held answers exist only in memory, and are gone when the person leaves.
 * There is no question on the way out ("Leave site?"), although a reload begins anew: closing the page must never wait.
 * The last step, once it has worked, is posted again as a plain form: the same report sent twice is one report with one
 * code, and the receipt then is a page of its own that a reload brings back instead of losing the code.
 */

import { enhance as enhancePictures } from "./pictures.js";

let pages = [document.querySelector("body > .width")];
let at = 0;
let isBusy = false;

history.replaceState({ at }, "");
enhance(pages[0]);

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-step]");
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  if (isBusy) return;
  isBusy = true;
  send(form, event.submitter);
});

window.addEventListener("popstate", (event) => {
  const wanted = event.state?.at;
  if (!pages[wanted]) {
    window.location.reload();
    return;
  }
  put(pages[wanted]);
  at = wanted;
});

window.addEventListener("staydown:leaving", () => {
  pages = [];
});

function send(form, button) {
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "document"; // parsed by the browser, scripts in it never run
  request.addEventListener("load", () => {
    const page = request.response?.querySelector("body > .width");
    if (page?.querySelector("[data-final]")) postPlainly(form, button);
    else if (page) arrive(request.response.title, page);
    else offline();
  });
  request.addEventListener("error", offline);
  request.addEventListener("loadend", () => {
    isBusy = false;
  });
  request.send(new URLSearchParams(new FormData(form, button)));
}

function postPlainly(form, button) {
  const pressed = Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value });
  form.append(pressed);
  form.submit();
  pressed.remove();
}

function arrive(title, page) {
  const next = document.adoptNode(page);
  const isSame = stepOf(next) && stepOf(next) === stepOf(pages[at]);
  put(next);
  document.title = title;
  next.dataset.title = title;
  if (isSame) {
    pages[at] = next;
  } else {
    at += 1;
    pages.length = Math.min(pages.length, at);
    pages[at] = next;
    history.pushState({ at }, "");
  }
  enhance(next);
}

function put(page) {
  document.querySelector("body > .width").replaceWith(page);
  if (page.dataset.title) document.title = page.dataset.title;
  window.scrollTo(0, 0);
  const goal = page.querySelector("#errors") ?? page.querySelector("h1");
  goal?.setAttribute("tabindex", "-1");
  goal?.focus({ preventScroll: true });
}

function enhance(page) {
  page.dataset.title ??= document.title;
  enhancePictures(page);
}

function offline() {
  const page = document.querySelector("body > .width");
  page.querySelector("#errors")?.remove();
  page.querySelector("main").prepend(document.querySelector("#offline").content.cloneNode(true));
  page.querySelector("#errors").focus();
}

function stepOf(page) {
  return page?.querySelector('main form[data-step] input[name="step"]')?.value;
}
