"""Many at once, on a database with real concurrency: nobody is overwritten, nothing is lost, nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import recent
from staydown.apps.banks import actions as banks
from staydown.apps.banks import fetching
from staydown.apps.banks.models import Entry, FeedLine
from staydown.apps.cases import actions
from staydown.apps.cases.models import Action, Case, Decision, Hit, Report
from staydown.errors import CaseworkError, ConflictError, LeaseError, TooOftenError
from tests import factories as make
from tests.people import AMARA, DORA

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each of ``works`` returned or raised, all started at the same moment, each on a connection of its own."""
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(number: int, work: Callable[[], object]) -> None:
        try:
            start.wait(10)
            results[number] = work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def faults(results: list[object]) -> list[type]:
    return [type(result) for result in results if isinstance(result, Exception)]


def feed_is_whole() -> bool:
    return list(FeedLine.objects.values_list("seq", flat=True)) == list(range(1, FeedLine.objects.count() + 1))


@pytest.mark.parametrize("round_", range(3))
def test_two_moderators_who_decide_at_once(bea, cem, round_):
    sent = make.submitted()
    seen = sent.case.version
    results = at_once(
        lambda: make.decided(sent.case, bea, "remove", version=seen),
        lambda: make.decided(sent.case, cem, "decline", version=seen),
    )
    assert faults(results) == [ConflictError]
    assert Decision.objects.count() == 1
    audit.verify()


def test_two_moderators_who_take_a_case_at_once(bea, cem):
    case = make.submitted().case
    results = at_once(lambda: actions.lease(case, bea), lambda: actions.lease(case, cem))
    assert faults(results) == [LeaseError]


@pytest.mark.parametrize("round_", range(3))
def test_reports_of_one_picture_at_once_are_one_case(round_):
    results = at_once(*(lambda who=who: make.submitted(who, pictures=(1,)) for who in (AMARA, DORA, AMARA, DORA)))
    assert faults(results) == []
    assert Case.objects.count() == 1
    assert Report.objects.count() == 4
    assert Entry.objects.count() == 2
    assert feed_is_whole()
    audit.verify()


def test_everything_at_once_on_one_case(bea, cem):
    """A decision, a withdrawal, hits, another report and an import: any order will do, a deadlock or a gap will not."""
    sent = make.submitted(pictures=(1, 2, 3))
    entry = sent.report.items.filter(kind="hash").first().pdq_entry
    house = banks.open_bank("house", by=Actor.system())
    results = at_once(
        lambda: make.decided(sent.case, bea),
        lambda: actions.withdraw_report(sent.report, by=Actor.reporter()),
        lambda: [actions.record_hits([make.hit(entry, "review", content_ref=f"p{n}")], by=make.NODE) for n in range(5)],
        lambda: make.submitted(DORA, pictures=(2, 9)),
        lambda: [banks.add_entry(house, make.pdq(n), source="import", by=Actor.system()) for n in range(9)],
    )
    assert all(issubclass(fault, CaseworkError) for fault in faults(results)), results
    assert feed_is_whole()
    audit.verify()
    for ended in Entry.objects.filter(state="withdrawn"):
        assert ended.value is None


def test_the_same_answer_from_two_workers_is_once(bea):
    action = make.decided(make.submitted().case, bea).actions.get()
    results = at_once(*(lambda: actions.record_outcome(action, result="removed", by=make.PLATFORM) for _ in range(4)))
    assert faults(results) == []
    assert Action.objects.get().state == "done"
    assert len([line for line in recent() if line.verb == "action.answered"]) == 1


def test_the_same_hits_from_two_workers_count_once():
    bank = banks.open_bank("list", by=Actor.system())
    entry = banks.add_entry(bank, make.pdq(1), source="import", by=Actor.system())
    hits = [make.hit(entry, "review", content_ref=f"post-{n}") for n in range(20)]
    results = at_once(*(lambda: actions.record_hits(hits, by=make.NODE) for _ in range(4)))
    assert results == [20] * 4
    assert Case.objects.get().hit_count == 20
    assert Hit.objects.count() == 20


def test_a_key_that_fetches_everywhere_at_once_has_no_more_than_its_limit(settings):
    settings.STAYDOWN_FETCHES_PER_MINUTE = 5
    key = make.api_key("feed:read")[0]
    results = at_once(*[lambda: fetching.take(key)] * 12)
    refused = faults(results)
    assert set(refused) == {TooOftenError}
    assert len(refused) in {7, 8}  # whose clock was read before that of the first may find the last one just too new
