"""What somebody reads whose upload was not let through: a problem document (RFC 9457) with the code of the error."""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from staydown.errors import StaydownError, TooLargeError, UploadRefusedError, UploadUncheckedError

_STATUSES: Final = {
    UploadRefusedError: (451, "Unavailable For Legal Reasons"),
    TooLargeError: (413, "Content Too Large"),
}
_UNCHECKED: Final = (503, "Service Unavailable")
_MALFORMED: Final = (400, "Bad Request")


class Refusal(NamedTuple):
    """A whole answer."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


def refusal(error: StaydownError) -> Refusal:
    """The answer to an upload that ``error`` keeps out."""
    usual = _UNCHECKED if isinstance(error, UploadUncheckedError) else _MALFORMED
    status, reason = _STATUSES.get(type(error), usual)
    body = json.dumps(
        {"type": "about:blank", "title": reason, "status": status, "detail": error.message, "code": error.code}
    ).encode()
    headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
    return Refusal(status, reason, [*headers, ("Cache-Control", "no-store")], body)
