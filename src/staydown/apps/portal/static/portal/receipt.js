/** Copy and print on the receipt page. Without this script the code can be selected, and the download works. */

/** Brings the buttons on this page to life; does nothing on a page without a receipt. */
export function enhance(page) {
  const copy = page.querySelector("[data-copy]");
  if (copy && navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      const told = page.querySelector("[data-copy-told]");
      try {
        await navigator.clipboard.writeText(copy.dataset.copy);
        told.textContent = copy.dataset.done;
      } catch {
        told.textContent = copy.dataset.failed;
      }
    });
  }
  const print = page.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
}
