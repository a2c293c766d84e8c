"""How long things are kept: as short as the operator says, longer only for a law or an appeal, then gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from staydown.apps.accounts.models import Role
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions, keeping, regimes
from staydown.apps.cases.actions import forgetting, minors
from staydown.apps.cases.intake import MinorsForm
from staydown.apps.cases.models import Action, Case, Hit, Item, Keeping, Report
from staydown.apps.vault.fields import sealed_fields
from staydown.core.law.regime import load
from staydown.core.law.schema import Period
from tests.factories import NODE, PLATFORM, decided, ground, hit, submitted
from tests.people import member

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)
SYSTEM = Actor.system()


def after(days: int) -> date:
    return TODAY + timedelta(days=days)


def closed(staff, **changes: object) -> Case:
    """A case that was decided, carried out and answered."""
    case = submitted(**changes).case
    decided(case, staff)
    for asked in Action.objects.filter(item__case=case):
        actions.record_outcome(asked, result="removed", detail="gone", by=PLATFORM)
    case.refresh_from_db()
    assert case.state == Case.State.DONE
    return case


def words(case: Case) -> set[str]:
    """Every word and address that the rows of a case still hold."""
    held = set()
    for names in keeping.ARTEFACTS.values():
        for name in names:
            model_name, field = name.split(".")
            held |= {getattr(row, field) for row in forgetting.rows_of(case, model_name)}
    return held - {None, ""}


def test_every_sealed_column_of_casework_has_its_time():
    named = {name for names in keeping.ARTEFACTS.values() for name in names}
    found = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("staydown_cases").get_models()
        for field in sealed_fields(model)
    }
    assert found | {"Proposal.reason", "Proposal.decided_because"} == named


def test_a_case_is_forgotten_when_its_time_is_over_and_not_before(bea, settings):
    settings.STAYDOWN_KEEP = {"report": 10, "content_pointer": 10, "decision": 10}
    case = closed(bea)
    assert forgetting.tick(by=SYSTEM, today=TODAY) == 0
    due = [keeping.due_on(case.keeping, each) for each in keeping.ARTEFACTS]
    assert forgetting.tick(by=SYSTEM, today=min(due) - timedelta(days=1)) == 0
    assert words(case)
    assert forgetting.tick(by=SYSTEM, today=max(due)) == len(keeping.ARTEFACTS)
    assert words(case) == set()
    lines = [line for line in history(case) if line.verb == "case.forgotten"]
    assert [line.facts["artefacts"] for line in lines] == [sorted(keeping.ARTEFACTS)]


def test_twice_a_day_changes_nothing(bea):
    case = closed(bea)
    forgetting.tick(by=SYSTEM, today=TODAY)
    assert forgetting.tick(by=SYSTEM, today=after(4000)) == 3
    assert forgetting.tick(by=SYSTEM, today=after(4000)) == 0
    assert Keeping.objects.get(case=case).closed_on == TODAY


def test_nothing_of_an_open_case_is_forgotten(amara):
    case = submitted(amara).case
    forgetting.tick(by=SYSTEM, today=TODAY)
    assert forgetting.tick(by=SYSTEM, today=after(4000)) == 0
    assert amara.words in words(case)


def test_a_case_that_is_opened_again_begins_anew(bea):
    case = closed(bea)
    forgetting.tick(by=SYSTEM, today=TODAY)
    upload = hit(Item.objects.get(case=case, pdq_entry__isnull=False).pdq_entry, "review", content_ref="post/1")
    actions.record_hits([upload], by=NODE)
    assert Case.objects.get(pk=case.pk).state == Case.State.OPEN
    assert forgetting.tick(by=SYSTEM, today=after(4000)) == 0
    assert words(case)
    assert not Keeping.objects.filter(case=case).exists()


@pytest.fixture
def pat(db):
    """The person for child protection."""
    return member("pat", Role.PROTECTION)


def locked(*links: str) -> Case:
    """A case of somebody under 18."""
    return minors.submit_minors_report(MinorsForm(links=links, language="en"), by=Actor.reporter()).case


def test_a_locked_case_is_not_closed_while_something_of_it_may_still_be_up(pat):
    case = locked("https://platform.test/posts/1", "https://platform.test/posts/2")
    assert forgetting.tick(by=SYSTEM, today=TODAY) == forgetting.tick(by=SYSTEM, today=after(4000)) == 0
    assert not Keeping.objects.exists()
    minors.ask_removal(case, pat)
    first, second = Action.objects.order_by("pk")
    actions.record_outcome(first, result="removed", by=PLATFORM)
    actions.record_outcome(second, result="failed", by=PLATFORM)
    assert forgetting.tick(by=SYSTEM, today=TODAY) == forgetting.tick(by=SYSTEM, today=after(4000)) == 0
    minors.ask_removal(case, pat)
    actions.record_outcome(Action.objects.latest("pk"), result="removed", by=PLATFORM)
    forgetting.tick(by=SYSTEM, today=TODAY)
    assert Keeping.objects.get(case=case).closed_on == TODAY
    assert forgetting.tick(by=SYSTEM, today=after(300)) == 0  # a law has what is about a child kept for a year
    assert forgetting.tick(by=SYSTEM, today=after(4000)) == 3
    assert words(case) == set()


def test_a_locked_case_that_an_earlier_version_took_for_closed_is_not(pat):
    case = locked("https://platform.test/posts/1")
    Keeping.objects.create(case=case, version=case.version, closed_on=TODAY)
    assert forgetting.forget(case, ["report", "content_pointer"], by=SYSTEM) == 0
    assert forgetting.tick(by=SYSTEM, today=after(4000)) == 0
    assert not Keeping.objects.exists()
    assert "https://platform.test/posts/1" in words(case)


def test_of_a_locked_case_without_a_link_the_time_begins_at_once(bea):
    case = submitted(links=0).case
    minors.suspect_minor(case, bea)
    forgetting.tick(by=SYSTEM, today=TODAY)
    assert Keeping.objects.get(case=case).closed_on == TODAY


def test_what_waits_no_more_because_its_link_is_erased_keeps_no_locked_case_from_being_closed(bea):
    case = submitted().case
    decided(case, bea, "decline", ground=ground())
    forgetting.tick(by=SYSTEM, today=TODAY)
    assert forgetting.tick(by=SYSTEM, today=after(4000)) == 3
    minors.suspect_minor(case, bea)
    forgetting.tick(by=SYSTEM, today=after(4001))
    assert Keeping.objects.get(case=case).closed_on == after(4001)


def test_a_time_to_appeal_is_waited_for(bea, settings):
    settings.STAYDOWN_KEEP = {"report": 1, "content_pointer": 1, "decision": 1}
    closed(bea)
    forgetting.tick(by=SYSTEM, today=TODAY)
    assert forgetting.tick(by=SYSTEM, today=after(150)) == 0  # the usual time to appeal is six months
    assert forgetting.tick(by=SYSTEM, today=after(200)) == 3


def test_a_law_makes_the_time_longer_and_never_shorter(bea, monkeypatch):
    case = closed(bea)
    forgetting.tick(by=SYSTEM, today=TODAY)
    usual = keeping.due_on(case.keeping, "report")
    pinned = regimes.pinned(case)

    def asking(value: int, unit: str) -> date:
        one = replace(load("uk-csea-nca").retention[0], artefact="report", period=Period(value, unit))
        changed = tuple(replace(regime, retention=(one,)) for regime in pinned)
        monkeypatch.setattr(regimes, "pinned", lambda _: changed)
        return keeping.due_on(case.keeping, "report")

    assert asking(1, "days") == usual
    assert date(2031, 11, 23) <= asking(5, "years") < date(2031, 11, 30)
    assert keeping.due_on(case.keeping, "decision") < date(2028, 1, 1)


def test_the_day_of_erasure_does_not_tell_the_day_of_the_closing(bea):
    cases = [closed(bea, pictures=(), links=1) for _ in range(12)]
    forgetting.tick(by=SYSTEM, today=TODAY)
    days = {keeping.due_on(Keeping.objects.get(case=case), "report") for case in cases}
    assert len(days) > 1
    assert max(days) - min(days) < timedelta(days=keeping.SPREAD)


def test_uploads_of_a_closed_case_are_forgotten_by_their_own_age(bea):
    case = closed(bea)
    entry = Item.objects.get(case=case, pdq_entry__isnull=False).pdq_entry
    actions.record_hits([hit(entry, content_ref="post/old"), hit(entry, content_ref="post/new")], by=NODE)
    Hit.objects.filter(pk=Hit.objects.earliest("pk").pk).update(last_at=timezone.now() - timedelta(days=100))
    assert forgetting.tick(by=SYSTEM) == 1
    assert sorted(str(each.content_ref) for each in Hit.objects.all()) in (["None", "post/new"], ["None", "post/old"])
    assert [each.count for each in Hit.objects.all()] == [1, 1]


def test_the_code_still_opens_the_timeline_and_still_takes_the_hashes_back(bea, amara):
    case = closed(bea)
    forgetting.tick(by=SYSTEM, today=TODAY)
    forgetting.tick(by=SYSTEM, today=after(4000))
    report = Report.objects.get(case=case)
    entry = Item.objects.get(case=case, pdq_entry__isnull=False).pdq_entry
    assert entry.state == "enforced"
    actions.withdraw_report(report, by=Actor.reporter())
    entry.refresh_from_db()
    assert (entry.state, entry.value) == ("withdrawn", None)
