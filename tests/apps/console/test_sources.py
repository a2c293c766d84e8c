"""The pages of sources: what is seen, what is asked, what is said back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks import actions as banks
from staydown.apps.cases import actions as cases
from staydown.apps.sharing import following, sources
from staydown.apps.sharing.source_models import Opinion, Record, Source
from staydown.core.bank import Action
from staydown.errors import UnreachableError
from tests import factories as make
from tests.apps.sharing.scripted import KEYS, Scripted

pytestmark = pytest.mark.django_db
NEW = {
    "kind": "stopncii", "name": "helpline", "address": "https://helpline.test/v1", "asked_fetch_key": "canary-key",
    "asked_subscription_key": "b", "bank": "shared", "action": "review", "radius": "20", "most_growth": "7",
}  # fmt: skip


@pytest.fixture
def shared(system):
    return banks.open_bank("shared", by=system)


@pytest.fixture
def source(shared, system):
    return sources.add_source(
        "helpline", "stopncii", "https://helpline.test/v1", KEYS, sources.Policy(shared, most_growth=3), by=system
    )


def at(source, part=""):
    return f"/staff/sources/{source.public_id}/{part}"


def text(answer):
    return answer.content.decode()


def test_without_a_source_it_says_what_one_is_for(at_cem, at_ada):
    assert "Nothing is followed yet" in text(at_cem.get("/staff/sources/"))
    assert "Follow a source" not in text(at_cem.get("/staff/sources/"))
    assert "Follow a source" in text(at_ada.get("/staff/sources/"))


def test_a_new_source_by_its_kind(at_ada, shared):
    assert "StopNCII.org" in text(at_ada.get("/staff/sources/new/"))
    page = text(at_ada.get("/staff/sources/new/?kind=stopncii"))
    assert "Subscription key" in page
    answer = at_ada.post("/staff/sources/new/", NEW, follow=True)
    assert "helpline is followed from now on" in text(answer)
    assert "canary-key" not in text(answer)
    made = Source.objects.get()
    assert sources.policy_of(made) == sources.Policy(shared, 20, Action.REVIEW, "", 7)
    assert history(made)[0].actor_kind == "staff"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "Big Name"}, "small letters, digits and hyphens"),
        ({"name": ""}, "Give the source a name."),
        ({"asked_fetch_key": ""}, "Give this: Key for FetchHashes."),
        ({"address": "ftp://x"}, "must be like https://"),
        ({"bank": "other"}, "Select a valid choice"),
        ({"radius": "99"}, "63"),
    ],
)
def test_a_source_that_cannot_be_is_refused_with_its_reason(at_ada, shared, wrong, said):
    answer = at_ada.post("/staff/sources/new/", {**NEW, **wrong})
    assert answer.status_code == 422
    assert said in text(answer)
    assert "canary-key" not in text(answer)
    assert not Source.objects.exists()


def test_the_list_has_those_that_need_somebody_first(at_uli, source, shared, system):
    calm = sources.add_source("a-calm-one", "stopncii", "https://b.test/v1", KEYS, sources.Policy(shared), by=system)
    following.follow(calm, make=Scripted().adds(1))
    following.follow(source, make=Scripted(fault=UnreachableError()))
    page = text(at_uli.get("/staff/sources/"))
    assert page.index("helpline") < page.index("a-calm-one")
    assert "The other server did not answer." in page
    assert "just now" in page


def test_a_silent_one_is_seen(at_uli, source):
    long_ago = timezone.now() - timedelta(days=2)
    Source.objects.update(added_at=long_ago, caught_up_at=long_ago)
    assert "not read to its end for a day" in text(at_uli.get("/staff/sources/"))


def test_its_question_is_asked_and_answered(at_ada, at_cem, source):
    following.follow(source, make=Scripted().adds(1, 2, 3, 4))
    assert "would bring 4 records within a day, and may bring 3" in text(at_ada.get(at(source)))
    assert "An administrator has to answer" in text(at_cem.get(at(source)))
    assert "Answer that first" in text(at_ada.post(at(source, "do/"), {"do": "look"}, follow=True))
    stale = at_ada.post(at(source, "do/"), {"do": "yes", "question": "shrunk"}, follow=True)
    assert "does not ask this any more" in text(stale)
    assert "It goes on." in text(at_ada.post(at(source, "do/"), {"do": "yes", "question": "growth"}, follow=True))
    assert following.follow(source, make=Scripted().adds(1, 2, 3, 4)).changes.added == 4


def test_pause_resume_and_look(at_ada, source):
    Source.objects.update(next_at=timezone.now() + timedelta(hours=1))
    for what, said in (("look", "looked at in a moment"), ("pause", "It is paused"), ("resume", "followed again")):
        assert said in text(at_ada.post(at(source, "do/"), {"do": what}, follow=True))
    assert following.due(timezone.now()) == [source]
    verbs = [line.verb for line in history(source)]
    at_ada.post(at(source, "do/"), {"do": "dance"})
    assert [line.verb for line in history(source)] == verbs


def test_reading_all_of_it_again(at_ada, source):
    script = Scripted().adds(1, 2)
    following.follow(source, make=script)
    script.steps[0] = (script.steps[0][0][1:], ())
    assert "All of it is read again" in text(at_ada.post(at(source, "do/"), {"do": "whole"}, follow=True))
    assert following.follow(source, make=script).changes.removed == 1


def test_another_policy(at_ada, source, settings):
    settings.STAYDOWN_TWO_PEOPLE = ()  # two people: tests/apps/sharing/test_two_people.py
    page = text(at_ada.get(at(source, "policy/")))
    assert 'value="3"' in page
    assert "Key for FetchHashes" not in page
    given = {"bank": "shared", "action": "block", "radius": "31", "most_growth": "9", "enforced_because": "Agreed"}
    assert "The policy is changed" in text(at_ada.post(at(source, "policy/"), given, follow=True))
    source.refresh_from_db()
    assert (source.most_growth, source.enforced_because) == (9, "Agreed")
    following.follow(source, make=Scripted().adds(1))
    banks.open_bank("other", by=Actor.system())
    refused = at_ada.post(at(source, "policy/"), {**given, "bank": "other"})
    assert refused.status_code == 422
    assert "What it brought is in its bank" in text(refused)


def test_removing_asks_first(at_ada, source):
    following.follow(source, make=Scripted().adds(1))
    assert "Of its 1 record," in text(at_ada.get(at(source, "remove/")))
    assert "helpline is removed" in text(at_ada.post(at(source, "remove/"), follow=True))
    assert at_ada.get(at(source)).status_code == 404


def test_what_matched_here_is_confirmed_or_disputed(at_cem, source):
    following.follow(source, make=Scripted().adds(1))
    record = Record.objects.get()
    assert "No upload has matched" in text(at_cem.get(at(source)))
    cases.record_hits([make.hit(record.entry, "review", content_ref="post-1")], by=make.NODE)
    page = text(at_cem.get(at(source)))
    assert "Dispute" in page
    say = f"/staff/sources/records/{record.public_id}/"
    assert "is told in a moment" in text(at_cem.post(say, {"word": "disputed"}, follow=True))
    assert Opinion.objects.get().word == "disputed"
    assert "disputed, waiting" in text(at_cem.get(at(source)))
    assert "confirm or dispute" in text(at_cem.post(say, {"word": "perhaps"}, follow=True))


def test_the_history_folds_readings(at_uli, source):
    following.follow(source, make=Scripted().adds(1).adds(2).removes(1))
    page = text(at_uli.get(at(source)))
    assert "read its list: 2 records added and 1 record taken back" in page
    assert "added the source" in page


def test_a_reading_that_is_erased_from_the_log_is_counted_nowhere(at_uli, source, system):
    with transaction.atomic():
        for _ in range(3):
            facts = {"added": 1, "reason": "Ben Okri asks for it."}
            audit.record("source.followed", by=system, about=source, facts=facts)
    middle = history(source)[-2]
    assert audit.erase(middle.seq, middle.seq, by=system) == 1
    page = text(at_uli.get(at(source)))
    assert page.count("read its list: 1 record added") == 2
    assert page.count("what came of it is erased from the log") == 1
    assert "2 records added" not in page
