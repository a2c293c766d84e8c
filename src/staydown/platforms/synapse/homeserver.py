"""Synapse's admin API, as far as carrying out a decision needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx

from staydown.errors import DeniedError, MissingError, ReplyRefusedError, SealError
from staydown.platforms.synapse.calls import Caller
from staydown.platforms.synapse.names import Media, Message, shown_in

SYSTEM: Final = "system"  # Synapse itself: the same bytes as something in quarantine


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

    def media_of(self, message: Message) -> list[Media] | None:
        """The media that a message shows; None when it is not known here.

        Raises `SealError` when the message is encrypted: then not even the homeserver knows what it shows.
        """
        try:
            event = self._admin("GET", f"v1/fetch_event/{quote(message.event, safe='')}").get("event")
        except MissingError:
            return None
        content = event.get("content") if isinstance(event, dict) else None
        if not isinstance(event, dict) or not isinstance(content, dict):
            raise ReplyRefusedError("The homeserver does not say what this message holds. Install a newer Synapse.")
        if event.get("type") == "m.room.encrypted":
            raise SealError("This message is encrypted.")
        return shown_in(content)

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
