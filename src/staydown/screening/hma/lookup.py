"""``/h`` and ``/m`` of Hasher-Matcher-Actioner: hash a file, look it up, compare two hashes, say how fresh it is."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from staydown.core.bank import Action, verdict
from staydown.core.hashing.algorithm import USUAL_RADIUS, Algorithm, Hash
from staydown.core.matching.index import shortened
from staydown.errors import InvalidError, TooLargeError
from staydown.exchange import hma
from staydown.exchange.peer import ScreeningKey
from staydown.screening import bodies
from staydown.screening.hma.asking import answer_json
from staydown.screening.hma.pictures import TYPES, VIDEO, Asked, Pictures
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.node import MOST_MATCHES, Found, Node
from staydown.screening.wire import Frames

MOST_IN_A_BANK: Final = 100  # matches of one lookup that are told, nearest first
LONGEST_COMPARISON: Final = 65_536  # bytes
REVIEW: Final = "_REVIEW"
_NO_SIGNAL: Final = "invalid signal: invalid PDQ hash"

Named = tuple[str, Found]


class Lookup:
    """Answers for one node. What matches is reported to the publisher as it is for any other client."""

    def __init__(self, node: Node, pictures: Pictures, settings: HmaSettings) -> None:
        self._node = node
        self._pictures = pictures
        self._tells_review = settings.review

    async def hash_sent(self, request: Request, _key: ScreeningKey) -> Response:
        """``POST /h/hash``."""
        signals, _ = await self._pictures.sent(request, self._pictures.signals)
        return answer_json(signals)

    async def hash_named(self, request: Request, _key: ScreeningKey) -> Response:
        """``GET /h/hash?url=``."""
        return answer_json(await self._pictures.named(request, self._pictures.signals))

    async def look_up(self, request: Request, key: ScreeningKey) -> Response:
        """``GET /m/lookup``, by a signal or by the address of a file; with a ``signal_type`` too, by that one alone."""
        if request.query_params.get("url"):
            asked = await self._pictures.named(request, self._pictures.asked)
            found = await self._of_file(asked, request, key)
            alone = request.query_params.get("signal_type")
            return answer_json(found.get(alone, {}) if alone else found)
        return answer_json(hma.by_bank(await self._of_signal(request, key)))

    async def look_up_sent(self, request: Request, key: ScreeningKey) -> Response:
        """``POST /m/lookup``."""
        asked, _ = await self._pictures.sent(request, self._pictures.asked)
        return answer_json(await self._of_file(asked, request, key))

    async def look_up_raw(self, request: Request, key: ScreeningKey) -> Response:
        """``GET /m/raw_lookup``: matches without their banks."""
        found = [match for _, match in await self._of_signal(request, key)]
        if hma.is_true(request.query_params.get("include_distance", "")):
            return answer_json({"matches": [hma.told(match) for match in found]})
        return answer_json({"matches": [hma.content_id(match.entry.id) for match in found]})

    async def compare(self, request: Request, _key: ScreeningKey) -> Response:
        """``POST /m/compare``."""
        try:
            pairs = json.loads(await bodies.read(request.receive, LONGEST_COMPARISON))
        except TooLargeError:
            raise
        except (ValueError, RecursionError):
            raise InvalidError("The body is not valid JSON.") from None
        if not isinstance(pairs, dict):
            raise InvalidError("The body is not a JSON object.")
        return answer_json(hma.compared(pairs, USUAL_RADIUS))

    async def index_status(self, request: Request, _key: ScreeningKey) -> Response:
        """``GET /m/index/status``, of one signal type or of all.

        ``built_to`` is the moment up to which no change is missing. What is known by one hash lies in one index.
        """
        asked = request.query_params.get("signal_type")
        if asked is not None and asked not in hma.SIGNAL_TYPES:
            raise InvalidError(f"No such signal type '{asked[:40]}'")
        built_to = int(time.time() - (self._node.follower.lag or 0.0))
        sizes = {
            name: len(self._node.videos if algorithm is Algorithm.VPDQ else self._node.index)
            for name, algorithm in hma.SIGNAL_TYPES.items()
            if asked in (None, name)
        }
        return answer_json(
            {name: {"present": True, "built_to": built_to, "size": size} for name, size in sizes.items()}
        )

    async def status(self, _request: Request) -> Response:
        """``GET /status``, for load balancers: alive, not loaded yet, or behind the feed."""
        if not self._node.can_answer:
            return PlainTextResponse("INDEX-NOT-LOADED", 503)
        if self._node.trouble() is not None:
            return PlainTextResponse("INDEX-STALE", 503)
        return PlainTextResponse("I-AM-ALIVE")

    async def alive(self, _request: Request) -> Response:
        """``GET /status/live``."""
        return PlainTextResponse("I-AM-ALIVE")

    async def _of_signal(self, request: Request, key: ScreeningKey) -> list[Named]:
        """What the hash in the query string matches; a video's frames those of banked videos."""
        given = request.query_params
        for name in ("signal", "signal_type"):
            if not given.get(name):
                raise InvalidError(f"{name} is required")
        if hma.SIGNAL_TYPES.get(given["signal_type"]) is not Algorithm.VPDQ:
            return self._found([hma.signal(given["signal_type"], given["signal"])], (), request, key)
        frames = tuple(hma.frames(given["signal"]))
        return await anyio.to_thread.run_sync(self._found, (), frames, request, key)

    async def _of_file(self, asked: Asked, request: Request, key: ScreeningKey) -> dict[str, Any]:
        """The answer for a file: by the signal types that HMA has for it, and by any other in which it is banked.

        What could not be looked at as a whole has an answer only if it matches: it is never called clean.
        """
        found = asked.found
        if found.frames:  # thousands of hashes: too long for the event loop
            hashes = list(dict.fromkeys([*(each for _, seen in found.frames for each in seen), *found.hashes]))
            named = await anyio.to_thread.run_sync(self._found, hashes, found.frames, request, key)
        else:
            named = self._found(found.hashes, (), request, key)
        by_type: dict[str, list[Named]] = {}
        for name, match in named:
            by_type.setdefault(hma.SIGNAL_TYPE[match.algorithm], []).append((name, match))
        if not by_type and found.error is not None:
            raise found.error
        if asked.content_type == VIDEO or found.is_hashable:
            by_type = {each: [] for each in TYPES[asked.content_type]} | by_type
        if not by_type:
            raise InvalidError(_NO_SIGNAL)
        return {each: hma.by_bank(by_type[each]) for each in hma.SIGNAL_TYPES if each in by_type}

    def _found(self, hashes: Sequence[Hash], frames: Frames, request: Request, key: ScreeningKey) -> list[Named]:
        """What matches in the banks that are asked for and that the key may see, with the name to tell it by."""
        wanted = {name.strip() for name in request.query_params.get("banks", "").split(",") if name.strip()}
        seen: list[Found] = []
        named: list[Named] = []
        counts: dict[str, int] = {}
        for match in self._node.matches(hashes, frames):
            bank, name = match.entry.bank, self._name(match)
            if (key.banks and bank not in key.banks) or (wanted and not wanted & {name, hma.bank_name(bank)}):
                continue
            seen.append(match)
            counts[name] = counts.get(name, 0) + 1
            if counts[name] <= MOST_IN_A_BANK and (self._tells_review or match.action is Action.BLOCK):
                named.append((name, match))
        self._node.metrics.answered["video" if frames else "hash"].count(verdict(seen))
        if seen:
            self._node.report(shortened(seen, MOST_MATCHES))
        return named

    def _name(self, match: Found) -> str:
        """The bank that HMA's client is told. To it a match is a match, so what blocks and what does not lie apart."""
        return hma.bank_name(match.entry.bank) + ("" if match.action is Action.BLOCK else REVIEW)
