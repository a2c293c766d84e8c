"""Links that people reported, written so that nobody follows one by accident."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

# Characters that steer the text around them (bidi overrides, zero-width) could make a link read as another one.
_PRINTABLE = re.compile(r"[\x21-\x7e]")


def legible(url: str) -> str:
    """``url`` with every letter that cannot be read for certain (outside printable ASCII) percent-encoded."""
    return "".join(letter if _PRINTABLE.match(letter) else quote(letter, safe="") for letter in url.strip())


def defanged(url: str) -> str:
    """``url`` as text that no program takes for a link: ``hxxps://example[.]org/a``."""
    text = legible(url)
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "", text
    host, slash, path = rest.partition("/")
    scheme = re.sub("^http", "hxxp", scheme, flags=re.IGNORECASE)
    return f"{scheme}{mark}{host.replace('.', '[.]')}{slash}{path}"


def origin(url: str) -> str | None:
    """The origin of ``url`` in the form of the preview setting (``https://host[:port]``), or None if it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")
