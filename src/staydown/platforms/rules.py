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
_NOBODY: Final = frozenset({UnreachableError.code, BusyError.code})  # faults of answers that the client's policy made


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
        if isinstance(said, Answer):
            answer, is_known = said, said.fault not in _NOBODY
        elif isinstance(said, UnreachableError | BusyError):
            answer, is_known = Answer(self.unreachable, hashable=False, fault=said.code), False
        elif isinstance(said, MediaError):
            verdict = self.unhashable if is_media(start[:SNIFFED]) else Verdict.ALLOW
            answer, is_known = Answer(verdict, hashable=False, fault=said.code), False
        else:
            raise said
        if answer.action not in self.refused:
            return answer
        raise UploadRefusedError if is_known else UploadUncheckedError


def said(client: Client, data: bytes | None) -> Answer | StaydownError:
    """What the node answers about a file, or why it was not asked. None: more bytes than are looked at."""
    if data is None:
        return TooLargeError()
    try:
        return client.screen(data)
    except StaydownError as error:
        return error.with_traceback(None)  # its frames would keep the file in memory
