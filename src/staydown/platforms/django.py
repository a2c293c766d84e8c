"""For Django sites: a validator for file fields, and a storage that keeps nothing that was not let through.

    STAYDOWN_SCREENING = {"NODE": "http://127.0.0.1:8090", "KEY_FILE": "/etc/staydown/screen.key"}

Beside these, ``UNREACHABLE``, ``UNHASHABLE`` (``block``, ``review`` or ``allow``), ``REFUSED`` (a list of verdicts) and
``LONGEST`` (bytes) set the `Rules`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files import File
from django.core.files.storage import FileSystemStorage

from staydown.client import Client, Verdict
from staydown.core.hashing.containers import SNIFFED
from staydown.errors import SettingError, UploadError, UploadUncheckedError
from staydown.platforms.rules import LONGEST, USUAL_REFUSED, Rules, said


class Door(NamedTuple):
    """Who is asked, and what is made of the answer."""

    client: Client
    rules: Rules

    def check(self, file: File[Any]) -> None:
        """Raise `UploadError` when ``file`` is not to be published. It is read, and stands at its start again."""
        if not file.seekable():
            raise UploadUncheckedError
        file.seek(0)
        start = _bytes(file.read(SNIFFED))
        is_short = file.size <= self.rules.longest
        data = start + _bytes(file.read()) if is_short else None
        file.seek(0)
        if start:
            self.rules.judge(said(self.client, data), start)


def door() -> Door:
    """The one of this process; raises `ImproperlyConfigured`."""
    return _door(os.getpid())  # a server that forks gives each of its processes connections of its own


def validate_upload(value: File[Any]) -> None:
    """Refuse a file that is not to be published: ``models.ImageField(validators=[validate_upload])``.

    Raises `ValidationError` with the code of the error. A file that is stored already was let through before.
    """
    if getattr(value, "_committed", False):
        return
    try:
        door().check(value)
    except UploadError as error:
        raise ValidationError(error.message, code=error.code) from error


def _bytes(read: bytes | str) -> bytes:
    """What a file holds; a `ContentFile` of text hands out text, which storages write as UTF-8."""
    return read.encode() if isinstance(read, str) else read


class ScreenedStorage:
    """Put before a storage class: ``class Storage(ScreenedStorage, FileSystemStorage)``. Saving raises `UploadError`.

    It is the last door, for what reaches the storage past every form.
    """

    def _save(self, name: str, content: File[Any]) -> str:
        door().check(content)
        return super()._save(name, content)  # type: ignore[misc, no-any-return]


class ScreenedFileSystemStorage(ScreenedStorage, FileSystemStorage):
    """Django's usual storage behind that door."""


@functools.cache
def _door(_process: int) -> Door:
    given: Mapping[str, Any] = getattr(settings, "STAYDOWN_SCREENING", {})
    try:
        key = given.get("KEY") or Path(given["KEY_FILE"]).read_text("utf-8").strip()
        rules = Rules(
            refused=frozenset(map(Verdict, given.get("REFUSED", USUAL_REFUSED))),
            unreachable=Verdict(given.get("UNREACHABLE", Verdict.BLOCK)),
            unhashable=Verdict(given.get("UNHASHABLE", Verdict.BLOCK)),
            longest=int(given.get("LONGEST", LONGEST)),
        )
        return Door(Client(given["NODE"], key), rules)
    except KeyError as error:
        raise ImproperlyConfigured(f"STAYDOWN_SCREENING: {error.args[0]} is missing.") from None
    except (OSError, UnicodeDecodeError):
        raise ImproperlyConfigured("STAYDOWN_SCREENING: the file of KEY_FILE cannot be read.") from None
    except (ValueError, SettingError) as error:
        raise ImproperlyConfigured(f"STAYDOWN_SCREENING: {error}") from None
