"""Questions that Schemathesis makes from the two OpenAPI documents, put to a running install: no fault may be ours.

    python -m tests.journeys.protocols.fuzz --cases 10000

starts a `staydown serve` on a folder of its own, and ends with 1 when an answer was a server error.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from requests.structures import CaseInsensitiveDict
from schemathesis import GenerationMode

from tests.journeys.conftest import start
from tests.journeys.protocols.house import House
from tests.journeys.protocols.known import Known, things

DOCUMENTS: Final = ("/api/v1/openapi.json", "/v1/openapi.json")
BUSY: Final = 503
NOWHERE: Final = "https://127.0.0.1/hook"  # webhooks are never delivered to a private address


class Key(requests.auth.AuthBase):
    """Puts the key on every question, also on those from which Schemathesis has taken it: those tell nothing here."""

    def __init__(self, authorization: str) -> None:
        self._authorization = authorization

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._authorization
        return request


class Asked:
    """What was asked so far, and what was answered."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._authorization = f"Bearer {house.keys['everything']}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = Key(self._authorization)
        self._known: Known = {}
        self.statuses: Counter[int] = Counter()
        self.found: Counter[tuple[str, str]] = Counter()  # questions of an operation whose answer was one of success
        self.faults: list[str] = []

    def refresh(self) -> None:
        """Make new things for questions to name: those that were there may have been ended."""
        self._known = things(self._house, NOWHERE)

    def ask(self, case: Any) -> None:
        """Put one question, as nearly as it is safe to; every other one is about things that are there."""
        if self.statuses.total() % 2 == 0:
            for given in (case.path_parameters, case.query, case.body):
                if isinstance(given, dict):
                    given |= {name: self._known[name] for name in given if name in self._known}
        if isinstance(case.query, dict) and "wait" in case.query:
            case.query["wait"] = 0  # the feed holds an answer for as long as it is asked to
        if isinstance(case.body, dict) and "url" in case.body:
            case.body["url"] = NOWHERE
        if case.headers is not None and isinstance(case.headers, dict | CaseInsensitiveDict):
            case.headers["Authorization"] = self._authorization  # what keys may do is tested elsewhere
        try:
            reply = case.call(base_url=self._house.url, session=self._session, timeout=60)
        except (ValueError, requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL):
            return  # this cannot be written as a request
        self.statuses[reply.status_code] += 1
        self.found[case.method.upper(), case.operation.path] += reply.status_code < 300
        if reply.status_code >= 500 and reply.status_code != BUSY:
            self.faults.append(f"{reply.status_code} {case.method} {case.path}\n{case.as_curl_command()}")


def operations(house: House) -> Iterator[Any]:
    """Everything that the two documents offer."""
    for document in DOCUMENTS:
        schema = schemathesis.openapi.from_dict(requests.get(house.url + document, timeout=30).json())
        for found in schema.get_all_operations():
            yield found.ok()


def fuzzed(house: House, cases: int, start_at: int = 0) -> Asked:
    """Ask ``cases`` questions or a few more, half of them valid and half not; the same for the same ``start_at``.

    There are operations of which not so many questions can be made. The others make up for them in a further round.
    """
    asked, found, rounds = Asked(house), list(operations(house)), 0
    while asked.statuses.total() < cases:
        _round(asked, found, cases - asked.statuses.total(), start_at + rounds * len(found))
        rounds += 1
    return asked


def _round(asked: Asked, found: list[Any], cases: int, start_at: int) -> None:
    each = -(-cases // (2 * len(found)))
    asked.refresh()
    for number, operation in enumerate(found):
        where = (operation.method.upper(), operation.path)
        before = asked.found[where]
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @seed(start_at + number)
            @settings(
                max_examples=each,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy(generation_mode=mode))
            def put(case: Any) -> None:
                asked.ask(case)

            try:
                put()
            except Unsatisfiable:
                continue  # nothing about this operation can be wrong
        if operation.method.upper() != "GET" and operation.path_parameters and asked.found[where] > before:
            asked.refresh()


def main() -> None:
    """Run as many questions as are asked for, and say what was answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given_ = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        process, site = start(Path(folder) / "data", STAYDOWN_SCREEN_KEYS_EVERY="0.3")
        try:
            asked = fuzzed(House.of(site.url, site.data), given_.cases, given_.seed)
        finally:
            process.terminate()
            process.wait(timeout=30)
    print(f"{asked.statuses.total()} questions, seed {given_.seed}: {dict(sorted(asked.statuses.items()))}")
    print("Never answered with success:", *sorted(" ".join(each) for each, count in asked.found.items() if not count))
    for fault in asked.faults[:20]:
        print(fault)
    sys.exit(bool(asked.faults))


if __name__ == "__main__":
    main()
