"""Reports without ground and earlier cases of a picture, on the page of a case."""

from __future__ import annotations

import pytest

from staydown.apps.cases.models import Case, Unfounded
from tests import factories as make

pytestmark = pytest.mark.django_db


def page_of(client, case):
    return client.get(f"/staff/cases/{case.public_id}/").content.decode()


def test_a_lead_records_an_unfounded_report(at_cem, at_bea, at_uli, bea, sent, case):
    make.decided(case, bea, "decline")
    assert "Record a report as unfounded" in page_of(at_cem, case)
    assert "Record a report as unfounded" not in page_of(at_bea, case)
    address = f"/staff/cases/{case.public_id}/unfounded/"
    said = {"report": str(sent.report.public_id), "reason": "canary: it is a landscape"}
    assert "say why" in at_cem.post(address, {**said, "reason": ""}, follow=True).content.decode()
    assert "Choose the report" in at_cem.post(address, {"reason": "x"}, follow=True).content.decode()
    assert not Unfounded.objects.exists()
    page = at_cem.post(address, said, follow=True).content.decode()
    assert "canary: it is a landscape" in page
    assert "recorded a report as unfounded" in page
    assert "Record a report as unfounded" not in page
    assert "canary" in page_of(at_bea, case)
    assert "canary" not in page_of(at_uli, case)
    assert "1 of 1" in at_bea.get("/staff/figures/").content.decode()


def test_a_reporter_is_told_nothing_of_it(at_cem, bea, sent, case, client):
    make.decided(case, bea, "decline")
    before = client.post("/status/", {"code": sent.code}).content.decode()
    said = {"report": str(sent.report.public_id), "reason": "canary"}
    at_cem.post(f"/staff/cases/{case.public_id}/unfounded/", said)
    after = client.post("/status/", {"code": sent.code}).content.decode()
    assert "canary" not in after
    assert "unfounded" not in after
    assert after.count("<li") == before.count("<li")


def test_other_cases_of_the_same_picture_are_named(at_bea, at_cem, bea):
    first = make.submitted(pictures=(5,)).case
    make.decided(first, bea)
    second = make.submitted(pictures=(5,)).case
    other = make.submitted(pictures=(6,)).case
    assert len({first.pk, second.pk, other.pk}) == 3
    page = page_of(at_bea, second)
    assert "The same picture in other cases" in page
    assert f'href="/staff/cases/{first.public_id}/"' in page
    assert f'href="/staff/cases/{other.public_id}/"' not in page
    assert f'href="/staff/cases/{second.public_id}/"' in page_of(at_cem, first)
    assert "The same picture" not in page_of(at_bea, other)


def test_a_case_of_a_minor_is_not_named_beside_its_picture(at_bea, bea):
    first = make.submitted(pictures=(5,)).case
    make.decided(first, bea)
    second = make.submitted(pictures=(5,)).case
    Case.objects.filter(pk=first.pk).update(state="minors")
    page = page_of(at_bea, second)
    assert str(first.public_id) not in page
    assert first.number not in page
