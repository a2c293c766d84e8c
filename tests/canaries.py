"""A story that leaves a word in every personal column, everything that erases it, and what the columns then held.

``python -m tests.canaries DATA`` runs it on an install and prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

CANARY = "canary-" + "5f3c9a"  # in nobody's answer but ours
GENERATED = {"Report.acknowledgement", "Entry.value", "Entry.fingerprint"}  # nobody's words, so without the canary

LAWS = ["uk-osa-10-3A", "au-osa-77", "us-tida-3"]  # by a report, by an order, with a signature


def word(column: str) -> str:
    """The canary of a column: no two of one meaning are the same."""
    return f"{CANARY} {column}"


def plant() -> None:
    """Let people do everything by which words and addresses come in, then everything that closes their cases."""
    from django.test import override_settings

    with override_settings(
        ALLOWED_HOSTS=["*"], STAYDOWN_MAIL=True, STAYDOWN_TWO_PEOPLE=("restore",), STAYDOWN_REGIMES=LAWS
    ):
        _plant()


def _plant() -> None:
    from tests.people import member

    moderator, lead = member(f"m{uuid4().hex[:6]}", "moderator"), member(f"l{uuid4().hex[:6]}", "lead")
    _removed_and_appealed(moderator, lead)
    _declined(moderator, lead)
    _ordered(moderator)
    _shared(moderator)


def _sent_by_the_pages():
    from django.test import Client

    from staydown.apps.cases.models import Report
    from tests.apps.portal.walking import Walk

    formal = {"content_is_intimate": "on", "made_by_subject_or_agent": "on", "good_faith_and_true": "on"}
    answers = {
        "relation": {"relation": word("relation")},
        "links": {"links": f"https://platform.test/{CANARY}"},
        "words": {"words": word("words")},
        "contact": {"contact": f"{CANARY}@reporter.test"},
        "statements": {**formal, "non_consent_statement": "on", "signature": word("signature")},
        "pictures": {"found": json.dumps([{"pdq": uuid4().hex * 2, "quality": 90, "sha256": uuid4().hex * 2}])},
    }
    walk = Walk(Client()).sent(**answers)
    assert walk.response.status_code == 200
    client = Client()
    assert CANARY in client.post("/status/", {"code": walk.code}).content.decode()
    return Report.objects.latest("pk")


def _removed_and_appealed(moderator, lead) -> None:
    from staydown.apps.accounts.access import staff_actor
    from staydown.apps.audit.actor import Actor
    from staydown.apps.cases import actions
    from staydown.apps.cases.actions import Answer, NoticeForm, asking, mailing, noting, proposing
    from staydown.apps.cases.models import Action, UploaderNotice
    from tests import factories as make

    report, now = _sent_by_the_pages(), Actor.reporter()
    question = asking.ask_reporter(report, moderator, text=word("question"))
    asking.answer_question(question, text=word("answer"), by=now)
    mailing.ask_for_mail(report, address=f"{CANARY}.mail@reporter.test", by=now)
    noting.note(report.case, word("note"), staff=moderator)
    picture = report.items.exclude(pdq_entry=None).get()
    picture.label = word("label")  # what the program of a helpline calls a picture; the pages send none
    picture.save(update_fields=["label"])
    upload = {"content_ref": word("upload"), "preview_url": f"https://preview.test/{CANARY}"}
    actions.record_hits([make.hit(picture.pdq_entry, "review", **upload)], by=make.NODE)
    notice = NoticeForm(facts=word("facts"), terms=word("terms"), send="never", because=word("because"))
    make.decided(report.case, moderator, reason=word("reason"), notice=notice)
    for asked in Action.objects.filter(item__case=report.case):
        actions.record_outcome(asked, result="removed", detail=word("detail"), by=make.PLATFORM)
    report.case.refresh_from_db()
    said = {"regime_id": "uk-osa-10-3A", "ground": make.ground(), "reason": word("proposal")}
    said |= {"version": report.case.version, "staff": moderator, "by": staff_actor(moderator)}
    proposed = proposing.restore_or_propose(report.case, items=[picture], **said)
    actions.answer_proposal(proposed, "rejected", because=word("rejected"), staff=lead, by=staff_actor(lead))
    told = UploaderNotice.objects.filter(action__item__case=report.case).first()
    appeal = actions.appeal(told, words=word("appeal"))
    answer = Answer(outcome="upheld", reason=word("why"), answer=word("appeal answered"))
    actions.decide_appeal(appeal, answer, staff=lead, by=staff_actor(lead))


def _declined(moderator, lead) -> None:
    from staydown.apps.cases.actions import misuse
    from tests import factories as make

    sent = make.submitted(words=word("declined"), links=[f"https://platform.test/{CANARY}/declined"], pictures=())
    make.decided(sent.case, moderator, "decline", reason=word("declined because"))
    misuse.find_unfounded(sent.report, reason=word("unfounded"), staff=lead)


def _ordered(moderator) -> None:
    from django.utils import timezone

    from staydown.apps.cases import actions
    from staydown.apps.cases.models import Action
    from tests import factories as make

    now = timezone.now()
    given = actions.OrderGiven(
        uuid4(), LAWS[1], word("authority"), word("reference"), now - timedelta(hours=1),
        [f"https://platform.test/{CANARY}/ordered"], now + timedelta(days=1), word("demanded"),
    )  # fmt: skip
    order = actions.serve_order(given, moderator)
    make.decided(order.case, moderator, regime_id=LAWS[1], reason=word("ordered"))
    for asked in Action.objects.filter(item__case=order.case):
        actions.record_outcome(asked, result="removed", detail=word("ordered detail"), by=make.PLATFORM)


def _shared(moderator) -> None:
    from django.test import Client

    from staydown.apps.audit.actor import Actor
    from staydown.apps.banks import actions as banks
    from staydown.apps.banks import client_actions
    from staydown.apps.sharing import replies, sources
    from staydown.exchange.source import Signal
    from tests.apps.sharing.scripted import Scripted, added, follow
    from tests.factories import api_key, pdq

    system = Actor.system()
    bank = banks.open_bank(f"bank-{uuid4().hex[:8]}", by=system)
    client_actions.bank_hash(bank, pdq(7), protocol="hma", text=word("beside"), by=system)
    source = added(sources.Policy(bank=bank), name=f"list-{uuid4().hex[:8]}")
    follow(source, Scripted([([Signal(word("record"), pdq(8))], ())]))
    replies.once(api_key("case:read")[0], "given", b"request", lambda: {"said": word("reply")})
    client = Client()
    client.force_login(moderator, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["said"] = word("session")
    session.save()


def held() -> Iterator[tuple[str, bytes, object]]:
    """Every value that a personal column holds now: its name, as it is stored, and opened."""
    from staydown.apps.vault.sessions import SessionStore
    from tests.personal import model_of, personal

    for column in sorted(personal()):
        model, field = model_of(column), column.partition(".")[2]
        for row in model._default_manager.exclude(**{field: None}):
            stored = row.__dict__[field]
            opened = SessionStore(row.pk).load() if model.__name__ == "Session" else getattr(row, field)
            raw = stored.encode() if isinstance(stored, str) else bytes(getattr(stored, "data", stored))
            yield column, raw, opened


def missing() -> set[str]:
    """The personal columns in which the story has left no canary."""
    from tests.personal import personal

    found = {name for name, _, opened in held() if name in GENERATED or CANARY in str(opened)}
    return personal() - found


def erase() -> None:
    """Everything that erases: the time of cases, withdrawals, the ends of entries, sessions, answers and sources."""
    from django.contrib.sessions.models import Session
    from django.db import connection
    from django.utils import timezone

    from staydown.apps.audit.actor import Actor
    from staydown.apps.banks import actions as banks
    from staydown.apps.banks.models import Entry
    from staydown.apps.cases import actions
    from staydown.apps.cases.actions import forgetting
    from staydown.apps.cases.models import Case, Report
    from staydown.apps.sharing import replies, sources
    from staydown.apps.sharing.models import Reply, Source
    from staydown.apps.vault.erasing import empty_write_ahead_log
    from staydown.project import worker

    system, today, old = Actor.system(), timezone.now().date(), timezone.now() - timedelta(days=30)
    forgetting.tick(by=system, today=today)
    forgetting.tick(by=system, today=today + timedelta(days=4000))
    assert not Case.objects.filter(state__in=["open", "decided"]).exists()
    for source in Source.objects.filter(removed_at=None):
        sources.remove_source(source, by=system)
    while sources.let_go_of_removed():
        pass
    for report in Report.objects.filter(withdrawn_at=None):
        actions.withdraw_report(report, by=Actor.reporter())
    for entry in Entry.objects.exclude(value=None):
        banks.withdraw(entry, by=system)
    Reply.objects.update(at=old)
    replies.remove_expired()
    Session.objects.update(expire_date=old)
    worker.remove_old_sessions()
    if connection.vendor == "sqlite":
        assert any(empty_write_ahead_log() for _ in range(50))  # as the worker tries again while somebody reads


def told_once(data: Path) -> dict[str, object]:
    """What the story left behind before everything was erased: columns without a canary, and the stored values."""
    from django.db import connection

    from staydown.project import django

    django.setup(data)
    plant()
    before = {"missing": sorted(missing()), "stored": sorted({raw.hex() for _, raw, _ in held() if len(raw) >= 16})}
    if "--keep" not in sys.argv:
        erase()
        before["left"] = sorted({name for name, _, opened in held() if opened not in ("", {})})
    connection.close()
    return before


if __name__ == "__main__":
    print(json.dumps(told_once(Path(sys.argv[1]))))
