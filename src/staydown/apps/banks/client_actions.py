"""What other programs do to entries over other people's protocols: bank a hash, say what came of it, fetch many."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions, shared
from staydown.apps.banks.models import Bank, Entry, Feedback, Label
from staydown.core.hashing.algorithm import Hash

BY_POLICY = "the key may enforce"
Said = tuple[Hash, str | None]
"""A hash, and the sender's opinion of it: one of `Feedback.Opinion`; None: it takes it back; "": it has none."""


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
def take(given: Sequence[Said], *, bank: Bank, protocol: str, key: ApiKey, by: Actor) -> None:
    """Bank the hashes that a partner sends, and keep what it says of them. Pending, unless its key may enforce."""
    because = BY_POLICY if key.may("entry:enforce") else ""
    actions.import_entries(bank, [(each, None) for each, _ in given], name=protocol, enforced_because=because, by=by)
    hear(given, key=key, by=by)


@transaction.atomic
def hear(given: Sequence[Said], *, key: ApiKey, by: Actor) -> int:
    """Keep what a partner says of hashes; of how many, for those that are not here are passed over."""
    known = shared.live_with(key, [each for each, _ in given])
    for each, opinion in given:
        for entry in known.get(each.value, []):
            if opinion is None:
                take_feedback_back(entry, key=key, by=by)
            elif opinion:
                give_feedback(entry, opinion, key=key, by=by)
    return sum(each.value in known for each, _ in given)


@transaction.atomic
def take_feedback_back(entry: Entry, *, key: ApiKey, by: Actor) -> None:
    """The partner with ``key`` says nothing of ``entry`` any more. Twice: nothing happens."""
    if Feedback.objects.filter(entry=entry, key=key).delete()[0]:
        audit.record("entry.feedback_withdrawn", by=by, about=entry)


@transaction.atomic
def record_fetch(key: ApiKey, *, protocol: str, entries: int, by: Actor) -> None:
    """Write down that ``key`` was given ``entries`` hashes over another protocol than the feed."""
    audit.record("entries.fetched", by=by, about=key, facts={"protocol": protocol, "entries": entries})
