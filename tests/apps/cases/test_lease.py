"""Leases: one person works a case, for a quarter of an hour, and longer while they are at it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions
from staydown.apps.cases.models import Case
from staydown.errors import DeniedError, LeaseError, StateError
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return make.submitted().case


def run_out():
    Case.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


def test_a_lease_is_fifteen_minutes(case, bea):
    taken = actions.lease(case, bea)
    assert taken.leased_by == bea
    assert timedelta(minutes=14) < taken.leased_until - timezone.now() <= timedelta(minutes=15)
    assert taken.version == case.version  # taking a case changes nothing that a decision must have seen


def test_nobody_else_may_take_it_meanwhile(case, bea, cem):
    actions.lease(case, bea)
    with pytest.raises(LeaseError):
        actions.lease(case, cem)
    assert Case.objects.get().leased_by == bea


def test_a_lease_that_ran_out_is_taken_over(case, bea, cem):
    actions.lease(case, bea)
    run_out()
    assert actions.lease(case, cem).leased_by == cem
    with pytest.raises(LeaseError):
        actions.renew(case, bea)


def test_activity_renews_it_and_only_the_taking_is_in_the_log(case, bea):
    actions.lease(case, bea)
    Case.objects.update(leased_until=timezone.now() + timedelta(minutes=1))
    assert actions.renew(case, bea).leased_until - timezone.now() > timedelta(minutes=14)
    actions.lease(case, bea)
    assert [line.verb for line in history(case)] == ["report.received", "case.leased"]


def test_a_lease_that_ran_out_is_not_renewed_silently(case, bea):
    actions.lease(case, bea)
    run_out()
    with pytest.raises(LeaseError):
        actions.renew(case, bea)


def test_handing_back_needs_no_reason_and_only_ones_own_is_handed_back(case, bea, cem):
    actions.lease(case, bea)
    assert actions.release(case, cem).leased_by == bea
    assert actions.release(case, bea).leased_by is None
    assert actions.release(case, bea).leased_by is None
    assert [line.verb for line in history(case)][-1] == "case.released"


@pytest.mark.parametrize("who", ["uli", "ada"])
def test_who_does_not_work_cases_takes_none(case, who, request):
    with pytest.raises(DeniedError):
        actions.lease(case, request.getfixturevalue(who))


def test_a_closed_case_is_not_taken(case, bea):
    make.decided(case, bea)
    with pytest.raises(StateError):
        actions.lease(case, bea)
