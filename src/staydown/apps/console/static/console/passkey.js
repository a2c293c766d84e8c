// Shows the passkey buttons where the browser can use them, and says in words when one fails.
const buttons = document.querySelectorAll("[data-passkey]");
const failed = document.querySelector("[data-passkey-failed]");

if (window.PublicKeyCredential) for (const button of buttons) button.hidden = false;

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  if (failed) failed.hidden = false;
});
for (const button of buttons) button.addEventListener("click", () => failed && (failed.hidden = true));
