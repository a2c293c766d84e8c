"""A homeserver and a staydown in this process, as far as the adapter speaks with them, that can be down or say no."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import httpx

US = "@staydown:matrix.test"
ADMIN = "/_synapse/admin/v1/media/"


UNKNOWN = httpx.Response(404, json={"errcode": "M_NOT_FOUND", "error": "Not found"})


class Side:
    """What both have in common: ``down`` drops every connection, ``status`` answers everything with that."""

    def __init__(self) -> None:
        self.down = False
        self.status = 0
        self.calls: list[str] = []

    @property
    def transport(self) -> httpx.MockTransport:
        """The way to it."""
        return httpx.MockTransport(self._handle)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        if self.down:
            raise httpx.ConnectError("down")
        if self.status:
            return httpx.Response(self.status, text="an error page of a proxy")
        return self.answer(request, request.url.path)

    def answer(self, request: httpx.Request, path: str) -> httpx.Response:
        """What it says when all is well."""
        raise NotImplementedError


class House(Side):
    """A homeserver: its media by name, each with who put it into quarantine."""

    def __init__(self) -> None:
        super().__init__()
        self.media: dict[str, str | None] = {}
        self.messages: dict[str, dict[str, Any]] = {}
        self.protected: set[str] = set()
        self.is_deaf = False  # says yes and does nothing

    def answer(self, request: httpx.Request, path: str) -> httpx.Response:
        if path == "/_matrix/client/v3/account/whoami":
            return httpx.Response(200, json={"user_id": US})
        if path.startswith("/_synapse/admin/v1/fetch_event/"):
            event = self.messages.get(path.rpartition("/")[2])
            return httpx.Response(200, json={"event": event}) if event else UNKNOWN
        verb, _, name = path.removeprefix(ADMIN).rpartition("quarantine/")
        if request.method == "GET":
            if name not in self.media:
                return UNKNOWN
            info = {"quarantined_by": self.media[name], "safe_from_quarantine": name in self.protected}
            return httpx.Response(200, json={"media_info": info})
        if name in self.media and not self.is_deaf and (verb or name not in self.protected):
            self.media[name] = None if verb else US
        return httpx.Response(200, json={})


class Office(Side):
    """A staydown: its actions, and what was answered to each."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: dict[str, dict[str, Any]] = {}
        self.details: list[str] = []
        self.page = 200

    def ask(self, kind: str, place: str | None, *, url: str | None = None) -> dict[str, Any]:
        """A new action."""
        id_ = str(uuid.UUID(int=len(self.actions) + 1))
        self.actions[id_] = {
            "id": id_, "kind": kind, "state": "asked", "result": "", "content_ref": place, "url": url,
        }  # fmt: skip
        return self.actions[id_]

    def answer(self, request: httpx.Request, path: str) -> httpx.Response:
        if path == "/api/v1/actions":
            after = request.url.params.get("cursor", "")
            waiting = [each for each in self.actions.values() if each["state"] == "asked" and each["id"] > after]
            last = waiting[self.page - 1]["id"] if len(waiting) > self.page else None
            return httpx.Response(200, json={"items": waiting[: self.page], "next": last})
        found = re.fullmatch(r"/api/v1/actions/([^/]+)(/outcome)?", path)
        if found is None or found[1] not in self.actions:
            return httpx.Response(404, json={"code": "not_found"})
        action = self.actions[found[1]]
        if found[2]:
            said = json.loads(request.content)
            if action["result"] not in ("", said["result"]):
                return httpx.Response(409, json={"code": "wrong_state"})
            state = "failed" if said["result"] == "failed" else "done"
            action |= {"result": said["result"], "state": action["state"] if action["state"] == "cancelled" else state}
            self.details.append(said["detail"])
        return httpx.Response(200, json=action)
