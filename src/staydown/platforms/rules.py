"""What a site does with an answer: the part that is the same on every platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from staydown.client import Answer, Client, Verdict
from staydown.core.hashing.containers import SNIFFED, is_media
from staydown.errors import (
    BusyError,
    MediaError,
    StaydownError,
    TooLargeError,
    UnreachableError,
    UploadRefusedError,
    UploadUncheckedError,
)

LONGEST: Final = 50 << 20
USUAL_REFUSED: Final = frozenset({Verdict.BLOCK})


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's choices. ``refused``: the verdicts with which an upload is not published.

    ``unreachable`` is the verdict while nobody answers: `block` fails closed, `allow` fails open. ``unhashable`` is the
    one for a picture or a video that cannot be hashed here: damaged, too large, of a strange format. What is neither of
    the two passes, unless its very bytes are banked.
    """

    refused: frozenset[Verdict] = USUAL_REFUSED
    unreachable: Verdict = Verdict.BLOCK
    unhashable: Verdict = Verdict.BLOCK
    longest: int = LONGEST  # bytes of one file that is looked at

    def judge(self, said: Answer | StaydownError, start: bytes) -> Answer:
        """The answer by which a file with these first bytes is published.

        Raises `UploadRefusedError` for one that is not to be, and `UploadUncheckedError` where nothing could be asked.
        Every other error, such as that of a key that is refused, is raised as it is.
        """
        if isinstance(said, Answer) and said.fault is None:
            answer = said
        elif isinstance(said, Answer):
            answer = said if said.action is not Verdict.REVIEW else self._unseen(said.fault, start)
        elif isinstance(said, UnreachableError | BusyError):
            answer = Answer(self.unreachable, hashable=False, fault=said.code)
        elif isinstance(said, MediaError):
            answer = self._unseen(said.code, start)
        else:
            raise said
        if answer.action not in self.refused:
            return answer
        raise UploadUncheckedError if answer.fault and not answer.hit_id else UploadRefusedError

    def _unseen(self, fault: str | None, start: bytes) -> Answer:
        """What to do with what could not be hashed, for a reason with the code ``fault``."""
        verdict = self.unhashable if is_media(start[:SNIFFED]) else Verdict.ALLOW
        return Answer(verdict, hashable=False, fault=fault)


def said(client: Client, data: bytes | None) -> Answer | StaydownError:
    """What the node answers about a file, or why it was not asked. None: more bytes than are looked at."""
    if data is None:
        return TooLargeError()
    try:
        return client.screen(data)
    except StaydownError as error:
        return error
