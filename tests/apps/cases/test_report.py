"""A report comes in: nothing lost, nothing revealed, and the clocks run from that moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history, recent
from staydown.apps.banks.models import Entry
from staydown.apps.cases import actions, regimes
from staydown.apps.cases.intake import HashGiven
from staydown.apps.cases.models import Case, Clock, Item, PinnedRegime, Report
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.models import Delivery
from staydown.core import receipt
from staydown.core.audit import verify_proof
from staydown.errors import InvalidError, MinorsRouteError
from tests import factories as make
from tests.people import AMARA, DORA

pytestmark = pytest.mark.django_db


def test_a_report_becomes_a_case_with_items_entries_and_clocks():
    sent = make.submitted(links=2, pictures=(1, 2))
    assert sent.case.state == "open"
    assert sorted(sent.report.items.values_list("kind", flat=True)) == ["hash", "hash", "link", "link"]
    assert set(Entry.objects.values_list("state", flat=True)) == {"pending"}
    assert Entry.objects.count() == 4
    assert set(sent.case.clocks.values_list("regime_id", flat=True)) == {"uk-osa-10-3A", "us-tida-3"}
    assert sent.report.contact == AMARA.contact


def test_clocks_run_from_receipt_and_the_earliest_is_the_deadline():
    sent = make.submitted()
    assert {clock.starts_at for clock in sent.report.clocks.all()} == {sent.report.received_at}
    assert sent.case.due_at == min(clock.due_at for clock in sent.case.clocks.all())
    assert sent.case.due_at == sent.report.received_at + timedelta(hours=48)


def test_the_receipt_is_stored_only_as_its_derivation():
    sent = make.submitted()
    assert receipt.parse(sent.code) == sent.code
    plain = sent.code.replace("-", "")
    stored = str(Report.objects.values().get()) + str(recent()) + repr(sent)
    assert sent.code not in stored
    assert plain not in stored
    assert bytes(sent.report.lookup_id) != plain.encode()


def test_case_numbers_are_random_and_readable():
    numbers = {make.submitted(pictures=(seed,)).case.number for seed in range(8)}
    assert len(numbers) == 8
    for number in numbers:
        assert len(number) == 9
        assert set(number.replace("-", "")) <= set(receipt.ALPHABET)


def test_under_18_is_turned_away_before_anything_is_stored():
    with pytest.raises(MinorsRouteError):
        actions.submit_report(make.form(shown_is_adult=False, links=["nonsense"]), by=Actor.reporter())
    assert not any(model.objects.exists() for model in (Case, Report, Item, Entry, PinnedRegime))
    assert recent() == []


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("role", {"role": "stranger"}),
        ("links", {"links": [], "hashes": []}),
        ("links", {"links": ["not an address"]}),
        ("links", {"links": ["javascript:alert(1)"]}),
        ("links", {"links": ["https://platform.test/a b"]}),
        ("links", {"links": ["https://[::1"]}),
        ("links", {"links": ["https://platform.test/" + "a" * 2000]}),
        ("links", {"links": [f"https://platform.test/{n}" for n in range(201)]}),
        ("hashes", {"hashes": [HashGiven("zz" * 32, 100)]}),
        ("hashes", {"hashes": [HashGiven("ab" * 31, 100)]}),
        ("hashes", {"hashes": [HashGiven("", 100, None)]}),
        ("hashes", {"hashes": [HashGiven("ab" * 32, 101)]}),
        ("hashes", {"hashes": [HashGiven("ab" * 32, 100, "short")]}),
        ("words", {"words": "x" * 20_001}),
        ("contact", {"contact": "x" * 501}),
        ("language", {"language": "x" * 36}),
    ],
)
def test_a_field_that_is_not_valid_is_named_and_nothing_is_stored(field, changes):
    with pytest.raises(InvalidError, match=f"^{field}: "):
        actions.submit_report(make.form(**changes), by=Actor.reporter())
    assert not Case.objects.exists()


def test_what_a_law_asks_for_and_is_missing_blocks_nothing():
    sent = make.submitted(contact="", signature="", words="", provided={})
    assert sent.report.provided == {"identify": True, "locate": True}
    assert sent.case.state == "open"
    assert sent.report.contact is None


def test_elements_are_computed_from_what_is_there_not_from_claims():
    claims = {"contact": True, "signature": True, "locate": True, "made_up": True, "good_faith_and_true": True}
    sent = make.submitted(links=0, contact=" ", signature="", words="", provided=claims)
    assert sent.report.provided == {"good_faith_and_true": True, "identify": True}


def test_a_declaration_that_was_not_made_is_not_provided():
    sent = make.submitted(provided={"good_faith_and_true": False, "content_is_intimate": True})
    assert "good_faith_and_true" not in sent.report.provided
    assert sent.report.provided["content_is_intimate"] is True


def test_a_featureless_picture_is_kept_by_its_digest_alone():
    given = make.picture(1, quality=49)
    sent = make.submitted(links=0, hashes=[given])
    item = sent.report.items.get()
    assert (item.pdq_entry, item.quality) == (None, 49)
    assert item.sha256_entry.algorithm == "sha256"
    assert Entry.objects.count() == 1


def test_a_featureless_picture_without_a_digest_is_an_item_all_the_same():
    sent = make.submitted(links=0, hashes=[HashGiven(make.pdq(1).hex(), 10)])
    assert sent.report.items.get().pdq_entry is None
    assert not Entry.objects.exists()


def test_a_link_and_a_picture_given_twice_are_one_item_each():
    link = "https://platform.test/posts/1"
    sent = make.submitted(links=[link, f" {link} "], hashes=[make.picture(1), make.picture(1)])
    assert sent.report.items.count() == 2
    assert sent.report.items.get(kind="link").url == link


def test_a_large_report_takes_few_queries():
    """Nobody else can write while a report is stored, and anyone may send one."""
    pictures = [HashGiven(make.pdq(n).hex(), 90, make.sha256(n).hex(), "") for n in range(200)]
    with CaptureQueriesContext(connection) as asked:
        sent = make.submitted(links=0, pictures=(), hashes=pictures)
    assert sent.report.items.count() == 200
    assert Entry.objects.count() == 400
    assert len(asked) < 100


def test_the_regimes_of_the_day_are_pinned_with_their_text(settings):
    settings.STAYDOWN_REGIMES = ["uk-osa-10-3A"]
    sent = make.submitted()
    (pin,) = sent.case.regimes
    kept = PinnedRegime.objects.get()
    assert (kept.regime_id, kept.version) == (pin["id"], pin["version"])
    assert kept.text.startswith("#") or "schema" in kept.text
    assert [regime.id for regime in regimes.pinned(sent.case)] == ["uk-osa-10-3A"]
    assert set(sent.report.provided) == {
        "content_is_intimate",
        "made_by_subject_or_agent",
        "good_faith_and_true",
        "identify",
        "contact",
    }


def test_a_later_version_of_a_law_does_not_touch_an_older_case(settings):
    settings.STAYDOWN_REGIMES = ["uk-osa-10-3A"]
    sent = make.submitted()
    (regime,) = regimes.pinned(sent.case)
    assert regime.version == sent.case.regimes[0]["version"]
    make.submitted(pictures=(2,))
    assert PinnedRegime.objects.count() == 1  # one text a version, however many cases


# One wave, one case --------------------------------------------------------------------------------------------------


def test_the_same_picture_joins_the_open_case():
    first = make.submitted(AMARA, pictures=(1,))
    second = make.submitted(DORA, pictures=(1, 2))
    assert second.case == first.case
    assert Case.objects.count() == 1
    assert Entry.objects.count() == 4
    assert first.case.reports.count() == 2
    assert second.code != first.code
    assert Case.objects.get().version == first.case.version + 1
    assert Case.objects.get().due_at == first.case.due_at  # the earlier deadline stays


def test_each_report_starts_its_own_clocks():
    first, second = make.submitted(AMARA), make.submitted(DORA)
    assert first.report.clocks.count() == second.report.clocks.count() == 2
    assert Clock.objects.filter(case=first.case).count() == 4


def test_the_digest_alone_joins_too():
    first = make.submitted(links=0, hashes=[HashGiven("", 0, make.sha256(1).hex())])
    assert make.submitted(pictures=(1,)).case == first.case


def test_a_similar_picture_or_a_closed_case_is_not_joined(bea):
    first = make.submitted(links=0, pictures=(1,))
    assert make.submitted(links=0, pictures=(2,)).case != first.case
    make.decided(first.case, bea)
    again = make.submitted(DORA, links=0, pictures=(1,))
    assert again.case != first.case
    assert again.report.items.get().pdq_entry == first.report.items.get().pdq_entry


def test_the_same_link_does_not_join():
    link = ["https://platform.test/posts/1"]
    assert make.submitted(links=link, pictures=()).case != make.submitted(links=link, pictures=()).case


# A draft sent twice --------------------------------------------------------------------------------------------------


def test_the_same_draft_sent_twice_is_one_report_with_one_code():
    whole = make.form(draft=b"drawn once")
    first, second = (actions.submit_report(whole, by=Actor.reporter()) for _ in range(2))
    assert (first.report, first.code) == (second.report, second.code)
    assert Report.objects.count() == 1
    assert [line.verb for line in history(first.report)] == ["report.received", "report.acknowledged"]


def test_a_draft_that_was_changed_after_sending_is_another_report():
    whole = make.form(draft=b"drawn once")
    first = actions.submit_report(whole, by=Actor.reporter())
    more = replace(whole, words="I forgot to say: there is a second link.", links=[*whole.links, "https://a.test/2"])
    second = actions.submit_report(more, by=Actor.reporter())
    assert second.report != first.report
    assert second.code != first.code
    assert second.report.words.startswith("I forgot")
    assert second.case == first.case


def test_a_draft_sent_again_after_its_case_was_closed_is_still_the_same_report(bea):
    whole = make.form(draft=b"drawn once", links=0)
    first = actions.submit_report(whole, by=Actor.reporter())
    make.decided(first.case, bea)
    second = actions.submit_report(whole, by=Actor.reporter())
    assert (second.report, second.case) == (first.report, first.case)
    assert Case.objects.count() == 1


# What others hear ----------------------------------------------------------------------------------------------------


def test_the_log_and_the_webhook_hold_identifiers_only(system):
    sharing.add_endpoint("the platform", "https://platform.test/hooks", by=system)
    sent = make.submitted()
    data = Delivery.objects.get().payload["data"]
    assert data == {"case": str(sent.case.public_id), "report": str(sent.report.public_id)}
    assert all(UUID(value) for value in data.values())
    line, acknowledged = history(sent.report)
    assert acknowledged.facts == {"links": 1, "pictures": 1, "videos": 0}
    assert line.verb == "report.received"
    assert line.facts == {
        "role": "subject",
        "links": 1,
        "pictures": 1,
        "videos": 0,
        "regimes": ["uk-osa-10-3A", "us-tida-3"],
        "joined": False,
    }
    said = str([each.facts for each in recent()])
    assert not any(word in said for word in (AMARA.contact, AMARA.words, make.pdq(1).hex(), sent.code))


def test_the_acknowledgement_is_a_proof_that_tells_nothing_of_other_reports(system):
    make.submitted(DORA)
    sent = make.submitted()
    assert sent.report.case.reports.count() == 2, "both are about the same picture"
    proven = verify_proof(sent.report.acknowledgement, audit.verifier())
    assert proven.payload["verb"] == "report.acknowledged"
    assert proven.payload["about"] == f"report:{sent.report.public_id}"
    assert proven.payload["also"] == []
    assert proven.payload["facts"] == {"links": 1, "pictures": 1, "videos": 0}
    audit.record("something.else", by=system, about="case:x")
    assert audit.verify().size > proven.checkpoint.size, "the log went on and still holds"
    assert str(sent.case.public_id) not in str(proven.payload)


@pytest.mark.parametrize("role", ["trusted_flagger", "authority"])
def test_an_organisation_may_report(role):
    assert make.submitted(role=role).report.role == role


def test_a_threat_is_kept_as_one_and_an_unknown_situation_is_named():
    assert make.submitted(situation="threat").report.situation == "threat"
    with pytest.raises(InvalidError, match="situation"):
        make.submitted(situation="dream")


def test_a_report_that_cannot_be_written_leaves_nothing(monkeypatch):
    monkeypatch.setattr("staydown.apps.cases.actions.reporting.sharing.announce", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        make.submitted()
    assert not any(model.objects.exists() for model in (Case, Report, Item, Entry, Clock))
