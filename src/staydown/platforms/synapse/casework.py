"""What a staydown asks a platform to do, fetched and answered through its API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from staydown.errors import ConflictError, ReplyRefusedError
from staydown.platforms.synapse.calls import Caller

KINDS: Final = frozenset({"remove", "disable", "restore"})
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """An action: what to do with what; ``place`` is the platform's own name of it, else a link."""

    id: str
    kind: str
    state: str
    result: str
    place: str

    @classmethod
    def read(cls, said: Any) -> Self:
        """The action that an answer describes; raises `ReplyRefusedError`."""
        fields = said if isinstance(said, dict) else {}
        id_, kind, state, result = (fields.get(name) for name in ("id", "kind", "state", "result"))
        place = fields.get("content_ref") or fields.get("url") or ""
        if not (is_id(id_) and kind in KINDS and isinstance(place, str) and isinstance(result, str)):
            raise ReplyRefusedError("staydown answered with something that is no action. Check its address.")
        return cls(str(id_), str(kind), str(state), result, place)

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state == "asked"

    @property
    def was_taken_back(self) -> bool:
        """Whether it was cancelled before anybody answered."""
        return self.state == "cancelled" and not self.result

    def __repr__(self) -> str:
        return f"<Asked {self.kind} {self.id}>"


class Casework:
    """The API of one staydown, with a key of the scopes ``action:read`` and ``outcome:write``."""

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._caller = Caller(url, key, "staydown", transport)

    def asked(self) -> Iterator[Asked]:
        """Everything that waits for an answer, the oldest first."""
        cursor = ""
        while True:
            after = f"&cursor={cursor}" if cursor else ""
            said = self._call("GET", f"api/v1/actions?state=asked&limit=200{after}")
            items, following = said.get("items"), said.get("next")
            if not isinstance(items, list) or (following is not None and not is_id(following)):
                raise ReplyRefusedError("staydown answered with something that is no list. Check its address.")
            yield from map(Asked.read, items)
            if following in (None, cursor):
                return
            cursor = str(following)

    def action(self, id_: str) -> Asked:
        """An action as it is now; raises `MissingError` when there is none, or the key may not see it."""
        return Asked.read(self._call("GET", f"api/v1/actions/{id_}"))

    def answer(self, asked: Asked, result: str, detail: str = "") -> bool:
        """Say what came of it; whether that was taken. Saying the same twice changes nothing."""
        try:
            self._call("POST", f"api/v1/actions/{asked.id}/outcome", {"result": result, "detail": detail})
        except ConflictError:
            return False  # it has another answer by now
        return True

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return self._caller.call(method, path, missing="not_found", body=body)


def is_id(value: object) -> bool:
    """Whether this is the id of an action."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None
