"""A test of every page of the portal really looks at every one: none can be added without being looked at."""

from __future__ import annotations

import re

import pytest

from tests.apps.portal.everywhere import ADDRESSES, shown, templates
from tests.journeys.portal import PAGES

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["", "ar"], ids=["English", "Arabic"])
def test_every_template_of_the_portal_is_among_the_pages(bea, language):
    pages = shown(language, bea)
    assert {page.template for page in pages} == templates()
    start = '<html lang="ar" dir="rtl">' if language else 'dir="ltr">'
    assert [page.template for page in pages if start not in page.html] == []
    assert [page.template for page in pages if len(re.findall(r"<h1[ >]", page.html)) != 1] == []


def test_the_pages_that_are_opened_by_address_are_those_of_the_url_configuration():
    assert {path for path, _ in PAGES} == {f"/{address}" for address in ADDRESSES}
