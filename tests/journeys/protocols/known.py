"""Things in a running install, for questions whose address names one: a random id only ever leads to nothing."""

from __future__ import annotations

import secrets
from typing import Any

import httpx

from tests.journeys.protocols.house import House

Known = dict[str, Any]
WORDS = {"words": "It was posted without my consent.", "shown_is_adult": True}
APPEALED = "It is mine, and whoever is shown agreed."


def things(house: House, hook: str) -> Known:
    """A new thing of each kind, by the name that an address has for it; a webhook to ``hook`` hears of them."""
    with house.web("everything") as web:
        found: Known = {"bank": "HOUSE", "api": "stop_ncii"}
        found["endpoint_id"] = _made(web, "/webhooks", {"name": "fuzz", "url": hook})["id"]
        banked = web.post("/c/bank/HOUSE/signal", json={"pdq": secrets.token_hex(32)}).json()
        found["content"] = banked["id"]
        picture = {"pdq": secrets.token_hex(32), "quality": 90}
        links = [f"https://pebble.example/{secrets.token_hex(8)}"]
        _made(web, "/reports", {**WORDS, "pictures": [picture], "links": links})
        case = _last(web, "/cases")
        found["case_id"] = case["id"]
        found["entry_id"] = _last(web, "/entries")["id"]
        whole = web.get(f"/api/v1/cases/{case['id']}").json()
        decision = {"verdict": "remove", "regime": whole["regimes"][0], "reason": "It is credible."}
        _made(web, f"/cases/{case['id']}/decisions", decision | {"version": whole["version"]})
        found["action_id"] = _last(web, "/actions")["id"]
        found["delivery_id"] = _last(web, f"/webhooks/{found['endpoint_id']}/deliveries")["id"]
        notice = web.get(f"/api/v1/actions/{found['action_id']}/notice").json()
        code = str(notice["appeal_url"]).rpartition("#")[2]
        found["appeal_id"] = _made(web, "/appeals", {"code": code, "words": APPEALED})["id"]
    return found


def _made(web: httpx.Client, path: str, given: Known) -> Known:
    reply = web.post(f"/api/v1{path}", json=given)
    assert reply.status_code == 201, reply.text
    made: Known = reply.json()
    return made


def _last(web: httpx.Client, path: str) -> Known:
    """The last of a list, whose pages begin with the oldest."""
    page = web.get(f"/api/v1{path}", params={"limit": 100}).json()
    while page["next"]:
        page = web.get(f"/api/v1{path}", params={"limit": 100, "cursor": page["next"]}).json()
    found: Known = page["items"][-1]
    return found
