/**
 * Copy and print on the receipt page. Without this script the code can be selected, and the download works.
 *
 * The receipt is the answer to a form, and a reload sends that form again and gets the same code. So nothing here may
 * touch the page's entry in the history.
 */

const copy = document.querySelector("[data-copy]");
const print = document.querySelector("[data-print]");

if (navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    const told = document.querySelector("[data-copy-told]");
    try {
      await navigator.clipboard.writeText(copy.dataset.copy);
      told.textContent = copy.dataset.done;
    } catch {
      told.textContent = copy.dataset.failed;
    }
  });
}

print.hidden = false;
print.addEventListener("click", () => window.print());
