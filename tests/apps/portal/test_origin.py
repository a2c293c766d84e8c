"""Posts from other sites' pages are refused; everyone else's are served, with no cookie at all."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def strict() -> Client:
    """A client at which Django's own check would refuse every post without a cookie."""
    return Client(enforce_csrf_checks=True)


OWN = [
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://testserver"},
    {},
]
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://other.testserver"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Origin": "https://testserver"},
]


@pytest.mark.parametrize("headers", OWN)
@pytest.mark.parametrize("path", ["/report/", "/status/"])
def test_our_own_pages_may_post(strict, path, headers):
    response = strict.post(path, {}, headers=headers)
    assert response.status_code in (200, 400)
    assert not strict.cookies


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/report/", "/status/"])
def test_another_site_s_page_may_not(strict, path, headers):
    sent = make.submitted()
    response = strict.post(path, {"code": sent.code, "go": "withdraw-now"}, headers=headers)
    assert response.status_code == 403
    assert "another site" in response.content.decode()
    sent.report.refresh_from_db()
    assert sent.report.withdrawn_at is None


def test_the_configured_origin_counts_behind_a_proxy(strict, settings):
    settings.STAYDOWN_ORIGIN = "https://report.example"
    response = strict.post("/status/", {}, headers={"Origin": "https://report.example"})
    assert response.status_code == 200
