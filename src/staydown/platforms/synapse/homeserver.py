"""Synapse's admin API, as far as carrying out a decision needs it, and the names by which media is known in Matrix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urlsplit

import httpx

from staydown.errors import DeniedError, MissingError, ReplyRefusedError
from staydown.platforms.synapse.calls import Caller

SYSTEM: Final = "system"  # Synapse itself: the same bytes as something in quarantine
_SERVER: Final = r"(?:[A-Za-z0-9.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
_MEDIA: Final = r"[A-Za-z0-9_-]{1,255}"
_MXC: Final = re.compile(rf"mxc://({_SERVER})/({_MEDIA})")
_PATH: Final = re.compile(
    rf"/_matrix/(?:media/(?:r0|v1|v3)|client/v1/media)/(?:download|thumbnail)/({_SERVER})/({_MEDIA})(?:/[^/]*)?"
)


@dataclass(frozen=True, slots=True)
class Media:
    """A piece of media by its name in Matrix."""

    server: str
    id: str

    @classmethod
    def named(cls, text: str | None) -> Self | None:
        """The media that an ``mxc://`` address names, or the address a client downloads it from; None: neither."""
        if not text:
            return None
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
class Standing:
    """Where a piece of media stands: who put it in quarantine, if anybody, and whether it is protected from that."""

    quarantined_by: str | None
    is_protected: bool


class Homeserver:
    """One Synapse, spoken to as an administrator of it.

    Every method raises `UnreachableError` while it does not answer, `DeniedError` when it does not take the token, and
    `ReplyRefusedError` for an answer that no Synapse gives.
    """

    def __init__(self, url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._caller = Caller(url, token, "The homeserver", transport)
        self._name = ""

    @property
    def user(self) -> str:
        """Whose token this is; asked for once."""
        if not self._name:
            said = self._caller.call("GET", "_matrix/client/v3/account/whoami").get("user_id")
            if not isinstance(said, str) or not said:
                raise ReplyRefusedError("The homeserver does not say whose token this is. Check its address.")
            self._name = said
        return self._name

    def standing(self, media: Media) -> Standing | None:
        """Where a piece of media stands; None when this homeserver holds no such thing."""
        try:
            said = self._admin("GET", f"v1/media/{media.path}").get("media_info")
        except MissingError:
            return None
        by = said.get("quarantined_by") if isinstance(said, dict) else 0
        if not isinstance(said, dict) or not isinstance(by, str | None):
            raise ReplyRefusedError(
                "The homeserver does not say where this media stands. Synapse 1.140 or later is needed."
            )
        return Standing(by or None, said.get("safe_from_quarantine") is True)

    def quarantine(self, media: Media) -> None:
        """Nobody can download it any more, nor what has the same bytes, also when it is uploaded anew."""
        self._admin("POST", f"v1/media/quarantine/{media.path}")

    def release(self, media: Media) -> None:
        """It can be downloaded again, and so can what has the same bytes."""
        self._admin("POST", f"v1/media/unquarantine/{media.path}")

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()

    def _admin(self, method: str, path: str) -> dict[str, Any]:
        try:
            return self._caller.call(method, f"_synapse/admin/{path}", missing="M_NOT_FOUND")
        except DeniedError:
            raise DeniedError("The homeserver does not take the token. It must be that of an administrator.") from None
