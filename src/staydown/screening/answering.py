"""From a request's body to the answer: allow, review or block."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import anyio.to_thread
from starlette.types import Receive

from staydown.core.bank import Verdict
from staydown.core.hashing.algorithm import Hash
from staydown.core.hashing.containers import is_video
from staydown.core.hashing.digest import exact
from staydown.core.hashing.video import Video
from staydown.core.matching.video import VideoMatch
from staydown.errors import MediaError, TooLargeError
from staydown.screening import bodies, wire
from staydown.screening.bodies import Gate, Upload
from staydown.screening.node import MOST_MATCHES, Answer, Banks, Found, Node
from staydown.screening.patience import within
from staydown.screening.together import Together
from staydown.screening.wire import Options, Question

IN_ONE_GO: Final = 16  # questions of a batch that are answered before other requests get a turn
UNAVAILABLE_FOR_LEGAL_REASONS: Final = 451
_CLEAN: Final = b'{"action":"allow","hashable":true,"hit_id":null}'


class Reply(NamedTuple):
    """A status and a body; a problem document when the request could not be answered."""

    status: int
    body: bytes
    is_problem: bool = False


class Answering:
    """Answers for one node. Hashes are looked up in the event loop, which takes well under a millisecond; pictures are
    decoded by the node's pool, a few at a time, and the rest wait behind a gate."""

    def __init__(self, node: Node) -> None:
        settings = node.settings
        self._node = node
        self._settings = settings
        self._answered = node.metrics.answered
        self._together = Together(node.index, most_matches=MOST_MATCHES)
        self._gate = Gate(most=settings.most_waiting, most_bytes=settings.most_waiting_bytes)
        # Twice as many as decode: a worker that is done finds the next picture waiting for it, and none stands idle.
        self._decoders = anyio.CapacityLimiter(2 * settings.workers)

    @property
    def uploads(self) -> int:
        """How many uploads are inside the gate."""
        return self._gate.inside

    async def one(self, receive: Receive, options: Options, banks: Banks) -> Reply:
        """The answer to a JSON question."""
        began = time.perf_counter()
        body = await within(self._settings.upload_seconds, bodies.read(receive, self._settings.longest_json))
        question = wire.question(body, self._settings)
        if question.frames:  # hundreds of hashes: too long for the event loop
            answer = await anyio.to_thread.run_sync(self._decide, question, banks)
        elif banks or not question.hashes:
            answer = self._decide(question, banks)
        else:
            matches: list[Found] = [
                *await self._together.query(question.hashes),
                *self._node.stills(question.hashes, banks),
            ]
            answer = self._node.answer(matches, content_ref=question.content_ref, preview_url=question.preview_url)
        self._answered["video" if question.frames else "hash"].count(answer.verdict, time.perf_counter() - began)
        if answer.hit_id is None and question.hashable and not options.explain:
            return Reply(200, _CLEAN)
        return Reply(_status(answer.verdict, options), _written(answer, options, hashable=question.hashable))

    async def many(self, receive: Receive, options: Options, banks: Banks) -> Reply:
        """The answers to a batch of JSON questions, in their order. Its status says nothing of them."""
        body = await within(self._settings.upload_seconds, bodies.read(receive, self._settings.longest_json))
        questions = wire.questions(body, self._settings)
        answers: list[bytes] = []
        for number, question in enumerate(questions, start=1):
            began = time.perf_counter()
            if question.frames:
                answer = await anyio.to_thread.run_sync(self._decide, question, banks)
            else:
                answer = self._decide(question, banks)
            answers.append(_written(answer, options, hashable=question.hashable))
            self._answered["video" if question.frames else "hash"].count(answer.verdict, time.perf_counter() - began)
            if number % IN_ONE_GO == 0:
                await asyncio.sleep(0)
        return Reply(200, b'{"answers":[' + b",".join(answers) + b"]}")

    async def upload(
        self, receive: Receive, content_type: bytes, length: bytes, options: Options, banks: Banks
    ) -> Reply:
        """The answer to a picture or a video; a problem when not all can be decoded and nothing of it is known."""
        began = time.perf_counter()
        upload = Upload(content_type, longest=self._settings.longest_upload)
        async with self.received(receive, upload, length):
            content_ref = wire.text(upload.text("content_ref"), "content_ref", wire.LONGEST_REF)
            preview_url = wire.address(upload.text("preview_url"), "preview_url")
            data = upload.file
            is_film = is_video(data)
            found = await (self.hashed_film(data) if is_film else self.hashed(data))
        question = Question(found.hashes, found.is_hashable, content_ref, preview_url, found.frames)
        if is_film:  # thousands of hashes: too long for the event loop
            answer = await anyio.to_thread.run_sync(self._decide, question, banks)
        else:
            answer = self._decide(question, banks)
        return self._answer_upload(found, answer, options, began, "video" if is_film else "picture")

    @asynccontextmanager
    async def received(self, receive: Receive, upload: Upload, length: bytes) -> AsyncIterator[None]:
        """The whole body in ``upload``. For as long as the block runs its bytes count as held by this node."""
        longest = self._settings.longest_upload + bodies.ROOM_FOR_THE_REST
        if length.isdigit() and int(length) > longest:
            raise TooLargeError
        with self._gate as gate:
            held = 0
            try:

                def take(data: bytes) -> None:
                    nonlocal held
                    gate.hold(len(data))
                    held += len(data)
                    upload.write(data)

                async with asyncio.timeout(self._settings.upload_seconds):
                    await bodies.stream(receive, take, longest)
                yield
            finally:
                gate.release(held)

    async def hashed(self, data: bytes) -> Hashed:
        """The hashes to look a picture file up by; the decoder's turn is waited for."""
        return await anyio.to_thread.run_sync(self._hashes, data, limiter=self._decoders)

    async def hashed_film(self, data: bytes) -> Hashed:
        """The hashes to look a video file up by; its own decoder's turn is waited for."""
        return Hashed(*await self._node.films.hashed(data, with_md5=self._node.may_hold_md5))

    async def video(self, data: bytes) -> Video:
        """A video by a frame a second, as one is banked. Raises a `MediaError`, or `BusyError` when too many wait."""
        return await self._node.films.video(data)

    def _answer_upload(self, found: Hashed, answer: Answer, options: Options, began: float, of: str) -> Reply:
        if found.error is not None:
            self._node.metrics.decode_errors.labels(found.error.code).inc()
            if answer.verdict is Verdict.ALLOW:  # what could not be looked at is never called clean
                return Reply(*wire.problem(found.error, 422), is_problem=True)
        self._answered[of].count(answer.verdict, time.perf_counter() - began)
        return Reply(_status(answer.verdict, options), _written(answer, options, hashable=found.is_hashable))

    def _decide(self, question: Question, banks: Banks) -> Answer:
        return self._node.decide(
            question.hashes,
            banks=banks,
            content_ref=question.content_ref,
            preview_url=question.preview_url,
            frames=question.frames,
        )

    def _hashes(self, data: bytes) -> Hashed:
        """The hashes to look a picture file up by. Runs in a thread, the decoding in a process."""
        with_md5 = self._node.may_hold_md5
        try:
            picture = self._node.pool.hash(data, with_md5=with_md5)
        except MediaError as error:
            return Hashed(exact(data, with_md5=with_md5), has_detail=False, error=error)
        return Hashed(picture.asked, has_detail=picture.is_hashable, error=None)


class Hashed(NamedTuple):
    """What a file is looked up by: of a picture the PDQ of its eight variants, as it is first; last those of its bytes.

    Of a video its frames, and the hashes of its bytes: the SHA-256, and the MD5 where the node may hold one.
    """

    hashes: tuple[Hash, ...]
    has_detail: bool
    error: MediaError | None
    frames: wire.Frames = ()

    @property
    def is_hashable(self) -> bool:
        """Whether PDQ can tell it from others."""
        return self.error is None and self.has_detail


def _status(action: Verdict, options: Options) -> int:
    return UNAVAILABLE_FOR_LEGAL_REASONS if options.status and action is Verdict.BLOCK else 200


def _written(answer: Answer, options: Options, *, hashable: bool) -> bytes:
    """The answer's JSON. Only with ``explain`` does it tell of an entry, and never of a hash."""
    fields: dict[str, object] = {"action": answer.verdict.value, "hashable": hashable, "hit_id": answer.hit_id}
    if options.explain:
        fields["matches"] = [_told(match) for match in answer.matches]
    return json.dumps(fields, separators=(",", ":")).encode()


def _told(match: Found) -> dict[str, object]:
    """A match as ``explain`` tells it; of a video also how much of each is in the other, in percent."""
    told: dict[str, object] = {
        "bank": match.entry.bank,
        "entry": str(match.entry.id),
        "algorithm": match.algorithm.value,
        "distance": match.distance,
        "action": match.action.value,
    }
    if isinstance(match, VideoMatch):
        told["query_percent"] = round(match.query_percent, 1)
        told["entry_percent"] = round(match.entry_percent, 1)
    return told
