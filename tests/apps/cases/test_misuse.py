"""Reports without ground: recorded with reasons by a lead, shown as a figure, and followed by nothing else."""

from __future__ import annotations

import pytest
from django.utils import timezone

from staydown.apps.audit.querysets import history
from staydown.apps.cases.actions import misuse
from staydown.apps.cases.figures import figures
from staydown.apps.cases.models import Case, Unfounded
from staydown.errors import DeniedError, InvalidError, MissingError, StateError
from tests.factories import decided, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def declined(bea):
    """A report of which everything was declined."""
    sent = submitted(links=["https://platform.test/posts/1"])
    decided(sent.case, bea, "decline")
    return sent.report


def test_a_lead_records_it_with_reasons_which_the_log_does_not_keep(declined, cem):
    assert misuse.possible(declined.case) == [declined]
    found = misuse.find_unfounded(declined, reason=" canary: it is a landscape ", staff=cem)
    assert found.reason == "canary: it is a landscape"
    assert b"canary" not in bytes(Unfounded.objects.values_list("reason", flat=True)[0].data)
    lines = list(history(declined.case))
    assert "report.unfounded" in [line.verb for line in lines]
    assert "canary" not in str([(line.facts, line.about) for line in lines])
    assert misuse.possible(declined.case) == []
    assert misuse.of_case(declined.case) == [found]


def test_the_rate_is_a_figure(declined, cem):
    submitted(pictures=(7,))
    before = figures(timezone.now())
    misuse.find_unfounded(declined, reason="A landscape.", staff=cem)
    after = figures(timezone.now())
    assert (before.reports, before.unfounded) == (2, 0)
    assert (after.reports, after.unfounded) == (2, 1)


def test_only_a_lead_and_only_with_a_reason_and_once(declined, bea, cem):
    with pytest.raises(DeniedError):
        misuse.find_unfounded(declined, reason="A landscape.", staff=bea)
    for empty in ("  ", "x" * 5_001):
        with pytest.raises(InvalidError):
            misuse.find_unfounded(declined, reason=empty, staff=cem)
    assert not Unfounded.objects.exists()
    misuse.find_unfounded(declined, reason="A landscape.", staff=cem)
    with pytest.raises(StateError):
        misuse.find_unfounded(declined, reason="Once more.", staff=cem)
    assert Unfounded.objects.count() == 1


@pytest.mark.parametrize("verdict", ["remove", None])
def test_what_was_removed_or_still_waits_is_no_misuse(verdict, bea, cem):
    sent = submitted()
    if verdict:
        decided(sent.case, bea, verdict)
    assert misuse.possible(sent.case) == []
    with pytest.raises(StateError):
        misuse.find_unfounded(sent.report, reason="It annoys us.", staff=cem)
    assert not Unfounded.objects.exists()


def test_a_case_of_a_minor_is_not_reached(declined, cem):
    Case.objects.filter(pk=declined.case_id).update(state="minors")
    with pytest.raises(MissingError):
        misuse.find_unfounded(declined, reason="A landscape.", staff=cem)


def test_the_next_report_is_read_like_any_other(declined, cem):
    misuse.find_unfounded(declined, reason="A landscape.", staff=cem)
    again = submitted(links=["https://platform.test/posts/1"])
    assert again.case.state == Case.State.OPEN
    assert again.case.due_at is not None
