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

DOCUMENTS: Final = ("/api/v1/openapi.json", "/v1/openapi.json")
BUSY: Final = 503
NOWHERE: Final = "https://127.0.0.1/hook"  # webhooks are never delivered to a private address


class Asked:
    """What was asked so far, and what was answered."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._authorization = f"Bearer {house.keys['everything']}"
        self._session = requests.Session()
        self._session.trust_env = False
        self.statuses: Counter[int] = Counter()
        self.faults: list[str] = []

    def ask(self, case: Any) -> None:
        """Put one question, as nearly as it is safe to."""
        if isinstance(case.query, dict) and "wait" in case.query:
            case.query["wait"] = 0  # the feed holds an answer for as long as it is asked to
        if isinstance(case.body, dict) and "url" in case.body:
            case.body["url"] = NOWHERE
        if case.headers is not None and isinstance(case.headers, dict | CaseInsensitiveDict):
            case.headers["Authorization"] = self._authorization  # what keys may do is tested elsewhere
        headers = {"Authorization": self._authorization}
        try:
            reply = case.call(base_url=self._house.url, session=self._session, headers=headers, timeout=60)
        except (ValueError, requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL):
            return  # this cannot be written as a request
        self.statuses[reply.status_code] += 1
        if reply.status_code >= 500 and reply.status_code != BUSY:
            self.faults.append(f"{reply.status_code} {case.method} {case.path}\n{case.as_curl_command()}")


def operations(house: House) -> Iterator[Any]:
    """Everything that the two documents offer."""
    for document in DOCUMENTS:
        schema = schemathesis.openapi.from_dict(requests.get(house.url + document, timeout=30).json())
        for found in schema.get_all_operations():
            yield found.ok()


def fuzzed(house: House, cases: int, start_at: int = 0) -> Asked:
    """Ask about ``cases`` questions, half of them valid and half not; the same ones for the same ``start_at``."""
    asked, found = Asked(house), list(operations(house))
    each = max(1, cases // (2 * len(found)))
    for number, operation in enumerate(found):
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
    return asked


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
    for fault in asked.faults[:20]:
        print(fault)
    sys.exit(bool(asked.faults))


if __name__ == "__main__":
    main()
