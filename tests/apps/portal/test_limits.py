"""Limits: wide, without an address, never against a code that is right, and nothing that was answered is lost."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from staydown.apps.cases.models import Report
from staydown.apps.portal import limits
from staydown.apps.portal.limits import Limit
from tests import factories as make
from tests.apps.portal.walking import LINK, Walk

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


def asking(address: str):
    return RequestFactory().get("/", REMOTE_ADDR=address)


class Clock:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_so_many_at_once_then_one_after_each_pause():
    clock = Clock()
    limit = Limit(3, 60, clock=clock)
    assert [limit.wait(asking(HOME)) for _ in range(4)] == [0, 0, 0, 60]
    assert limit.wait(asking(ELSEWHERE)) == 0
    clock.now += 59
    assert limit.wait(asking(HOME)) == 1
    clock.now += 1
    assert limit.wait(asking(HOME)) == 0
    assert limit.wait(asking(HOME)) == 60
    clock.now += 3 * 60
    assert [limit.wait(asking(HOME)) for _ in range(4)] == [0, 0, 0, 60]


def test_being_refused_costs_nothing_more():
    clock = Clock()
    limit = Limit(1, 60, clock=clock)
    assert [limit.wait(asking(HOME)) for _ in range(50)] == [0] + [60] * 49


def test_a_household_is_one_network_and_its_neighbour_another():
    limit = Limit(1, 60)
    assert limit.wait(asking("2001:db8:1:2::5")) == 0
    assert limit.wait(asking("2001:db8:1:2:ffff::6")) > 0
    assert limit.wait(asking("2001:db8:1:3::5")) == 0
    assert limit.wait(asking("::ffff:203.0.113.7")) == 0
    assert limit.wait(asking(HOME)) > 0, "the same address, written in two ways"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "", "unix"])
def test_who_cannot_be_told_apart_is_not_limited(address):
    limit = Limit(1, 60)
    assert [limit.wait(asking(address)) for _ in range(9)] == [0] * 9


def test_no_address_is_kept_and_the_next_day_knows_nothing():
    clock = Clock()
    limit = Limit(1, 60, clock=clock)
    limit.wait(asking(HOME))
    (key,) = limit._full_at
    assert limits.network_of(asking(HOME)) not in key
    assert HOME not in repr(limit.__dict__)
    clock.now += limits.DAY
    assert limit.wait(asking(ELSEWHERE)) == 0
    assert key not in limit._full_at
    assert limit.wait(asking(HOME)) == 0


def test_the_memory_has_a_bound(monkeypatch):
    monkeypatch.setattr(limits, "MOST_BUCKETS", 10)
    limit = Limit(1, 60)
    for number in range(50):
        limit.wait(asking(f"203.0.113.{number}"))
    assert len(limit._full_at) == 10


@pytest.mark.django_db
def test_a_report_too_many_keeps_its_answers_and_is_sent_later(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(limits, "REPORTS", Limit(1, 120, clock=clock))
    first = Walk(Client(REMOTE_ADDR=HOME)).sent()
    assert first.heading == "Your report was sent"
    second = Walk(Client(REMOTE_ADDR=HOME)).sent(words={"words": "My own words"})
    assert second.response.status_code == 429
    assert second.response["Retry-After"] == "120"
    assert "Wait 2 minutes" in second.text
    assert "My own words" in second.text
    assert Report.objects.count() == 1
    clock.now += 120
    assert second.press("send").heading == "Your report was sent"
    assert Report.objects.count() == 2


@pytest.mark.django_db
def test_the_receipt_of_a_report_that_was_sent_is_always_shown_again(monkeypatch):
    monkeypatch.setattr(limits, "REPORTS", Limit(1, 120))
    walk = Walk(Client(REMOTE_ADDR=HOME)).to("check")
    draft = walk.draft
    code = walk.post(draft=draft, go="send").code
    assert [walk.post(draft=draft, go="send").code for _ in range(3)] == [code] * 3


@pytest.mark.django_db
def test_a_link_of_somebody_under_18_is_not_lost_either(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(limits, "REPORTS", Limit(1, 120, clock=clock))
    Walk(Client(REMOTE_ADDR=HOME)).sent()
    walk = Walk(Client(REMOTE_ADDR=HOME)).answer(minor="yes")
    walk.post(draft=walk.draft, step="minor", links=LINK)
    assert walk.response.status_code == 429
    assert LINK in walk.text
    clock.now += 120
    assert walk.post(draft=walk.draft, step="minor", links=LINK).heading == "Your report was sent"


@pytest.mark.django_db
def test_the_right_code_works_however_many_wrong_ones_came_before(monkeypatch):
    monkeypatch.setattr(limits, "WRONG_CODES", Limit(2, 60))
    sent, client = make.submitted(), Client(REMOTE_ADDR=HOME)
    answers = [client.post("/status/", {"code": "7F3K-9QXM-2VTC-0RW8-J"}).status_code for _ in range(4)]
    assert answers == [200, 200, 429, 429]
    shown = client.post("/status/", {"code": sent.code})
    assert shown.status_code == 200
    assert sent.report.reference in shown.content.decode()
    assert Client(REMOTE_ADDR=ELSEWHERE).post("/status/", {"code": "7"}).status_code == 200
