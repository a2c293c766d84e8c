/** The one Trusted Types policy of the portal: scripts may come from this origin, and nothing else may be made trusted. */

const rules = {
  createScriptURL(address) {
    if (new URL(address, window.location.href).origin !== window.location.origin) throw new TypeError("another origin");
    return address;
  },
};

export const policy = window.trustedTypes?.createPolicy("staydown", rules) ?? rules;
