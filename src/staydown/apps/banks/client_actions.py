"""What other programs do to entries over other people's protocols: bank a hash, say what came of it, fetch many."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions
from staydown.apps.banks.models import Bank, Entry, Feedback, Label
from staydown.core.hashing.algorithm import Hash

BY_POLICY = "the key may enforce"


@transaction.atomic
def bank_hash(
    bank: Bank,
    hash: Hash,  # noqa: A002 - the word of the glossary
    *,
    protocol: str,
    enforced_because: str = "",
    text: str = "",
    by: Actor,
) -> Entry:
    """The live entry of a hash that a program banks. Nobody reported it, so there is no case: it stays pending, and a
    match asks for a review, unless ``enforced_because`` says why it may block. ``text`` is kept sealed beside it."""
    entry = actions.add_entry(bank, hash, source=f"import:{protocol}", by=by)
    if enforced_because:
        entry = actions.enforce(entry, by=by, reason=enforced_because)
    if text:
        label, _ = Label.objects.get_or_create(entry=entry, defaults={"text": text})
        if label.text != text:
            label.text = text
            label.save(update_fields=["text"])
    return entry


@transaction.atomic
def give_feedback(entry: Entry, opinion: str, *, key: ApiKey, by: Actor) -> Feedback:
    """What the partner with ``key`` says of ``entry`` from now on. The same again: nothing happens."""
    now = timezone.now()
    given, is_new = Feedback.objects.get_or_create(entry=entry, key=key, defaults={"opinion": opinion, "at": now})
    if is_new or given.opinion != opinion:
        given.opinion, given.at = opinion, now
        given.save(update_fields=["opinion", "at"])
        audit.record("entry.feedback", by=by, about=entry, facts={"opinion": opinion})
    return given


@transaction.atomic
def record_fetch(key: ApiKey, *, protocol: str, entries: int, by: Actor) -> None:
    """Write down that ``key`` was given ``entries`` hashes over another protocol than the feed."""
    audit.record("entries.fetched", by=by, about=key, facts={"protocol": protocol, "entries": entries})
