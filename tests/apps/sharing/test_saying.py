"""What a source is told of its records: once, again when it did not hear, and never of what has ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.audit.querysets import history
from staydown.apps.banks import actions as banks
from staydown.apps.cases import actions as cases
from staydown.apps.cases.models import Case
from staydown.apps.sharing import following, saying, sources
from staydown.apps.sharing.source_models import Opinion, Record
from staydown.errors import StateError, UnreachableError
from tests import factories as make
from tests.apps.sharing.scripted import KEYS, Scripted
from tests.factories import pdq

pytestmark = pytest.mark.django_db
Word = Opinion.Word


@pytest.fixture
def script():
    return Scripted().adds(1, 2)


@pytest.fixture
def source(system, script):
    bank = banks.open_bank("shared", by=system)
    made = sources.add_source(
        "helpline", "stopncii", "https://helpline.test/v1", KEYS, sources.Policy(bank, tells=True), by=system
    )
    following.follow(made, make=script)
    return made


@pytest.fixture
def record(source):
    return Record.objects.order_by("pk")[0]


def test_an_opinion_is_said_once(record, script, system):
    for _ in range(2):
        saying.give_opinion(record, Word.CONFIRMED, by=system)
        saying.say_due(make=script)
    assert script.said == [("record-1", pdq(1).hex(), "confirmed")]
    assert Opinion.objects.get().state == "said"
    assert [line.verb for line in history(record.source)][-2:] == ["source.opinion", "source.told"]


def test_the_last_word_counts(record, script, system):
    saying.give_opinion(record, Word.CONFIRMED, by=system)
    saying.give_opinion(record, Word.DISPUTED, by=system)
    saying.say_due(make=script)
    assert [word for _, _, word in script.said] == ["disputed"]


def test_who_does_not_hear_is_told_again_and_given_up_at_last(record, script, system):
    script.fault = UnreachableError()
    saying.give_opinion(record, Word.CONFIRMED, by=system)
    for _ in range(10):
        assert saying.say_due(make=script) == 1
        assert saying.say_due(make=script) == 0
        Opinion.objects.filter(state="waiting").update(next_at=timezone.now())
    opinion = Opinion.objects.get()
    assert (opinion.state, opinion.attempts, opinion.last_error) == ("dead", 10, "unreachable")
    script.fault = None
    saying.give_opinion(record, Word.CONFIRMED, by=system)
    saying.say_due(make=script)
    assert len(script.said) == 1


def test_a_process_that_died_while_it_spoke_is_followed_by_another(record, script, system):
    opinion = saying.give_opinion(record, Word.CONFIRMED, by=system)
    saying._claim(opinion.public_id)
    assert saying.say_due(make=script) == 0
    Opinion.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    assert saying.say_due(make=script) == 1


def test_nothing_is_said_of_what_has_ended(record, script, system):
    saying.give_opinion(record, Word.CONFIRMED, by=system)
    banks.reverse(record.entry, by=system)
    saying.say_due(make=script)
    assert (script.said, Opinion.objects.get().state) == ([], "dead")
    record.refresh_from_db()
    with pytest.raises(StateError):
        saying.give_opinion(record, Word.CONFIRMED, by=system)


def test_a_record_that_is_taken_back_takes_its_opinion_with_it(record, source, script, system):
    saying.give_opinion(record, Word.CONFIRMED, by=system)
    following.follow(source, make=script.removes(1), is_due=False)
    assert not Opinion.objects.exists()


@pytest.mark.parametrize(("verdict", "word"), [("remove", "confirmed"), ("decline", "disputed")])
def test_a_decision_about_a_hit_is_told_where_the_policy_says_so(record, source, bea, verdict, word):
    cases.record_hits([make.hit(record.entry, "review", content_ref="post-1")], by=make.NODE)
    make.decided(Case.objects.get(), bea, verdict)
    assert list(Opinion.objects.values_list("record", "word")) == [(record.pk, word)]


def test_a_decision_is_told_nobody_otherwise(record, source, bea, system):
    policy = sources.policy_of(source)
    sources.change_source(source, sources.Policy(policy.bank, tells=False), by=system)
    cases.record_hits([make.hit(record.entry, "review", content_ref="post-1")], by=make.NODE)
    make.decided(Case.objects.get(), bea)
    assert not Opinion.objects.exists()
