"""The history in plain words."""

from __future__ import annotations

import pytest
from django.db import transaction

from staydown.apps.audit import actions as audit
from staydown.apps.cases import actions, regimes
from staydown.apps.cases.actions.viewing import view_case
from staydown.apps.cases.models import Action, Item
from staydown.apps.console import history
from staydown.apps.console.history import of_case
from tests import factories as make
from tests.people import DORA, member

pytestmark = pytest.mark.django_db


def told(case):
    return [f"{line.who} {line.what}" for line in of_case(case, regimes.pinned(case))]


def test_one_story_in_words(bea):
    sent = make.submitted(DORA, links=2, role="agent")
    actions.lease(sent.case, bea)
    make.decided(sent.case, bea)
    first, second = Action.objects.order_by("pk")
    actions.record_outcome(first, result="removed", by=make.PLATFORM)
    actions.record_outcome(second, result="failed", by=make.PLATFORM)
    assert told(sent.case) == [
        "The reporter sent a report with 2 links and 1 picture, acting for the person shown",
        "bea-at-work took the case",
        "bea-at-work decided to remove 3 items under the UK Online Safety Act",
        "The platform took one item down",
        "The platform could not take one item down; it waits for a decision again",
    ]


def test_another_report_a_decline_and_a_withdrawal(bea):
    first = make.submitted(links=0, pictures=(1,))
    second = make.submitted(DORA, links=0, pictures=(1,))
    assert second.case == first.case
    actions.withdraw_report(second.report, by=make.PLATFORM)
    make.decided(first.case, bea, "decline")
    lines = told(first.case)
    assert lines[1] == "The reporter sent another report with 1 picture"
    assert lines[2].endswith("took a report back")
    assert lines[3] == "bea-at-work declined 1 item under the UK Online Safety Act: Not an intimate image"


def test_a_wave_is_one_line_until_something_else_happens(bea):
    sent = make.submitted()
    entry = Item.objects.get(kind="hash").pdq_entry
    for _ in range(4):
        actions.record_hits([make.hit(entry, count=250), make.hit(entry, "review")], by=make.NODE)
    actions.lease(sent.case, bea)
    actions.record_hits([make.hit(entry)], by=make.NODE)
    assert told(sent.case)[1:] == [
        "Screening stopped 1,000 uploads and sent 4 uploads here to be looked at",
        "bea-at-work took the case",
        "Screening stopped 1 upload",
    ]


def test_a_verb_without_words_of_its_own_is_still_told(bea, system):
    sent = make.submitted()
    with transaction.atomic():
        audit.record("case.moved_house", by=system, about=sent.case)
    assert told(sent.case)[-1] == "staydown case moved house"


def test_a_long_history_is_cut_and_a_wave_hides_nothing(bea, monkeypatch):
    sent = make.submitted()
    make.decided(sent.case, bea)
    entry = sent.report.items.get(kind="hash").pdq_entry
    for _ in range(6):
        actions.record_hits([make.hit(entry)], by=make.NODE)
    monkeypatch.setattr(history, "MOST", 3)
    lines = history.of_case(sent.case, [])
    assert [line.verb for line in lines] == ["report.received", "case.decided", "hits.recorded"]
    for person in (bea, member("finn", "moderator"), member("gus", "moderator")):
        view_case(sent.case, person)
    cut = history.of_case(sent.case, [])
    assert cut[0].what.startswith("keeps more than this")
    assert [line.verb for line in cut[1:]].count("case.viewed") == 3
    assert not view_case(sent.case, bea)
