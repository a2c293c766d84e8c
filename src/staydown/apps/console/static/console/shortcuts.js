// Single-letter shortcuts: silent while someone types or holds a modifier, and each person can switch them off.
const SETTING = "staydown-shortcuts";

const typing = (target) =>
  target instanceof Element && target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");

/** Whether this browser's user wants shortcuts. Storage may be blocked: then they stay on for this page. */
export function wanted() {
  try {
    return localStorage.getItem(SETTING) !== "off";
  } catch {
    return true;
  }
}

function remember(on) {
  try {
    if (on) localStorage.removeItem(SETTING);
    else localStorage.setItem(SETTING, "off");
  } catch {
    // Nothing to keep it in: the choice holds until the page is left.
  }
}

/** Calls `bindings[key]()` for a key pressed alone, unless someone types, a dialog is open or shortcuts are off. */
export function listen(bindings, { enabled = wanted } = {}) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const action = bindings[event.key];
    if (!action || !enabled()) return;
    event.preventDefault();
    action();
  });
}

/** Wires the help dialog: its buttons, the `?` key and the switch. `?` works even while the letters are off. */
export function help() {
  const dialog = document.getElementById("keys-help");
  if (!dialog) return;
  const toggle = dialog.querySelector("[data-keys-switch]");
  const show = () => {
    toggle.checked = wanted();
    dialog.showModal();
  };
  toggle.addEventListener("change", () => remember(toggle.checked));
  for (const button of document.querySelectorAll("[data-keys-open]")) {
    button.hidden = false;
    button.addEventListener("click", show);
  }
  dialog.querySelector("[data-keys-close]").addEventListener("click", () => dialog.close());
  listen({ "?": show }, { enabled: () => true });
}
