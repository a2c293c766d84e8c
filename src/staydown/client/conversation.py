"""What a client says and how it reads the answers, without a socket: the part that both clients share.

A conversation is a generator. It yields what it needs done (hash this, send that, wait so long) and is sent the
outcome; whoever drives it does these things in a thread or in an event loop.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from staydown.client.policy import Breaker, Policy
from staydown.core.bank import Verdict
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.digest import exact
from staydown.core.hashing.picture import Picture
from staydown.core.hashing.video import Video
from staydown.core.hashing.video import fault as video_fault
from staydown.errors import (
    BusyError,
    CorruptError,
    DeniedError,
    InvalidError,
    MediaError,
    ReplyRefusedError,
    StaydownError,
    UnreachableError,
)

LONGEST_PAUSE: Final = 2.0
MOST_FRAMES: Final = 5_000  # of a video that is asked about...
MOST_OF_A_FILM: Final = 50_000  # ...and hashes of them: nodes take 4 MB
_LATER: Final = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, repr=False)
class Upload:
    """A picture or a video that somebody wants to publish, and what the platform calls it."""

    data: bytes
    content_ref: str = ""
    preview_url: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do with an upload. ``hashable``: whether PDQ could tell it from others; else treat it as your rules say
    for pictures that nobody could look at. ``fault``: why it could not be hashed or nobody was there to ask, as the
    code of an error; the action is then that of the policy, or what the exact bytes alone said."""

    action: Verdict
    hashable: bool = True
    hit_id: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class HashPicture:
    """Do: hash this file. The outcome is a `Picture`, a `Video` or a `MediaError`."""

    data: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Send:
    """Do: POST this JSON. The outcome is a `Reply`; None when nobody answered in ``seconds``."""

    path: str
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Do: wait."""

    seconds: float


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What came back."""

    status: int
    body: bytes
    retry_after: str = ""


Step = HashPicture | Send | Pause
Outcome = Picture | Video | MediaError | Reply | None
Conversation = Generator[Step, Outcome, list[Answer]]


class Asking:
    """The conversations of one client."""

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        self.policy = policy
        self.breaker = Breaker(policy, clock)
        self._clock = clock

    def screen(self, uploads: Iterable[Upload], *, keep_faults: bool) -> Conversation:
        """An answer for each of ``uploads``, in their order; a batch at a time is hashed, asked and forgotten.

        A picture that cannot be hashed raises its `MediaError`; with ``keep_faults`` its answer says so instead, and
        `Verdict.REVIEW`, for what could not be looked at is never called clean.
        """
        answers: list[Answer] = []
        items: list[dict[str, Any]] = []
        faults: list[MediaError | None] = []
        for upload in uploads:
            found = yield HashPicture(upload.data)
            if isinstance(found, Video):  # hundreds of frames: a question of its own
                if items:
                    answers += yield from self._batch(items, faults, keep_faults)
                    items, faults = [], []
                damage = None if found.is_whole else video_fault(CorruptError)
                (answer,) = yield from self._batch([_film_question(found, upload)], [damage], keep_faults)
                answers.append(replace(answer, hashable=answer.hashable and found.is_hashable))
                continue
            fault = found if isinstance(found, MediaError) else None
            hashes = found.asked if isinstance(found, Picture) else exact(upload.data, with_md5=True)
            faults.append(fault)
            items.append(_question(hashes, upload))
            if len(items) >= self.policy.batch:
                answers += yield from self._batch(items, faults, keep_faults)
                items, faults = [], []
        if items:
            answers += yield from self._batch(items, faults, keep_faults)
        return answers

    def _batch(self, items: list[dict[str, Any]], faults: list[MediaError | None], keep_faults: bool) -> Conversation:
        one = len(items) == 1
        body = json.dumps(items[0] if one else {"items": items}).encode()
        try:
            said = yield from self._said("/v1/screen" if one else "/v1/screen/batch", body)
        except (UnreachableError, BusyError) as error:
            if self.policy.unreachable is None:
                raise
            return [Answer(self.policy.unreachable, hit_id=None, fault=error.code) for _ in items]
        answers = [said] if one else said.get("answers")
        if not isinstance(answers, list) or len(answers) != len(items):
            raise ReplyRefusedError("The node answered with something else than was asked.")
        return [_answer(each, fault, keep_faults=keep_faults) for each, fault in zip(answers, faults, strict=True)]

    def _said(self, path: str, body: bytes) -> Generator[Step, Outcome, dict[str, Any]]:
        """The JSON object that a node answers with. Tries again while that may help and there is time."""
        if not self.breaker.may_ask():
            raise UnreachableError("The node did not answer lately, so it is not asked for some seconds.")
        until = self._clock() + self.policy.seconds
        pause = self.policy.first_pause
        reply: Reply | None = None
        for number in range(1, self.policy.tries + 1):
            outcome = yield Send(path, body, max(until - self._clock(), 0.001))
            reply = outcome if isinstance(outcome, Reply) else None
            if reply is not None and reply.status not in _LATER:
                self.breaker.answered()
                return _object(reply)
            wait = max(_seconds(reply), pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, keeps no secret
            if number == self.policy.tries or self._clock() + wait >= until:
                break
            yield Pause(wait)
            pause *= 2
        self.breaker.unanswered()
        raise _gave_up(reply)


def _question(hashes: Sequence[Hash], upload: Upload) -> dict[str, Any]:
    return _named({"hashes": [_told(each) for each in hashes]}, upload)


def _film_question(video: Video, upload: Upload) -> dict[str, Any]:
    """The question about a video: of each frame with detail the hashes of all its turns, and those of its bytes.

    A video of more frames than a node takes is asked about by frames further apart.
    """
    frames = [frame for frame in video.frames if frame.asked]
    hashes = sum(len(frame.asked) for frame in frames)
    frames = frames[:: 1 + max(len(frames) // MOST_FRAMES, hashes // MOST_OF_A_FILM)]
    told = [{"time": round(each.time, 3), "hashes": [hash_.hex() for hash_ in each.asked]} for each in frames]
    film = [{"algorithm": Algorithm.VPDQ.value, "frames": told}] if told else []
    return _named({"hashes": [*film, *map(_told, video.exact)]}, upload)


def _told(hash_: Hash) -> dict[str, str]:
    return {"algorithm": hash_.algorithm.value, "value": hash_.hex()}


def _named(found: dict[str, Any], upload: Upload) -> dict[str, Any]:
    """The question with what the platform calls the upload."""
    if upload.content_ref:
        found["content_ref"] = upload.content_ref
    if upload.preview_url:
        found["preview_url"] = upload.preview_url
    return found


def _answer(said: object, fault: MediaError | None, *, keep_faults: bool) -> Answer:
    try:
        assert isinstance(said, dict)  # noqa: S101 - caught below
        action, hit_id = Verdict(said["action"]), said["hit_id"]
        if not isinstance(hit_id, str | None):
            raise TypeError
    except (AssertionError, KeyError, ValueError, TypeError):
        raise ReplyRefusedError("The node answered with something that is no answer.") from None
    if fault is None:
        return Answer(action, hashable=bool(said["hashable"]), hit_id=hit_id)
    if action is Verdict.ALLOW:  # its very bytes are not known, and nothing else could be asked
        if not keep_faults:
            raise fault
        action = Verdict.REVIEW
    return Answer(action, hashable=False, hit_id=hit_id, fault=fault.code)


def _object(reply: Reply) -> dict[str, Any]:
    """What a reply says; raises for one that is a refusal."""
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        found = None
    if reply.status == 200 and isinstance(found, dict):
        return found
    detail = found.get("detail") if isinstance(found, dict) else None
    said = detail if isinstance(detail, str) and len(detail) <= 300 else None
    if reply.status in (401, 403):
        raise DeniedError(said)
    if reply.status in (400, 413, 415, 422):
        raise InvalidError(said)
    raise ReplyRefusedError(f"The node answered with status {reply.status}. Check its address.")


def _gave_up(reply: Reply | None) -> StaydownError:
    if reply is None:
        return UnreachableError("The node did not answer. Check its address and that it runs.")
    if reply.status in (429, 503):
        return BusyError("The node is busy or not ready, also after trying again.")
    return UnreachableError(f"The node answered with status {reply.status}, also after trying again.")


def _seconds(reply: Reply | None) -> float:
    """How long a reply asks to wait."""
    text = reply.retry_after if reply is not None else ""
    return min(float(text), LONGEST_PAUSE) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
