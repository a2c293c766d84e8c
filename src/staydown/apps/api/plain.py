"""The doors of other people's protocols: who is let in, and errors as ``{"message": ...}``."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from staydown.apps.accounts import access
from staydown.apps.accounts.models import ApiKey
from staydown.apps.api.problems import waiting
from staydown.errors import (
    CaseworkError,
    ConflictError,
    DeniedError,
    InvalidError,
    MissingError,
    StaydownError,
    TooOftenError,
)
from staydown.exchange import hma

log = logging.getLogger(__name__)

_STATUS: Final[dict[type[StaydownError], int]] = {
    DeniedError: 403,
    MissingError: 404,
    ConflictError: 409,
    TooOftenError: 429,
}
View = Callable[..., HttpResponse]


def bearer(request: HttpRequest) -> str:
    """The key in the ``Authorization`` header; empty without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def asking(
    *,
    token: Callable[[HttpRequest], str] = bearer,
    challenge: str = "Bearer",
    **by_method: tuple[str, Callable[..., Any]],
) -> View:
    """A view that answers each method by its own function, for keys with that function's scope.

    ``token`` says where a request carries its key, ``challenge`` how a client is asked for one.
    """

    @csrf_exempt
    def answer(request: HttpRequest, **given: str) -> HttpResponse:
        found = by_method.get(request.method or "")
        if found is None:
            return message(405, "The method is not allowed for the requested URL.")
        scope, do = found
        try:
            key = access.key_for(token(request))
        except DeniedError as error:
            response = message(401, error.message)
            response.headers["WWW-Authenticate"] = challenge
            return response
        if not key.may(scope):
            return message(403, f"missing role: the key needs the scope {scope}")
        return _answered(request, key, do, given)

    return answer


def _answered(request: HttpRequest, key: ApiKey, do: Callable[..., Any], given: dict[str, str]) -> HttpResponse:
    try:
        found = do(request, key, **given)
    except StaydownError as error:
        kind = next((each for each in type(error).__mro__ if each in _STATUS), CaseworkError)
        return waiting(message(_STATUS.get(kind, 400), error.message), error)
    except Exception:
        log.exception(
            "A protocol of others could not be answered: %s", request.method
        )  # its path holds nothing but names
        return message(500, "Something went wrong on our side. It is in the log; try again later.")
    if isinstance(found, HttpResponse):
        return found
    response = JsonResponse(found, safe=False)
    response.headers["Cache-Control"] = "no-store"
    return response


def message(status: int, text: str) -> JsonResponse:
    """An error."""
    return JsonResponse({"message": text}, status=status)


def fields(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body; raises `InvalidError`."""
    try:
        found = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidError("The body is not a JSON object.")
    return found


def is_yes(value: object) -> bool:
    """Whether a switch is wholly on: true, 1, 1.0 or a word for it."""
    return hma.is_true(value) if isinstance(value, str) else value in (True, 1)


@csrf_exempt
def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """The answer for an address that is none."""
    return message(404, "The requested URL was not found on the server.")
