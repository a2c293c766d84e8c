"""Every error as an RFC 9457 problem document: machines read ``code``, people read ``detail``."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from staydown.errors import (
    CaseworkError,
    ConflictError,
    DeniedError,
    HashError,
    LeaseError,
    MediaError,
    MissingError,
    ReceiptError,
    StateError,
    StaydownError,
    TooOftenError,
)

log = logging.getLogger(__name__)

CONTENT_TYPE: Final = "application/problem+json"
NOT_SIGNED_IN: Final = "Send a valid key: Authorization: Bearer sdn_live_…"

#: The status of each error, by its class or the nearest class above it. Anything else is a fault of ours.
STATUS: Final[dict[type[StaydownError], int]] = {
    DeniedError: 403,
    MissingError: 404,
    ReceiptError: 404,
    ConflictError: 409,
    LeaseError: 409,
    StateError: 409,
    CaseworkError: 422,
    HashError: 422,
    MediaError: 422,
    TooOftenError: 429,
}


def problem(status: int, code: str, detail: str, **more: Any) -> HttpResponse:
    """The answer that says what is wrong."""
    body = {
        "type": f"urn:staydown:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    response = HttpResponse(json.dumps(body), content_type=CONTENT_TYPE, status=status)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def for_error(error: StaydownError) -> HttpResponse:
    """The problem that an error of ours is. What is our own fault keeps its message to the log."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return waiting(problem(STATUS[kind], error.code, error.message), error)
    log.error("The API could not answer: %s (%s)", error.message, error.code)
    return problem(500, error.code, "Something went wrong on our side. It is in the log; try again later.")


def waiting(response: HttpResponse, error: StaydownError) -> HttpResponse:
    """The answer, which says when to ask again where ``error`` knows that."""
    if isinstance(error, TooOftenError):
        response.headers["Retry-After"] = str(math.ceil(error.seconds))
    return response


def not_found(request: HttpRequest, rest: str = "") -> HttpResponse:
    """The answer for an address that is none."""
    return problem(404, MissingError.code, "There is nothing at this address. See /api/v1/openapi.json.")


def not_allowed(response: HttpResponse) -> HttpResponse:
    """The answer for a method that an address does not know."""
    found = problem(405, "method_not_allowed", f"This address takes {response.headers['Allow']}.")
    found.headers["Allow"] = response.headers["Allow"]
    return found


def install(api: NinjaAPI) -> None:
    """Let ``api`` answer every error with a problem."""
    api.add_exception_handler(StaydownError, lambda _request, error: for_error(error))
    api.add_exception_handler(ValidationError, lambda _request, error: _invalid(error.errors))
    api.add_exception_handler(AuthenticationError, lambda _request, _error: problem(401, "denied", NOT_SIGNED_IN))
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(Exception, _our_fault)


def _invalid(errors: Sequence[dict[str, Any]]) -> HttpResponse:
    """What is wrong with each field. What was sent is not repeated: it may be somebody's words."""
    fields = [{"field": _place(each["loc"]), "message": str(each["msg"])} for each in errors]
    first = f"{fields[0]['field']}: {fields[0]['message']}." if fields else "Something is not valid."
    return problem(422, "invalid", first, errors=fields)


def _place(location: Sequence[str | int]) -> str:
    """The path of a field as the caller wrote it: ``links.3``, without ninja's own names for the body."""
    parts = [str(each) for each in location]
    return ".".join(parts[2:] if parts[0] == "body" and len(parts) > 2 else parts[1:] or parts)


def _http_error(request: HttpRequest, error: Exception) -> HttpResponse:
    status = getattr(error, "status_code", 400)
    return problem(status, "invalid", "This request cannot be read. Send JSON, as the OpenAPI document says.")


def _our_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("The API failed at %s %s", request.method, request.path, exc_info=error)
    return problem(500, "error", "Something went wrong on our side. It is in the log; try again later.")
