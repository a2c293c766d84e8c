"""`staydown bank import --enforced` with two people: one proposes the list, a lead approves it, and that list alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from click.testing import CliRunner

from staydown.apps.accounts.access import staff_actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks import importing, proposals
from staydown.apps.banks.models import Bank, Entry, Proposal
from staydown.cli.bank import command
from staydown.errors import InvalidError, StateError
from staydown.project import django
from tests.factories import pdq

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def started(monkeypatch, settings):
    """The tests' Django is started already, and its policy asks for two people."""
    monkeypatch.setattr(django, "setup", lambda data: None)
    settings.STAYDOWN_TWO_PEOPLE = ("enforce",)


def brought(*seeds: int, why: str = "Court order 12/2026", more: Sequence[str] = ()) -> str:
    """What the command prints when a list is brought that is to block at once."""
    words = ["import", "-", "--enforced", "--reason", why, *more]
    given = "".join(f"{pdq(seed).hex()}\n" for seed in seeds)
    done = CliRunner().invoke(command, words, input=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def answered(staff, state="approved", because=""):
    made = Proposal.objects.get(state__in=["open", "approved"])
    return proposals.answer(made, Proposal.State(state), because=because, staff=staff, by=staff_actor(staff))


def states() -> list[str]:
    return list(Entry.objects.values_list("state", flat=True))


def test_a_list_waits_for_a_lead_and_then_blocks(cem):
    assert "Proposed" in brought(0, 1)
    assert states() == []
    made = Proposal.objects.get()
    assert (made.kind, made.reason) == ("enforce", "Court order 12/2026")
    assert (made.details["list"], made.details["entries"]) == ("list", 2)
    assert pdq(0).hex() not in str(made.details)
    with pytest.raises(StateError):
        brought(0, 1)
    answered(cem)
    assert "2 new of 2" in brought(1, 0, why="Anything else")  # whatever the order of the lines
    assert states() == ["enforced", "enforced"]
    said = [line.facts.get("reason") for line in history(Entry.objects.latest("pk"))]
    assert said[-1] == "Court order 12/2026"  # what the lead agreed to
    assert [line.verb for line in history(made)] == ["proposal.made", "proposal.approved", "proposal.used"]
    assert "proposal.used" in [line.verb for line in history(Bank.objects.get())]
    assert "Proposed" in brought(0, 1)  # an approval is used once


@pytest.mark.parametrize(
    ("seeds", "more"), [((0, 1, 2), ()), ((0,), ()), ((0, 1), ("--list", "other")), ((0, 1), ("--review",))]
)
def test_an_approval_is_for_that_list_alone(cem, seeds, more):
    brought(0, 1)
    answered(cem)
    with pytest.raises(StateError):
        brought(*seeds, more=more)
    assert states() == []
    assert Proposal.objects.get().state == "approved"


@pytest.mark.parametrize("state", ["rejected", "void"])
def test_what_is_refused_blocks_nothing_and_can_be_proposed_again(cem, state):
    brought(0)
    with pytest.raises(InvalidError):
        answered(cem, state)
    answered(cem, state, "It is not signed.")
    assert "Proposed" in brought(0)
    assert states() == []


def test_an_approval_that_nobody_used_can_be_voided(cem):
    brought(0)
    answered(cem)
    with pytest.raises(StateError):
        answered(cem, "rejected", "Too late to reject.")
    with pytest.raises(InvalidError):
        answered(cem, "void")
    answered(cem, "void", "The list is lost.")
    assert "Proposed" in brought(1)
    assert states() == []


def test_an_import_that_was_interrupted_is_run_again(cem, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    brought(*range(5))
    answered(cem)
    bank, made = Bank.objects.get(), Proposal.objects.get()
    hashes = [(pdq(seed), None) for seed in range(5)]
    how = {"name": "list", "action": importing.Action.BLOCK, "reason": "x", "by": importing.Actor.system()}
    assert next(importing.import_list(bank, hashes, **how)) == 2  # and no further
    made.refresh_from_db()
    assert (made.state, states()) == ("approved", ["enforced", "enforced"])
    assert "3 new of 5" in brought(*range(5))
    made.refresh_from_db()
    assert (made.state, set(states()), len(states())) == ("done", {"enforced"}, 5)


def test_an_approval_that_is_voided_meanwhile_stops_the_import(cem, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 1)
    brought(0, 1)
    answered(cem)
    hashes = [(pdq(0), None), (pdq(1), None)]
    how = {"name": "list", "action": importing.Action.BLOCK, "reason": "x", "by": importing.Actor.system()}
    batches = importing.import_list(Bank.objects.get(), hashes, **how)
    assert next(batches) == 1
    answered(cem, "void", "Stop.")
    with pytest.raises(StateError):
        next(batches)
    assert states() == ["enforced"]


def test_a_reason_that_the_log_could_not_keep_is_not_proposed():
    with pytest.raises(InvalidError):
        brought(0, why="long " * 50)
    assert not Proposal.objects.exists()


def test_an_empty_list_and_another_policy_need_one_person(settings):
    assert "0 new of 0" in brought()
    settings.STAYDOWN_TWO_PEOPLE = ("restore", "export")
    assert "1 new of 1" in brought(0)
    assert states() == ["enforced"]
    assert not Proposal.objects.exists()
