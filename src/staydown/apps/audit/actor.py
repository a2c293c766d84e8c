"""Who did something, as the log keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from staydown.errors import InvalidError

KINDS: Final = ("staff", "key", "reporter", "uploader", "platform", "system")


@dataclass(frozen=True, slots=True)
class Actor:
    """The kind of actor, its id and the label that pages show. Neither id nor label may be a person's name."""

    kind: str
    id: str
    label: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidError(f"An actor is one of: {', '.join(KINDS)}.")

    @classmethod
    def system(cls) -> Self:
        """staydown itself: the worker and the command line."""
        return cls("system", "", "staydown")

    @classmethod
    def reporter(cls, report_id: object = "") -> Self:
        """The person behind a report, known by the report alone."""
        return cls("reporter", str(report_id), "reporter")

    @classmethod
    def uploader(cls, notice_id: object = "") -> Self:
        """The person who uploaded something, known by the notice to them alone."""
        return cls("uploader", str(notice_id), "uploader")
