"""Writing lines of the log."""

from __future__ import annotations

import pytest
from django.db import transaction

from staydown.apps.audit import actions, querysets
from staydown.core import audit
from staydown.errors import InvalidError, StateError

pytestmark = pytest.mark.django_db


def test_lines_are_numbered_without_a_gap_and_verify(bea, system):
    for number in range(1, 6):
        assert actions.record("case.seen", by=system, about=bea, facts={"n": number}).seq == number
    report = actions.verify()
    assert (report.size, report.erased) == (5, 0)
    assert report.root == querysets.frontier().root()


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_refuses(system):
    with pytest.raises(StateError):
        actions.record("case.seen", by=system, about="case:1")


@pytest.mark.django_db(transaction=True)
def test_a_change_that_fails_leaves_no_line_and_no_gap(system):
    with transaction.atomic():
        actions.record("one", by=system, about="case:1")

    @transaction.atomic
    def change():
        actions.record("two", by=system, about="case:1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    with transaction.atomic():
        assert actions.record("three", by=system, about="case:1").seq == 2
    assert actions.verify().size == 2


def test_history_finds_what_is_said_of_a_thing_and_beside_it(system):
    actions.record("case.opened", by=system, about="case:1", also=["report:7"])
    actions.record("case.opened", by=system, about="case:2", also=["report:8"])
    actions.record("report.withdrawn", by=system, about="report:7")
    assert [line.verb for line in querysets.history("report:7")] == ["case.opened", "report.withdrawn"]
    assert [line.verb for line in querysets.history("case:2")] == ["case.opened"]
    assert querysets.history("case:3") == []


@pytest.mark.parametrize(
    "value", ["ab" * 32, "md5: " + "AB" * 16, "word " * 60, 1.5, 2**60, {"deep": ["cd" * 32]}, object(), "nul\x00"]
)
def test_a_fact_that_the_log_must_not_keep_is_refused(system, value):
    with pytest.raises(InvalidError) as error:
        actions.record("entry.added", by=system, about="entry:1", facts={"value": value})
    assert str(value) not in str(error.value)
    assert querysets.frontier().size == 0


def test_a_line_comes_with_a_proof_that_holds_without_the_database(bea, system):
    for number in range(5):
        said = actions.Record("case.seen", system, bea, {"n": number})
        line, proof = actions.record_proven(said)
        actions.record("case.seen", by=system, about="case:other")
        shown = audit.verify_proof(proof, actions.verifier())
        assert (shown.seq, shown.checkpoint.size) == (line.seq, line.seq)
        assert shown.payload["facts"] == {"n": number}
    assert actions.verify().size == 10
