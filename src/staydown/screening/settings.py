"""The settings of a screening node, from its environment and its key file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

from staydown.errors import SettingError

PREFIX: Final = "STAYDOWN_SCREEN_"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a node works. Each field is also a variable ``STAYDOWN_SCREEN_<FIELD>``: docs/reference/screening.md."""

    max_lag: float = 30.0  # seconds that the feed may be behind before /readyz fails
    wait: float = 10.0  # seconds that the publisher may hold a pull until there is a line
    page: int = 5000  # lines a pull
    keep_every: float = 300.0  # seconds between two writings of what the node knows, where it is kept
    keys_every: float = 3.0  # seconds between two looks at the list of client keys
    workers: int = 2  # processes that decode pictures
    video_workers: int = 1  # videos that are decoded at a time, each in a process of its own
    video_seconds: float = 120.0  # for one video to be decoded; what takes longer is a problem, never clean
    most_waiting: int = 64  # uploads that are received, waiting or decoded at a time
    most_waiting_bytes: int = 512_000_000  # of all of them together
    longest_upload: int = 50_000_000  # bytes of a picture or video file
    longest_json: int = 4_000_000  # bytes of a JSON body
    upload_seconds: float = 60.0  # for a body to arrive
    most_hashes: int = 64  # of one picture
    most_frames: int = 5_000  # of one video that was hashed elsewhere
    most_items: int = 1000  # in a batch
    hits_room: int = 10_000  # hits kept one by one while they cannot be reported; beyond it they are counted
    hits_batch: int = 500  # hits a report
    flush_seconds: float = 5.0  # for reporting what still waits when the node ends

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise SettingError(f"{PREFIX}{field.name.upper()} must be more than 0.")
        if self.wait * 2 > self.max_lag:
            raise SettingError(f"{PREFIX}WAIT must be at most half of {PREFIX}MAX_LAG, or /readyz could never be sure.")

    @classmethod
    def read(cls, environment: Mapping[str, str], **given: float | None) -> Self:
        """The settings in ``environment``; arguments that are not None come first. Raises `SettingError`."""
        found: dict[str, Any] = {}
        for field in fields(cls):
            name = f"{PREFIX}{field.name.upper()}"
            text = environment.get(name, "").strip()
            kind: type[int] | type[float] = int if field.type == "int" else float
            try:
                value = given.get(field.name)
                if value is not None:
                    found[field.name] = kind(value)
                elif text:
                    found[field.name] = kind(text)
            except ValueError:
                raise SettingError(f"{name} must be a {'whole ' if kind is int else ''}number.") from None
        if "max_lag" in found and "wait" not in found:
            found["wait"] = min(cls.__dataclass_fields__["wait"].default, found["max_lag"] / 3)
        return cls(**found)


@dataclass(frozen=True, slots=True, repr=False)
class KeyFile:
    """What a follower needs from its publisher: a key, and the key that its checkpoints are verified with."""

    key: str
    verifier: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """The key file at ``path``; raises `SettingError`, which quotes nothing of it."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise SettingError("The key file cannot be read. Check its path and its permissions.") from None
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            raise SettingError("The key file is not valid TOML. Make a new one with `staydown feed key`.") from None
        given = {name: table.get(name) for name in ("key", "verifier")}
        for name, value in given.items():
            if not isinstance(value, str) or not value.strip():
                raise SettingError(f"The key file has no {name}. Make a new one with `staydown feed key`.")
        return cls(str(given["key"]).strip(), str(given["verifier"]).strip())

    def text(self) -> str:
        """The file's content."""
        return f'# A key for following the feed. Keep it secret.\nkey = "{self.key}"\nverifier = "{self.verifier}"\n'

    def __repr__(self) -> str:
        return "<KeyFile>"
