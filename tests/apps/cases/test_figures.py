"""How the work stands: each number against a story of which it is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.cases import actions
from staydown.apps.cases.figures import DAYS_OF_HITS, figures, names
from staydown.apps.cases.models import Action, Case, Clock, Item
from tests.factories import NODE, PLATFORM, decided, hit, submitted

pytestmark = pytest.mark.django_db


def carried_out(case: Case) -> None:
    for asked in Action.objects.filter(item__case=case):
        actions.record_outcome(asked, result="removed", detail="", by=PLATFORM)


def earlier(case: Case, hours: int) -> None:
    """Have everything of the case begun that many hours earlier."""
    back = timedelta(hours=hours)
    Case.objects.filter(pk=case.pk).update(opened_at=case.opened_at - back)
    for clock in Clock.objects.filter(case=case):
        Clock.objects.filter(pk=clock.pk).update(starts_at=clock.starts_at - back, due_at=clock.due_at - back)


def test_nothing_happened():
    found = figures(timezone.now())
    assert (found.open_cases, found.overdue_cases, found.waiting) == (0, 0, {})
    assert found.to_first_decision is found.to_removal is None
    assert len(found.hits) == DAYS_OF_HITS
    assert not any(found.hits.values())


def test_what_waits_is_told_by_law_and_time_left(django_assert_max_num_queries):
    cases = [submitted(pictures=(seed,)).case for seed in (1, 2, 3)]
    now = timezone.now()
    for case, hours in zip(cases, (-1, 3, 30), strict=True):
        Clock.objects.filter(case=case).update(due_at=now + timedelta(hours=hours), starts_at=now - timedelta(hours=20))
    Case.objects.filter(pk=cases[0].pk).update(due_at=now - timedelta(hours=1))
    with django_assert_max_num_queries(11):
        found = figures(now)
    assert (found.open_cases, found.overdue_cases, found.clocks_missed > 0) == (3, 1, True)
    for row in found.waiting.values():
        assert tuple(row) == names()
        assert row == {"overdue": 1, "6 hours": 1, "24 hours": 0, "48 hours": 1, "longer": 0}


def test_times_are_medians_of_what_was_decided_and_carried_out(bea):
    for seed, hours in ((1, 2), (2, 4), (3, 10)):
        case = submitted(pictures=(seed,)).case
        earlier(case, hours)
        decided(case, bea)
        carried_out(case)
    found = figures(timezone.now())
    assert round(found.to_first_decision / timedelta(hours=1)) == 4
    assert round(found.to_removal / timedelta(hours=1)) == 4
    assert found.verdicts["remove"] == 3
    assert found.clocks_missed == 0
    assert found.clocks_met >= 3


def test_a_clock_that_stopped_late_was_missed(bea):
    case = submitted().case
    earlier(case, 60)
    decided(case, bea)
    carried_out(case)
    found = figures(timezone.now())
    assert found.clocks_missed >= 1


def test_hits_are_counted_on_their_day(bea):
    case = submitted().case
    decided(case, bea)
    entry = Item.objects.get(case=case, pdq_entry__isnull=False).pdq_entry
    actions.record_hits([hit(entry), hit(entry)], by=NODE)
    assert list(figures(timezone.now()).hits.values())[-1] == 2
