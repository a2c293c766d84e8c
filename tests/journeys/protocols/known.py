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
    """A new thing of each kind, by the name that addresses and questions have for it.

    A webhook to ``hook`` hears of them. The case is one that nobody has decided.
    """
    pdq = secrets.token_hex(32)
    with house.web("everything") as web:
        found: Known = {"bank": "HOUSE", "api": "stop_ncii", "signal_type": "pdq", "signal": pdq}
        found["endpoint_id"] = _made(web, "/webhooks", {"name": "fuzz", "url": hook})["id"]
        found["content"] = web.post("/c/bank/HOUSE/signal", json={"pdq": pdq}).json()["id"]
        case = _reported(web)
        found["entry_id"] = _last(web, "/entries")["id"]
        decision = {"verdict": "remove", "regime": case["regimes"][0], "reason": "It is credible."}
        _made(web, f"/cases/{case['id']}/decisions", decision | {"version": case["version"]})
        found["action_id"] = _last(web, "/actions")["id"]
        found["delivery_id"] = _last(web, f"/webhooks/{found['endpoint_id']}/deliveries")["id"]
        notice = web.get(f"/api/v1/actions/{found['action_id']}/notice").json()
        code = str(notice["appeal_url"]).rpartition("#")[2]
        found["appeal_id"] = _made(web, "/appeals", {"code": code, "words": APPEALED})["id"]
        case = _reported(web)
        found |= {"case_id": case["id"], "version": case["version"], "regime": case["regimes"][0], "code": code}
    return found | {"shown_is_adult": True, "links": _links(), "verdict": "remove", "ground": "", "items": None}


def _links() -> list[str]:
    return [f"https://pebble.example/{secrets.token_hex(8)}"]


def _reported(web: httpx.Client) -> Known:
    """The case of a new report."""
    picture = {"pdq": secrets.token_hex(32), "quality": 90}
    _made(web, "/reports", {**WORDS, "pictures": [picture], "links": _links()})
    found: Known = web.get(f"/api/v1/cases/{_last(web, '/cases')['id']}").json()
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
