"""The names by which Matrix knows media and messages, read off what people send as links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urlsplit

_SERVER: Final = r"(?:[A-Za-z0-9.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
_MEDIA: Final = r"[A-Za-z0-9_-]{1,255}"
_MXC: Final = re.compile(rf"mxc://({_SERVER})/({_MEDIA})")
_PATH: Final = re.compile(
    rf"/_matrix/(?:media/(?:r0|v1|v3)|client/v1/media)/(?:download|thumbnail)/({_SERVER})/({_MEDIA})(?:/[^/]*)?"
)
_LINK: Final = re.compile(r"/(?:room/)?(?:!|#|%21|%23)[^/?]+/((?:\$|%24)[^/?]+)(?:\?.*)?")
_EVENT: Final = re.compile(rf"\$[A-Za-z0-9_+/=-]{{1,255}}(?::{_SERVER})?")


@dataclass(frozen=True, slots=True)
class Media:
    """A piece of media by its name in Matrix."""

    server: str
    id: str

    @classmethod
    def named(cls, text: str) -> Self | None:
        """The media that an ``mxc://`` address names, or the address a client downloads it from; None: neither."""
        found = _MXC.fullmatch(text)
        if found is None:
            try:
                found = _PATH.fullmatch(unquote(urlsplit(text).path))
            except ValueError:
                return None
        return cls(found[1], found[2]) if found else None

    @property
    def path(self) -> str:
        """The two parts as the admin API takes them."""
        return f"{quote(self.server, safe='')}/{quote(self.id, safe='')}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message by its name in Matrix."""

    event: str

    @classmethod
    def named(cls, text: str) -> Self | None:
        """The message that a link of matrix.to or of a client in the browser leads to; None: neither."""
        try:
            fragment = urlsplit(text).fragment
        except ValueError:
            return None
        found = _LINK.fullmatch(fragment)
        event = unquote(found[1]) if found else ""
        return cls(event) if _EVENT.fullmatch(event) else None


def named(text: str) -> Media | Message | None:
    """What in Matrix this text names, if anything."""
    return Media.named(text) or Message.named(text)


def shown_in(content: Mapping[str, Any]) -> list[Media]:
    """The media in the content of a message: the file, also an encrypted one, and the thumbnail its sender made."""
    info = content.get("info")
    inner: Mapping[str, Any] = info if isinstance(info, Mapping) else {}
    texts = [content.get("url"), inner.get("thumbnail_url")]
    texts += [
        each.get("url") for each in (content.get("file"), inner.get("thumbnail_file")) if isinstance(each, Mapping)
    ]
    found = (Media.named(text) for text in texts if isinstance(text, str) and text.startswith("mxc://"))
    return list(dict.fromkeys(each for each in found if each is not None))
