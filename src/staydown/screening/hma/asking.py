"""Who asks over HMA's API, what they ask for, and every error as ``{"message": ...}``."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from staydown.errors import (
    BusyError,
    DeniedError,
    ExchangeError,
    HashError,
    InvalidError,
    MediaError,
    MissingError,
    NotReadyError,
    StaydownError,
    TooLargeError,
)
from staydown.exchange.peer import ScreeningKey
from staydown.screening.auth import EXPLAIN, SCREEN
from staydown.screening.faults import trace
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.node import Node

log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Request, ScreeningKey], Awaitable[Response]]
_STATUS: Final[dict[type[StaydownError], int]] = {
    TooLargeError: 413,
    DeniedError: 403,
    MissingError: 404,
    InvalidError: 400,
    HashError: 400,
    MediaError: 400,
    ExchangeError: 400,
    BusyError: 503,
    NotReadyError: 503,
}
_THROUGH_A_PROXY: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_FROM_A_PAGE: Final = ("origin", "sec-fetch-site")
_NOT_READY: Final = "index not yet ready"


class Doors:
    """Lets clients of HMA in, by their own key or by the operator's for those who send none."""

    def __init__(self, node: Node, settings: HmaSettings) -> None:
        self._node = node
        self._settings = settings

    def authorization(self, request: Request) -> bytes:
        """The ``Authorization`` header to go by. Without one, a direct client in a named private network has one lent.

        A request that came through a proxy has none lent: the address that is seen is then the proxy's, or one that
        the client wrote itself. Nor has a browser: any web site could make one inside the network ask for it.
        """
        given = request.headers.get("authorization", "")
        is_browser = "mozilla/" in request.headers.get("user-agent", "").lower()
        if given or is_browser or any(name in request.headers for name in (*_THROUGH_A_PROXY, *_FROM_A_PAGE)):
            return given.encode("latin-1")
        if request.client is not None and self._settings.may_be_keyless(request.client.host):
            return f"Bearer {self._settings.key}".encode()
        return b""

    def asking(self, answer: Answer, *, distances: bool) -> Handler:
        """A handler that lets in keys for screening, and with ``distances`` only those that may be told distances."""

        async def handle(request: Request) -> Response:
            if not self._node.can_answer:
                return message(503, _NOT_READY)
            key = self._node.keys.find(self.authorization(request))
            if key is None or SCREEN not in key.scopes:
                return refused(key)
            if distances and EXPLAIN not in key.scopes:
                return message(403, f"missing role: the key needs the scope {EXPLAIN} too, as distances are told")
            return await answer(request, key)

        return self.speaking(handle)

    def speaking(self, handle: Handler) -> Handler:
        """The handler, whose errors are answered as HMA's are."""

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except (ClientDisconnect, TimeoutError):
                return message(408, "The body of the request did not arrive in time. Send it again.")
            except StaydownError as error:
                self._node.metrics.refusals.labels(error.code).inc()
                return message(status_of(error), error.message)
            except Exception as error:  # noqa: BLE001 - whoever asks gets an answer, and the log the place
                log.error("A request could not be answered: %s", trace(error))
                return message(500, "Something went wrong on our side. It is in the log; try again later.")

        return answered


def refused(key: ScreeningKey | None) -> Response:
    """The answer for no key, or for one that is not for screening."""
    if key is not None:
        return message(403, f"missing role: the key needs the scope {SCREEN}")
    found = message(401, "Send a key of this service as `Authorization: Bearer ...`.")
    found.headers["www-authenticate"] = "Bearer"
    return found


def message(status: int, text: str) -> Response:
    """An error as HMA's clients read it."""
    return answer_json({"message": text}, status)


def answer_json(content: Any, status: int = 200) -> Response:
    """JSON that nobody in between keeps."""
    return Response(json.dumps(content), status, {"cache-control": "no-store"}, "application/json")


def status_of(error: StaydownError) -> int:
    """The status of an error by its class, or the nearest class above it."""
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
