"""The pages that nobody wants to see still look like ours, and still have the way out."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.views import defaults


def test_an_unknown_address_is_answered_kindly(client):
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "This page is not here" in page
    assert "/leave/" in page


@pytest.mark.parametrize(
    ("view", "status"), [(defaults.permission_denied, 403), (defaults.bad_request, 400), (defaults.page_not_found, 404)]
)
def test_each_error_has_its_page(view, status):
    answer = view(RequestFactory().get("/"), Exception("canary-text"))
    assert answer.status_code == status
    page = answer.content.decode()
    assert "Exit this page" in page
    assert "canary-text" not in page


def test_a_fault_of_ours_says_so_without_a_database():
    answer = defaults.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "not your fault" in answer.content.decode()
