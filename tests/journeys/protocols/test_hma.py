"""Stock calls of Hasher-Matcher-Actioner, shape by shape, at the one address of `staydown serve`."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import Site, start
from tests.journeys.protocols.house import House, file
from tests.screening.nodes import eventually

pytestmark = pytest.mark.journey

CALLS = json.loads((Path(__file__).parents[2] / "golden/hma/calls.json").read_text("utf-8"))["calls"]
VALUE = re.compile(r"<([a-z ]+)>")
MISSING_ROLE = re.compile("missing role")  # by this text the Ruby client knows a fault of configuration


class Caller:
    """Makes the golden calls, and knows the ids that earlier ones were answered with."""

    def __init__(self, web: httpx.Client) -> None:
        self._web = web
        self._ids: dict[str, int] = {}

    def make(self, call: dict[str, Any]) -> None:
        """Make one call; fails the test when its answer is another one."""
        if call.get("send", {}).get("until"):  # the node follows the feed: hundredths of a second
            eventually(lambda: self._is_answered(call))
        assert self._is_answered(call), f"{call['what']}: {self._said}"

    def _is_answered(self, call: dict[str, Any]) -> bool:
        method, path = call["call"].split(" ", 1)
        send = call.get("send", {})
        files = {name: ("upload", file(send[name])) for name in ("photo", "video") if name in send}
        reply = self._web.request(
            method,
            VALUE.sub(lambda found: str(self._ids[found[1]]), path),
            params=send.get("query"),
            json=send.get("json"),
            data=send.get("form"),
            files=files or None,
        )
        is_text = reply.headers["content-type"].startswith("text/plain")
        self._said = (reply.status_code, reply.text)
        return reply.status_code == call["status"] and self._is_like(
            reply.text if is_text else reply.json(), call["answer"]
        )

    def _is_like(self, said: Any, wanted: Any) -> bool:
        if isinstance(wanted, dict):
            return (
                isinstance(said, dict)
                and said.keys() == wanted.keys()
                and all(self._is_like(said[name], wanted[name]) for name in wanted)
            )
        if isinstance(wanted, list):
            return isinstance(said, list) and len(said) == len(wanted) and all(map(self._is_like, said, wanted))
        value = VALUE.fullmatch(wanted) if isinstance(wanted, str) else None
        return self._is_value(said, value[1]) if value else type(said) is type(wanted) and said == wanted

    def _is_value(self, said: Any, name: str) -> bool:
        if name.endswith(" id"):
            return type(said) is int and 0 <= said < 2**53 and self._ids.setdefault(name, said) == said
        return {
            "text": lambda: isinstance(said, str) and said != "",
            "missing role": lambda: bool(MISSING_ROLE.search(said)),
            "pdq": lambda: bool(re.fullmatch("[0-9a-f]{64}", said)),
            "vpdq": lambda: re.fullmatch(r'\["([0-9a-f]{64},\d+,\d+\.\d{3}(", ")?)+"\]', said) is not None,
            "few": lambda: isinstance(said, str) and int(said) <= 10,
            "now": lambda: type(said) is int and abs(said - time.time()) < 30,
            "size": lambda: type(said) is int and said >= 0,
        }[name]()


def test_every_golden_call_is_answered_as_hma_answers_it(house: House) -> None:
    with house.web("golden") as web:
        caller = Caller(web)
        for call in CALLS:
            caller.make(call)


def test_a_hash_from_a_key_that_may_not_enforce_asks_for_a_review(house: House) -> None:
    pdq = "0f" * 32
    with house.web("banker") as web:
        assert web.post("/c/bank/HOUSE/signal", json={"pdq": pdq}).status_code == 200
        question = {"hashes": [{"algorithm": "pdq", "value": pdq}]}
        eventually(lambda: web.post("/v1/screen", json=question).json()["action"] == "review")
        assert web.get("/m/lookup", params={"signal": pdq, "signal_type": "pdq"}).json() == {}


def test_no_key_no_answer(house: House) -> None:
    for call in ("GET /m/lookup?signal_type=pdq&signal=00", "POST /h/hash", "GET /c/banks", "DELETE /c/bank/HOUSE"):
        method, path = call.split(" ", 1)
        reply = httpx.request(method, house.url + path, trust_env=False, timeout=30)
        assert (reply.status_code, list(reply.json())) == (401, ["message"]), call


def test_a_client_that_can_send_no_key_is_let_in_by_the_operators_switch(tmp_path: Path) -> None:
    with served(tmp_path) as site:
        house = House.of(site.url, site.data)
    (tmp_path / "key").write_text(house.keys["golden"])
    networks, key_file = "10.0.0.0/8,127.0.0.0/8", str(tmp_path / "key")
    switch = {"STAYDOWN_SCREEN_HMA_KEYLESS_FROM": networks, "STAYDOWN_SCREEN_HMA_KEY_FILE": key_file}
    with served(tmp_path, **switch) as site, httpx.Client(base_url=site.url, trust_env=False, timeout=30) as web:
        eventually(lambda: web.get("/m/index/status").status_code == 200)
        assert web.get("/c/banks").json() == [{"name": "HOUSE", "matching_enabled_ratio": 1.0}]
        assert list(web.post("/h/hash", files={"photo": file("chelsea.png")}).json()) == ["pdq"]
        for headers in ({"x-forwarded-for": "10.0.0.1"}, {"origin": "https://elsewhere.example"}):
            assert web.get("/c/banks", headers=headers).status_code == 401
        assert web.get("/v1/index").status_code == 401  # the switch is for HMA's addresses alone


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[Site]:
    """An install in ``folder``, with these settings of its operator."""
    process, site = start(folder / "data", **settings)
    try:
        yield site
    finally:
        process.terminate()
        process.communicate(timeout=30)
