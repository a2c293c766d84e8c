"""What the database itself refuses, whoever writes to it, and what it does not hold in the clear."""

from __future__ import annotations

import sqlite3

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from staydown.apps.cases import actions
from staydown.apps.cases.models import Action, Case, Clock, Decision, Hit, Item, Report
from tests import factories as make
from tests.people import AMARA


@pytest.fixture
def rows(db, bea):
    """One of each: a case with a link that was asked about, a picture that is kept down, and a hit."""
    sent = make.submitted()
    make.decided(sent.case, bea)
    entry = sent.report.items.get(kind="hash").pdq_entry
    actions.record_hits([make.hit(entry, "review", content_ref="post-1")], by=make.NODE)
    return sent


NOW = timezone.now()
FORBIDDEN = [
    (Case, {"state": "lost"}, {}),
    (Case, {"leased_until": NOW}, {}),
    (Case, {"state": "done", "due_at": NOW}, {}),
    (Report, {"role": "stranger"}, {}),
    (Item, {"state": "gone"}, {"kind": "link"}),
    (Item, {"state": "kept_down"}, {"kind": "link"}),
    (Item, {"report": None}, {"kind": "link"}),
    (Item, {"url": None}, {"kind": "link"}),
    (Item, {"kind": "picture"}, {"kind": "link"}),
    (Item, {"state": "removed"}, {"kind": "hash"}),
    (Item, {"state": "asked"}, {"kind": "hash"}),
    (Item, {"content_key": None}, {"kind": "content"}),
    (Decision, {"verdict": "delete"}, {}),
    (Decision, {"verdict": "decline"}, {}),
    (Decision, {"ground": "because"}, {}),
    (Decision, {"regime_id": ""}, {}),
    (Action, {"state": "done"}, {}),
    (Action, {"state": "failed", "done_at": NOW}, {}),
    (Action, {"result": "removed"}, {}),
    (Action, {"state": "done", "done_at": NOW, "result": "failed"}, {}),
    (Clock, {"stopped_at": NOW}, {}),
    (Clock, {"stopped_at": NOW, "stopped_because": "outcome"}, {}),
    (Clock, {"stopped_at": NOW, "stopped_because": "decision"}, {}),
    (Clock, {"stopped_at": NOW, "stopped_because": "tired"}, {}),
    (Clock, {"stopped_because": "withdrawal"}, {}),
    (Hit, {"action": "allow"}, {}),
    (Hit, {"count": 0}, {}),
]


@pytest.mark.parametrize(("model", "change", "where"), FORBIDDEN)
def test_a_row_that_the_rules_forbid_is_refused(rows, model, change, where):
    those = model.objects.filter(**where)
    assert those.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        those.update(**change)


def test_a_clock_ends_after_it_starts(rows):
    clock = Clock.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Clock.objects.filter(pk=clock.pk).update(due_at=clock.starts_at)


def test_an_item_is_asked_about_once_at_a_time(rows):
    action = Action.objects.get(item__kind="link")
    with pytest.raises(IntegrityError), transaction.atomic():
        Action.objects.create(decision=action.decision, item=action.item, kind="remove", asked_at=NOW)


def test_a_receipt_opens_one_report(rows):
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(case=rows.case, role="subject", lookup_id=bytes(rows.report.lookup_id), received_at=NOW)


def everything() -> bytes:
    """Every byte of the database."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        raw: sqlite3.Connection = connection.connection
        return raw.serialize()
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        found = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [bytes(v) if isinstance(v, memoryview) else str(v).encode() for row in cursor for v in row]
    return b"\n".join(found)


def test_nothing_a_person_wrote_and_no_hash_is_in_the_database_in_the_clear(rows, bea):
    action = Action.objects.get(item__kind="link")
    actions.record_outcome(action, result="removed", detail="canary-detail", by=make.PLATFORM)
    found = everything()
    assert (
        bytes(str(rows.report.public_id).replace("-", ""), "ascii") in found
        or str(rows.report.public_id).encode() in found
    )  # the search does find what is there
    link = rows.report.items.get(kind="link").url
    hidden = [
        *(text.encode() for text in (AMARA.contact, AMARA.words, AMARA.signature, AMARA.relation, link)),
        *(text.encode() for text in ("picture 1", "post-1", "canary-detail", "Shown without consent.")),
        *(each for h in (make.pdq(1), make.sha256(1)) for each in (h.value, h.hex().encode())),
        rows.code.encode(),
        rows.code.replace("-", "").encode(),
    ]
    assert [text for text in hidden if text in found] == []


def test_no_row_says_anything_about_a_person(rows):
    models = (Case, Report, Item, Decision, Action, Clock, Hit)
    said = " ".join(f"{row!r} {row}" for model in models for row in model.objects.all()) + repr(rows)
    for secret in (AMARA.contact, AMARA.signature, rows.code, rows.case.number, make.pdq(1).hex()[:8], "platform.test"):
        assert secret not in said
