"""The OpenAPI documents against what answers: nothing missing, and no fault of ours for whatever is asked.

`python -m tests.journeys.protocols.fuzz --cases 10000` asks far more.
"""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route

from staydown.apps.api.hma import urls as hma_urls
from staydown.screening import openapi
from staydown.screening.settings import Settings
from tests.journeys.protocols.fuzz import fuzzed
from tests.screening.nodes import Stepped

pytestmark = pytest.mark.journey

HANDED_ON = "/{"  # addresses with a part that stands for anything: the publisher answers what is below /c


def test_a_node_answers_what_its_document_says_and_nothing_else():
    app = Stepped().app
    routes = {route.path for route in app.routes if isinstance(route, Route) and HANDED_ON not in route.path}
    written = {path for path in openapi.document(Settings())["paths"] if not path.startswith("/c/")}
    assert routes | set(app._hot) == written


def test_what_the_publisher_answers_for_hma_is_in_the_document_of_the_node():
    written = {path.removeprefix("/c/") for path in openapi.document(Settings())["paths"] if path.startswith("/c/")}
    served = {re.sub(r"<str:(\w+)>", r"{\1}", str(each.pattern)) for each in hma_urls.urlpatterns}
    assert served - {"", "<path:rest>"} == written


def test_no_question_of_schemathesis_is_answered_with_a_server_error(house):
    asked = fuzzed(house, cases=250)
    assert asked.faults == []
    assert asked.statuses.total() >= 250
    assert asked.statuses[200] > 60
