// The link in a notice holds the code behind a #, which no server sees. Put it into the form, off the
// address, and behind the same page's addresses in other languages.
const field = document.querySelector("[data-from-link] input[name=code]");
const code = decodeURIComponent(location.hash.slice(1));
if (field && code && !field.value) {
  field.value = code;
  for (const link of document.querySelectorAll(".languages a")) link.hash = location.hash;
  history.replaceState(null, "", location.pathname);
  field.form.querySelector("button").focus();
}
