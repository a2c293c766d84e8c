// The link in a notice holds the code behind a #, which no server sees. Put it into the form, and off the address.
const field = document.querySelector("[data-from-link] input[name=code]");
const code = decodeURIComponent(location.hash.slice(1));
if (field && code && !field.value) {
  field.value = code;
  history.replaceState(null, "", location.pathname);
  field.form.querySelector("button").focus();
}
