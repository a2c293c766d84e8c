"""May this upload be stored? Hashed on the homeserver, asked with hashes, and ruled on by the operator's settings."""

from __future__ import annotations

import enum
import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from staydown.client import Answer, Client, Policy, Verdict
from staydown.core.hashing.containers import SNIFFED, is_media
from staydown.core.hashing.image import Limits
from staydown.core.hashing.pool import HashingPool
from staydown.errors import (
    DeniedError,
    MediaError,
    NotAnImageError,
    SettingError,
    StaydownError,
    TooLargeError,
)

log = logging.getLogger(__name__)
_WORDS: Final = {"refuse": True, "allow": False}


class Ruling(enum.Enum):
    """What becomes of an upload."""

    STORE = "store"
    REFUSE = "refuse"
    LATER = "later"  # nobody could say; the sender may try again


@dataclass(frozen=True, slots=True)
class ScreeningSettings:
    """How the module screens: the fields of its ``config`` in homeserver.yaml, docs/how-to/matrix-synapse.md."""

    node: str
    key_file: str
    unanswered: str = "refuse"  # while no node answers
    unreadable: str = "refuse"  # what cannot be hashed and whose very bytes are not known
    review: str = "allow"  # near a hash that nobody has confirmed yet
    seconds: float = 5.0  # for one question, all tries and pauses together
    workers: int = 2  # processes that decode pictures, and uploads that are looked at a time
    longest: int = 50_000_000  # bytes of a picture or a video; what is larger is not read

    @classmethod
    def read(cls, config: Mapping[str, object]) -> Self:
        """The settings in ``config``; raises `SettingError`, which names the field and quotes nothing."""
        known = {field.name: field for field in fields(cls)}
        unknown = [name for name in config if name not in known]
        if unknown:
            raise SettingError(f"There is no setting of this name: {str(unknown[0])[:40]}. Check its spelling.")
        given: dict[str, Any] = {}
        for name, value in config.items():
            number = {"float": (int, float), "int": (int,)}.get(str(known[name].type))
            if number and (type(value) not in number or not 0 < float(str(value)) < math.inf):
                raise SettingError(f"{name} must be a number above 0{'' if float in number else ', and whole'}.")
            if not number and not (isinstance(value, str) and value):
                raise SettingError(f"{name} must be a text.")
            if name in ("unanswered", "unreadable", "review") and value not in _WORDS:
                raise SettingError(f"{name} must be refuse or allow.")
            given[name] = value
        for name in ("node", "key_file"):
            if name not in given:
                raise SettingError(
                    f"{name} is missing. It says {'whom to ask' if name == 'node' else 'with which key'}."
                )
        return cls(**given)

    def key(self) -> str:
        """The key in the file; raises `SettingError`."""
        try:
            return Path(self.key_file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise SettingError(
                "key_file names a file that cannot be read. Check its path and its permissions."
            ) from None


class Screener:
    """Rules on uploads. Thread-safe, and it blocks: call it from a thread. Close it, or use it as a context manager."""

    def __init__(
        self,
        settings: ScreeningSettings,
        transport: httpx.BaseTransport | None = None,
        *,
        pool: HashingPool | None = None,
    ) -> None:
        self._settings = settings
        self._pool = pool or HashingPool(settings.workers, Limits(max_bytes=settings.longest))
        policy = Policy(seconds=settings.seconds)
        self._client = Client(settings.node, settings.key(), policy=policy, pool=self._pool, transport=transport)

    def rule(self, path: Path, content_ref: str = "") -> Ruling:
        """What becomes of the upload in the file at ``path``, which the homeserver calls ``content_ref``.

        What is neither a picture nor a video is stored unasked: a document, or the media of an encrypted room.
        """
        with path.open("rb") as file:
            start = file.read(SNIFFED)
            if not is_media(start):
                return Ruling.STORE
            if os.fstat(file.fileno()).st_size > self._settings.longest:
                return self._unreadable(TooLargeError())
            data = start + file.read()
        try:
            return self._ruled(self._client.screen(data, content_ref=content_ref))
        except NotAnImageError:
            return Ruling.STORE
        except MediaError as error:
            return self._unreadable(error)
        except StaydownError as error:
            return self._unanswered(error)

    def close(self) -> None:
        """End the hashing, and the connections."""
        self._client.close()
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _ruled(self, answer: Answer) -> Ruling:
        if answer.action is Verdict.BLOCK:
            log.info("An upload is refused: it matches what must stay down (hit %s).", answer.hit_id)
            return Ruling.REFUSE
        if answer.action is Verdict.REVIEW:
            log.info("An upload matches what nobody has confirmed yet (hit %s).", answer.hit_id)
            return self._chosen(self._settings.review)
        return Ruling.STORE

    def _unreadable(self, error: MediaError) -> Ruling:
        log.info("An upload cannot be hashed (%s): %s it.", error.code, self._settings.unreadable)
        return self._chosen(self._settings.unreadable)

    def _unanswered(self, error: StaydownError) -> Ruling:
        refuses = _WORDS[self._settings.unanswered]
        level = logging.ERROR if isinstance(error, DeniedError) else logging.WARNING
        log.log(
            level, "An upload was not screened and %s. %s (error code %s)",
            "is refused for now" if refuses else "is stored all the same", error.message, error.code,
        )  # fmt: skip
        return Ruling.LATER if refuses else Ruling.STORE

    def _chosen(self, word: str) -> Ruling:
        return Ruling.REFUSE if _WORDS[word] else Ruling.STORE


def name_of(here: str, file_id: str, origin: str | None, *, is_preview: bool) -> str:
    """The mxc address under which a file will be found; empty for what came from elsewhere, ``origin`` or a web page.

    While Synapse stores such a file it names it by a name of its own, by which no admin call finds it.
    """
    return "" if is_preview or origin is not None else f"mxc://{here}/{file_id}"
