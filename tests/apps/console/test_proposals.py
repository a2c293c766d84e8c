"""Two people in the console: a removal is taken back by one who proposes and a lead who approves."""

from __future__ import annotations

import pytest
from django.urls import reverse

from staydown.apps.accounts.access import key_actor
from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit.querysets import history
from staydown.apps.banks import actions as banks
from staydown.apps.banks import importing
from staydown.apps.banks.models import Entry, Proposal
from staydown.apps.cases.actions import erasing_lines, withdraw_or_propose
from staydown.apps.cases.models import Action, Case, Decision
from staydown.apps.sharing.source_models import Source
from staydown.core.bank import Action as Blocking
from tests import factories as make

pytestmark = pytest.mark.django_db
FETCH = {"asked_fetch_key": "a", "asked_subscription_key": "b"}  # what the kind of source asks for


@pytest.fixture
def removed(case, bea):
    make.decided(case, bea)
    return Case.objects.get(pk=case.pk)


def sent(case, *items, **changes):
    chosen = items or case.items.all()
    data = {"items": [str(item.public_id) for item in chosen], "reason": "I mistook it for another one."}
    return {**data, "ground": f"uk-osa-10-3A/{make.ground()}", "version": case.version, **changes}


def test_a_mistaken_removal_is_taken_back_by_two(at_bea, at_cem, removed):
    page = at_bea.get(f"/staff/cases/{removed.public_id}/").content.decode()
    assert reverse("console:restore", args=[removed.public_id]) in page
    way_back = reverse("console:restore", args=[removed.public_id])
    assert "this takes two people" in at_bea.get(way_back).content.decode()
    assert "It is proposed." in at_bea.post(way_back, sent(removed), follow=True).content.decode()
    own = at_bea.get("/staff/proposals/").content.decode()
    assert 'value="approved"' not in own
    assert "I mistook it for another one." in own
    proposal = Proposal.objects.get()
    address = reverse("console:proposal", args=[proposal.public_id])
    refused = at_bea.post(address, {"do": "approved"}, follow=True).content.decode()
    assert "may not do this" in refused or "You proposed this" in refused
    assert {entry.state for entry in Entry.objects.all()} == {"enforced"}
    assert 'value="approved"' in at_cem.get("/staff/proposals/").content.decode()
    assert "The proposal is done." in at_cem.post(address, {"do": "approved"}, follow=True).content.decode()
    assert {entry.state for entry in Entry.objects.all()} == {"reversed"}
    assert set(Action.objects.values_list("kind", "state")) == {("remove", "cancelled"), ("restore", "asked")}
    history = at_cem.get(f"/staff/cases/{removed.public_id}/").content.decode()
    assert "proposed to show something again" in history
    assert "approved the proposal" in history


def test_what_blocks_nothing_is_shown_again_at_once(at_bea, removed):
    link = removed.items.filter(kind="link").first()
    way_back = reverse("console:restore", args=[removed.public_id])
    page = at_bea.post(way_back, sent(removed, link), follow=True).content.decode()
    assert "the platform is asked to show it again" in page
    assert Decision.objects.get(verdict="restore").items.get() == link
    assert not Proposal.objects.exists()


def test_what_is_missing_or_old_is_said(at_bea, removed):
    way_back = reverse("console:restore", args=[removed.public_id])
    empty = at_bea.post(way_back, {"version": removed.version})
    assert empty.status_code == 422
    for said in ("Tick at least one item.", "Choose the law and the ground.", "Say why, in your own words."):
        assert said in empty.content.decode()
    assert at_bea.post(way_back, sent(removed, version=1)).status_code == 409


def test_rejecting_needs_a_reason(at_bea, at_cem, removed):
    at_bea.post(reverse("console:restore", args=[removed.public_id]), sent(removed))
    address = reverse("console:proposal", args=[Proposal.objects.get().public_id])
    assert "say why" in at_cem.post(address, {"do": "rejected"}, follow=True).content.decode()
    assert "Choose whether" in at_cem.post(address, {"do": "done"}, follow=True).content.decode()
    at_cem.post(address, {"do": "rejected", "because": "It is intimate."})
    assert Proposal.objects.get().state == "rejected"


def test_nothing_is_said_of_a_case_that_was_locked_since(at_bea, at_cem, removed):
    at_bea.post(reverse("console:restore", args=[removed.public_id]), sent(removed))
    Case.objects.filter(pk=removed.pk).update(state="minors", due_at=None)
    assert removed.number not in at_cem.get("/staff/proposals/").content.decode()
    address = reverse("console:proposal", args=[Proposal.objects.get().public_id])
    at_cem.post(address, {"do": "approved"})
    assert not Decision.objects.filter(verdict="restore").exists()


def test_a_list_that_blocks_is_shown_with_its_bank_and_can_be_voided_once_approved(at_cem, system):
    bank = banks.open_bank("court", by=system)
    hashes = [(make.pdq(0), None), (make.pdq(1), None)]
    importing.propose_list(bank, hashes, name="order", action=Blocking.BLOCK, reason="Court order 12", by=system)
    page = at_cem.get("/staff/proposals/").content.decode()
    for said in (
        "Have entries block at once",
        ">court<",
        ">order<",
        "with 2 entries",
        "Court order 12",
    ):
        assert said in page
    assert 'aria-labelledby="proposal-1 about-1"' in page  # two of a kind are told apart by what they are about
    address = reverse("console:proposal", args=[Proposal.objects.get().public_id])
    at_cem.post(address, {"do": "approved"})
    page = at_cem.get("/staff/proposals/").content.decode()
    assert 'value="approved"' not in page
    assert 'value="void"' in page
    at_cem.post(address, {"do": "void", "because": "The list is lost."})
    assert Proposal.objects.get().state == "void"


def test_erasing_lines_of_the_log_is_shown_and_done_once_a_lead_approves(at_cem, system):
    entry = make.submitted().report.items.get(kind="hash").pdq_entry
    banks.enforce(entry, by=system, reason="Ben Okri asks for it.")
    line = history(entry)[-1]
    erasing_lines.erase_lines_or_propose(line.seq - 2, line.seq, reason="It names a person.", by=system)
    page = at_cem.get("/staff/proposals/").content.decode()
    for said in (
        "Erase reasons from the audit log",
        f"Lines {line.seq - 2} to {line.seq}: 1 reason. Everything else that is stated beside a reason goes with it.",
        "It names a person.",
    ):
        assert said in page
    address = reverse("console:proposal", args=[Proposal.objects.get().public_id])
    at_cem.post(address, {"do": "approved"})
    assert [each.erased for each in history(entry)] == [False, True]
    assert Proposal.objects.get().state == "done"
    answered = at_cem.get("/staff/proposals/").content.decode().split("<details>")[1]
    assert "Erase reasons from the audit log" in answered
    assert "words of a case" not in answered


def test_lines_whose_reasons_went_meanwhile_are_erased_no_more_and_can_be_voided(at_cem, system):
    entry = make.submitted().report.items.get(kind="hash").pdq_entry
    banks.enforce(entry, by=system, reason="Ben Okri asks for it.")
    line = history(entry)[-1]
    for first in (line.seq, line.seq - 1):
        erasing_lines.erase_lines_or_propose(first, line.seq, reason="It names a person.", by=system)
    one, both = (reverse("console:proposal", args=[each.public_id]) for each in Proposal.objects.order_by("pk"))
    at_cem.post(one, {"do": "approved"})
    said = at_cem.post(both, {"do": "approved"}, follow=True).content.decode()
    assert "None of these lines holds a reason" in said
    assert f"Lines {line.seq - 1} to {line.seq}: 0 reasons." in said
    at_cem.post(both, {"do": "void", "because": "It is done."})
    assert [each.state for each in Proposal.objects.order_by("pk")] == ["done", "void"]


def test_powers_to_block_are_proposed_in_the_office_and_answered_by_a_lead(at_ada, at_cem, system):
    banks.open_bank("house", by=system)
    given = {"name": "HMA client", "scopes": ["entry:write", "entry:enforce"], "reason": "HMA has no cases."}
    made = at_ada.post("/staff/keys/new/", given).content.decode()
    assert "is proposed" in made
    assert "waits for a lead" in at_ada.get("/staff/keys/").content.decode()
    policy = {"bank": "house", "action": "block", "radius": "31", "most_growth": "9", "enforced_because": "Agreed"}
    source = {"kind": "stopncii", "name": "helpline", "address": "https://helpline.test/v1", **policy, **FETCH}
    said = at_ada.post("/staff/sources/new/", source, follow=True).content.decode()
    assert said.count("It is proposed that it blocks") == 2  # said once, and shown on its page
    own = at_ada.get("/staff/proposals/").content.decode()
    assert 'value="approved"' not in own
    assert own.count('value="void"') == 2
    page = at_cem.get("/staff/proposals/").content.decode()
    for said in ("HMA client", "HMA has no cases.", ">helpline<", "within 31 bits", "at most 9 new records"):
        assert said in page
    for each in Proposal.objects.all():
        at_cem.post(reverse("console:proposal", args=[each.public_id]), {"do": "approved"})
    assert ApiKey.objects.get(name="HMA client").may("entry:enforce")
    assert Source.objects.get().enforced_because == "Agreed"


def test_an_entry_to_be_unblocked_is_shown_with_its_case(at_cem, removed, system):
    entry = removed.items.get(kind="hash").pdq_entry
    key, _ = make.api_key("entry:write")
    withdraw_or_propose(entry, reason="It is lawful.", key=key, by=key_actor(key))
    page = at_cem.get("/staff/proposals/").content.decode()
    for said in ("Let copies of one entry pass again", removed.number, "Nobody can undo it"):
        assert said in page
    at_cem.post(reverse("console:proposal", args=[Proposal.objects.get().public_id]), {"do": "approved"})
    entry.refresh_from_db()
    assert entry.state == "withdrawn"


def test_an_administrator_sees_their_own_alone(at_ada, at_bea, removed):
    at_bea.post(reverse("console:restore", args=[removed.public_id]), sent(removed))
    assert "I mistook it" not in at_ada.get("/staff/proposals/").content.decode()
    address = reverse("console:proposal", args=[Proposal.objects.get().public_id])
    assert at_ada.post(address, {"do": "void", "because": "x"}).status_code == 404
    assert Proposal.objects.get().state == "open"
