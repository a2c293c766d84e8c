"""Letting copies of one entry pass again, with two people where the operator's policy asks for them."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import Q

from staydown.apps.accounts.models import ApiKey
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.banks import feed_writing, proposals
from staydown.apps.banks.models import Entry, Proposal, State
from staydown.apps.banks.proposals import Kind
from staydown.apps.cases.actions.withdrawing import withdraw_entry
from staydown.apps.cases.models import Item

NO_REASON: Final = "The program gave no reason."
WANTED: Final = frozenset({"entry.added", "entry.kept", "entry.enforced"})
"""What the log says when somebody wants an entry to be there, or to block."""


@transaction.atomic
def withdraw_or_propose(entry: Entry, *, reason: str = "", key: ApiKey, by: Actor) -> Entry | Proposal:
    """The entry withdrawn; where copies of it are blocked and that takes two people, the proposal of it.

    What a program banked by itself it takes back by itself, as clients of HMA do. Whoever made the key does not approve
    what its program proposes. Asked again meanwhile: the same proposal.
    """
    feed_writing.hold()
    entry = Entry.objects.select_related("bank").get(pk=entry.pk)
    if entry.state != State.ENFORCED or not proposals.needs_two(Kind.UNBLOCK) or _is_wanted_by_alone(entry, key):
        return withdraw_entry(entry, by=by)
    waiting = proposals.waiting(Kind.UNBLOCK, entry)
    return waiting or proposals.propose(Kind.UNBLOCK, entry, reason=reason or NO_REASON, staff=key.made_by, by=by)


def held_entry(public_id: str) -> Entry:
    """The entry, with the head of the feed locked, which stands for it."""
    feed_writing.hold()
    return Entry.objects.select_related("bank").get(public_id=public_id)


def _is_wanted_by_alone(entry: Entry, key: ApiKey) -> bool:
    """Whether ``entry`` is there because of this program alone: no report, no list, no person and no other program."""
    if Item.objects.filter(Q(pdq_entry=entry) | Q(sha256_entry=entry)).exists():
        return False
    lines = [line for line in history(entry) if line.verb in WANTED]
    own = {("key", str(key.public_id))} == {(line.actor_kind, line.actor_id) for line in lines}
    return own and lines[0].verb == "entry.added"
