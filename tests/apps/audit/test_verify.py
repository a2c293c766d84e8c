"""What a changed log looks like to the verifier: each change is found and named."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from staydown.apps.audit import actions, guards, querysets
from staydown.apps.audit.models import Checkpoint, Head, Line, Mention
from staydown.apps.vault import erasing
from staydown.core import audit
from staydown.errors import MissingError, ProofError, StateError

pytestmark = pytest.mark.django_db
FOURTH = "SELECT id FROM staydown_audit_line WHERE seq = 4"


def sql(statement: str, *params: object) -> None:
    """What someone with the database's password might do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.fixture
def log(system):
    """Ten lines, the fifth with somebody's reason, and a checkpoint kept at the sixth."""
    for number in range(1, 11):
        facts = {"n": number, **({"reason": "Ben Okri wants it"} if number == 5 else {})}
        actions.record("case.seen", by=system, about=f"case:{number % 3}", facts=facts, also=["report:1"])
        if number == 6:
            actions.keep_checkpoint()


@pytest.fixture
def unguarded():
    """The guards taken off, as a database administrator can."""
    for statement in guards.lift(connection):
        sql(statement)


def test_a_true_log_holds(log):
    report = actions.verify()
    assert (report.size, report.erased, report.signed) == (10, 0, 6)


def test_an_empty_log_holds(db):
    assert actions.verify().size == 0
    assert actions.keep_checkpoint() is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE staydown_audit_line SET verb = 'case.closed' WHERE seq = 4",
        "UPDATE staydown_audit_line SET facts = '{\"n\": 5}' WHERE seq = 4",
        "UPDATE staydown_audit_line SET facts = NULL, row_key = NULL, actor_id = 'x' WHERE seq = 4",
        "DELETE FROM staydown_audit_line WHERE seq = 4",
        "DELETE FROM staydown_audit_mention",
        "UPDATE staydown_audit_mention SET ref = 'case:9'",
        "DELETE FROM staydown_audit_checkpoint",
        "UPDATE staydown_audit_checkpoint SET size = 3",
    ],
)
def test_the_database_itself_refuses(log, statement):
    with pytest.raises(DatabaseError, match=r"only grows|foreign key"):
        sql(statement)
    assert actions.verify().size == 10


def test_the_models_refuse_too(log):
    line = Line.objects.get(seq=4)
    checkpoint = Checkpoint.objects.get()
    for forbidden in (
        line.save,
        line.delete,
        checkpoint.delete,
        Line.objects.all().delete,
        Mention.objects.all().delete,
        lambda: Line.objects.update(verb="x"),
        lambda: Line.objects.bulk_update([line], ["verb"]),
        lambda: Line._base_manager.update(verb="x"),
    ):
        with pytest.raises(StateError):
            forbidden()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE staydown_audit_line SET verb = 'case.closed' WHERE seq = 4", "Line 4"),
        ("UPDATE staydown_audit_line SET facts = '{\"n\": 5}' WHERE seq = 4", "Line 4"),
        ("UPDATE staydown_audit_line SET actor_label = 'bea' WHERE seq = 4", "Line 4"),
        ("UPDATE staydown_audit_line SET about = 'case:7' WHERE seq = 4", "Line 4"),
        (f"UPDATE staydown_audit_mention SET ref = 'x:9' WHERE line_id IN ({FOURTH}) AND ref = 'report:1'", "Line 4"),
        ("UPDATE staydown_audit_line SET seq = 11 WHERE seq = 4", "After line 3"),
        ("UPDATE staydown_audit_line SET root = leaf WHERE seq = 4", "Line 4"),
        ("UPDATE staydown_audit_checkpoint SET size = 5", "place of another"),
        ("UPDATE staydown_audit_checkpoint SET note = replace(note, '6', '7')", "note|checkpoint|signature"),
    ],
)  # fmt: skip
def test_a_change_is_found_even_without_guards(log, unguarded, statement, says):
    sql(statement)
    with pytest.raises(ProofError, match=says):
        actions.verify()


def remove(upto: int) -> None:
    """Cut off every line after ``upto``, as someone would who wants it to look whole: with mentions and a new head."""
    sql("DELETE FROM staydown_audit_mention WHERE line_id IN (SELECT id FROM staydown_audit_line WHERE seq > %s)", upto)
    sql("DELETE FROM staydown_audit_line WHERE seq > %s", upto)
    rest = audit.Frontier().extend(bytes(line.leaf) for line in Line.objects.order_by("seq"))
    Head.objects.update(frontier=rest.to_bytes())


def test_lines_cut_off_behind_the_checkpoint_are_found_by_the_head_alone(log, unguarded):
    sql("DELETE FROM staydown_audit_mention WHERE line_id IN (SELECT id FROM staydown_audit_line WHERE seq > 8)")
    sql("DELETE FROM staydown_audit_line WHERE seq > 8")
    with pytest.raises(ProofError, match="ends at line 8"):
        actions.verify()


def test_lines_cut_off_with_a_forged_head_are_found_by_the_checkpoint(log, unguarded):
    remove(5)
    with pytest.raises(ProofError, match="cut off"):
        actions.verify()


def test_a_log_rewritten_as_a_whole_is_found_by_the_checkpoint(log, unguarded, system):
    remove(3)
    for number in range(4, 11):
        actions.record("case.seen", by=system, about="case:0", facts={"n": -number}, also=["report:1"])
    with pytest.raises(ProofError, match="Line 6"):
        actions.verify()


def test_a_line_put_in_behind_the_end_is_found(log):
    sql(
        "INSERT INTO staydown_audit_line (seq, at, verb, actor_kind, actor_id, actor_label, about, also, leaf, root)"
        " SELECT 11, at, verb, actor_kind, actor_id, actor_label, about, also, leaf, root"
        " FROM staydown_audit_line WHERE seq = 10"
    )
    with pytest.raises(ProofError, match="behind the end"):
        actions.verify()


def test_an_erased_line_keeps_its_place_and_its_proof(log, system):
    before = actions.prove(5)
    assert actions.erase(3, 7, by=system) == 1
    report = actions.verify()
    assert (report.size, report.erased) == (11, 1)
    line = Line.objects.get(seq=5)
    assert (line.facts, line.row_key, line.erased) == (None, None, True)
    assert audit.verify_proof(before, actions.verifier()).payload["facts"]["n"] == 5
    assert audit.verify_proof(actions.prove(5), actions.verifier()).payload is None
    assert Line.objects.get(seq=4).facts == {"n": 4}


def test_only_a_reason_is_erased_and_only_once(log, system):
    with pytest.raises(MissingError, match="10 lines, and no line 11"):
        actions.erase(1, 11, by=system)
    with pytest.raises(StateError, match="holds a reason that is still there"):
        actions.erase(1, 4, by=system)
    actions.erase(1, 10, by=system)
    newest = querysets.recent(1)[0]
    assert (newest.verb, newest.about, newest.facts) == ("audit.erased", "line:1-10", {"lines": 1})
    with pytest.raises(StateError, match="holds a reason that is still there"):
        actions.erase(1, 10, by=system)
    assert actions.verify().size == 11


def test_no_older_version_of_an_erased_line_stays_beside_the_database(log, system, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as then:
        actions.erase(5, 5, by=system)
    assert then == [erasing.empty_write_ahead_log]


def test_an_empty_reason_is_none(log, system):
    actions.record("source.added", by=system, about="source:1", facts={"radius": 20, "reason": ""})
    with pytest.raises(StateError, match="holds a reason that is still there"):
        actions.erase(11, 11, by=system)
    assert actions.erase(1, 11, by=system) == 1
    assert Line.objects.get(seq=11).facts == {"radius": 20, "reason": ""}


def test_the_export_verifies_without_the_database_and_a_tampered_one_does_not(log, system):
    actions.erase(5, 5, by=system)
    texts = list(actions.export())
    assert audit.verify_export(texts, actions.verifier()).size == 11
    for spoiled in (texts[:-1], texts[1:], [texts[0].replace('"n":1', '"n":2'), *texts[1:]]):
        with pytest.raises(ProofError):
            audit.verify_export(spoiled, actions.verifier())


def test_a_proof_of_a_line_that_is_not_there_is_a_named_error(log):
    with pytest.raises(MissingError, match="10 lines, and no line 11"):
        actions.prove(11)


def test_a_checkpoint_is_kept_once_a_size(log):
    kept = actions.keep_checkpoint()
    assert kept is not None
    assert kept.size == 10
    assert actions.keep_checkpoint() is None
    assert querysets.latest_checkpoint() == kept
    assert actions.verify().signed == 10


def test_recent_lines_come_newest_first_and_go_on(log):
    assert [line.seq for line in querysets.recent(3)] == [10, 9, 8]
    assert [line.seq for line in querysets.recent(3, before=8)] == [7, 6, 5]
