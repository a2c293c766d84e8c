"""The addresses of Hasher-Matcher-Actioner's API at a node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from staydown.exchange.peer import FeedClient
from staydown.screening.answering import Answering
from staydown.screening.hma.asking import Doors, message
from staydown.screening.hma.curating import Curating
from staydown.screening.hma.lookup import Lookup
from staydown.screening.hma.pictures import Pictures
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.node import Node

Handler = Callable[[Request], Awaitable[Response]]
ANY = ["GET", "POST", "PUT", "DELETE"]


def routes(node: Node, answering: Answering, client: FeedClient, settings: HmaSettings) -> list[Route]:
    """The routes, in the order in which they are tried."""
    doors = Doors(node, settings)
    pictures = Pictures(answering, node.settings, settings)
    lookup = Lookup(node, pictures, settings)
    curating = Curating(client, pictures, doors)
    bank_picture = doors.asking(curating.bank_picture, distances=False)
    look_up = {
        "GET": doors.asking(lookup.look_up, distances=True),
        "POST": doors.asking(lookup.look_up_sent, distances=True),
    }
    hash_ = {
        "GET": doors.asking(lookup.hash_named, distances=False),
        "POST": doors.asking(lookup.hash_sent, distances=False),
    }
    return [
        Route("/status", lookup.status, methods=["GET"]),
        Route("/status/live", lookup.alive, methods=["GET"]),
        Route("/h/hash", by_method(hash_), methods=ANY),
        Route("/m/lookup", by_method(look_up), methods=ANY),
        Route("/m/raw_lookup", by_method({"GET": doors.asking(lookup.look_up_raw, distances=True)}), methods=ANY),
        Route("/m/compare", by_method({"POST": doors.asking(lookup.compare, distances=False)}), methods=ANY),
        Route("/m/index/status", by_method({"GET": doors.asking(lookup.index_status, distances=False)}), methods=ANY),
        Route("/c/bank/{bank}/content", by_method({"POST": bank_picture}), methods=ANY),
        Route("/c/{path:path}", doors.speaking(curating.hand_on), methods=ANY),
        Route("/h/{path:path}", nothing, methods=ANY),
        Route("/m/{path:path}", nothing, methods=ANY),
    ]


def by_method(handlers: dict[str, Handler]) -> Handler:
    """Asks the handler of the request's method; 405 in HMA's own words for another one."""

    async def answer(request: Request) -> Response:
        handler = handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is not None:
            return await handler(request)
        found = message(405, "The method is not allowed for the requested URL.")
        found.headers["allow"] = ", ".join(handlers)
        return found

    return answer


async def nothing(_request: Request) -> Response:
    """What HMA says where it has nothing."""
    return message(404, "The requested URL was not found on the server.")
