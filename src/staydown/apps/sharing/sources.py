"""Every change of a source by a person: added, changed, paused, resumed, answered, removed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts.models import Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.facts import checked
from staydown.apps.banks import actions as banks
from staydown.apps.banks import feed_writing, proposals
from staydown.apps.banks.models import Bank, Proposal
from staydown.apps.banks.proposals import Kind
from staydown.apps.sharing import applying, opening
from staydown.apps.sharing.source_models import Record, Source
from staydown.core.bank import Action
from staydown.core.hashing.algorithm import USUAL_RADIUS, WIDEST_PDQ
from staydown.errors import InvalidError, MissingError, StateError

LONGEST_REASON: Final = 200
LONGEST_ADDRESS: Final = 500
USUAL_GROWTH: Final = 50_000
MOST_GROWTH: Final = 100_000_000
PIECE: Final = 1000  # records of a removed source that are let go in one transaction

Question = Source.Question


@dataclass(frozen=True, slots=True)
class Policy:
    """What becomes of what a source brings. ``enforced_because`` empty: it is pending, and a match asks for review."""

    bank: Bank
    radius: int = USUAL_RADIUS
    action: Action = Action.BLOCK
    enforced_because: str = ""
    most_growth: int = USUAL_GROWTH
    tells: bool = False


@transaction.atomic
def add_source(
    name: str,
    kind: str,
    address: str,
    credentials: Mapping[str, str],
    policy: Policy,
    *,
    staff: Staff | None = None,
    by: Actor,
) -> Source:
    """A new source that ``staff`` adds, due at once. Raises `InvalidError` for one that could not be opened; nothing is
    asked of it.

    One that is to block without a case is paused where that takes two people, until another person has approved it.
    """
    if not banks.NAME.fullmatch(name):
        raise InvalidError("name: a source's name is made of small letters, digits and hyphens, at most 64 of them.")
    if Source.objects.filter(name=name, removed_at=None).exists():
        raise InvalidError("name: there is a source of this name already. Choose another.")
    _check(policy)
    _check_address(kind, address, credentials)
    now = timezone.now()
    waits = _takes_two(None, policy)
    put = replace(policy, enforced_because="") if waits else policy
    source = Source(name=name, kind=kind, address=address, added_at=now, next_at=now, enabled=not waits)
    source.credentials = json.dumps(dict(credentials)) if credentials else None
    _put(source, put)
    source.save()
    facts = {"kind": kind, "name": name, **_facts(put)}
    audit.record("source.added", by=by, about=source, also=[policy.bank], facts=facts)
    if waits:
        _propose(source, policy, staff, by)
    return source


@transaction.atomic
def change_source(
    source: Source,
    policy: Policy,
    *,
    address: str | None = None,
    credentials: Mapping[str, str] | None = None,
    staff: Staff | None = None,
    by: Actor,
) -> Source:
    """The source under another policy, for what it brings from now on. What it brought before stays as it is.

    Another bank is refused once it has brought something: remove it and add it anew. A change that has it block more
    without a case is proposed where that takes two people, and until it is approved the source stays as it was; it
    cannot be moved in the same way: `StateError`.
    """
    source = held(source)
    _check(policy)
    moves = address is not None or credentials is not None
    if moves and policy.enforced_because.strip() and proposals.needs_two(Kind.ENFORCE):
        raise StateError("What blocks without a case is not moved. Remove the source and add it anew.")
    if _takes_two(policy_of(source), policy):
        _propose(source, policy, staff, by)
        return source
    return _change(source, policy, address=address, credentials=credentials, by=by)


def enforce_source(source: Source, proposal: Proposal, *, by: Actor) -> Source:
    """The held source under the policy that ``proposal`` is about, which another person has approved; followed at once
    where it waited for that alone."""
    agreed = proposal.details
    policy = Policy(
        bank=Bank.objects.get(public_id=agreed["bank"]),
        radius=agreed["radius"],
        action=Action(agreed["action"]),
        enforced_because=proposal.reason,
        most_growth=agreed["most_growth"],
        tells=agreed["tells"],
    )
    source.enabled = source.enabled or agreed["is_new"]
    return _change(source, policy, by=by)


def _change(
    source: Source,
    policy: Policy,
    *,
    address: str | None = None,
    credentials: Mapping[str, str] | None = None,
    by: Actor,
) -> Source:
    if policy.bank != source.bank and Record.objects.filter(source=source).exists():
        raise InvalidError("bank: what it brought is in its bank. Remove the source and add it again for another.")
    if address is not None or credentials is not None:
        source.address = source.address if address is None else address
        if credentials is not None:
            source.credentials = json.dumps(dict(credentials)) if credentials else None
        _check_address(source.kind, source.address, opening.credentials_of(source))
    _put(source, policy)
    source.next_at = timezone.now()
    source.save()
    facts = {**_facts(policy), "moved": address is not None, "credentials": credentials is not None}
    audit.record("source.changed", by=by, about=source, also=[policy.bank], facts=facts)
    return source


@transaction.atomic
def pause(source: Source, *, by: Actor) -> Source:
    """The source left alone: nothing is asked of it, and what it brought stays. Paused already: nothing happens."""
    source = held(source)
    if source.enabled:
        source.enabled, source.lease, source.leased_until = False, None, None
        source.save(update_fields=["enabled", "lease", "leased_until"])
        audit.record("source.paused", by=by, about=source)
    return source


@transaction.atomic
def resume(source: Source, *, by: Actor) -> Source:
    """The source followed again, at once, from the place that it had reached. Followed already: nothing happens."""
    source = held(source)
    if not source.enabled:
        source.enabled, source.next_at, source.failures = True, timezone.now(), 0
        source.save(update_fields=["enabled", "next_at", "failures"])
        audit.record("source.resumed", by=by, about=source)
    return source


@transaction.atomic
def look_now(source: Source, *, by: Actor, is_whole: bool = False) -> Source:
    """The source due at once: the worker reads on in a moment, or from the start of the list when ``is_whole``.

    `StateError` when it is paused or asks something.
    """
    source = held(source)
    if source.question:
        raise StateError("The source asks something. Answer that first.")
    if not source.enabled:
        raise StateError("The source is paused. Resume it first.")
    source.next_at = timezone.now()
    if is_whole:
        source.cursor, source.read = None, 0
    source.save(update_fields=["next_at", "cursor", "read"])
    audit.record("source.looked", by=by, about=source, facts={"whole": is_whole})
    return source


@transaction.atomic
def answer(source: Source, question: str, *, yes: bool, by: Actor) -> Source:
    """The question answered: yes goes on, and allows it until the list is read to its end; no pauses the source.

    Raises `StateError` when this is not what it asks, so that an answer never reaches a question that nobody read.
    """
    source = held(source)
    if not question or source.question != question:
        raise StateError("The source does not ask this any more. Reload to see what it asks.")
    source.question, source.asked_at = "", None
    if yes:
        source.next_at, source.failures = timezone.now(), 0
        source.allowed = " ".join({*source.allowed.split(), question})
        if question == Question.BACK:
            source.cursor, source.read = None, 0  # from its start: what is here is recognised
    else:
        source.enabled = False
    source.save()
    facts = {"question": question, "yes": yes, "count": source.asked_count}
    audit.record("source.answered", by=by, about=source, facts=facts)
    return source


@transaction.atomic
def remove_source(source: Source, *, by: Actor) -> Source:
    """The source removed and its credentials forgotten; the worker then withdraws what nobody else keeps."""
    source = held(source)
    source.enabled, source.removed_at, source.credentials, source.question = False, timezone.now(), None, ""
    source.lease = source.leased_until = None
    source.save()
    audit.record("source.removed", by=by, about=source, also=[source.bank], facts={"records": source.records})
    return source


def let_go_of_removed() -> int:
    """How many records of removed sources were forgotten now, and their entries withdrawn where nobody else keeps them.

    One short transaction each; the worker calls this until it answers 0.
    """
    source = Source.objects.filter(removed_at__isnull=False, brought__isnull=False).order_by("pk").first()
    if source is None:
        return 0
    with transaction.atomic():
        source = Source.objects.select_for_update(of=("self",)).select_related("bank").get(pk=source.pk)
        feed_writing.hold()
        pks = list(source.brought.order_by("pk").values_list("pk", flat=True)[:PIECE])
        lines = applying.let_go(source, Record.objects.filter(pk__in=pks))
        source.records = max(0, source.records - len(pks))
        source.save(update_fields=["records"])
        facts = {"records": len(pks), "removed": len(lines)}
        audit.record("source.let_go", by=Actor.system(), about=source, also=[source.bank], facts=facts)
    return len(pks)


def held(source: Source) -> Source:
    """The source, locked until the transaction ends; raises `MissingError` when it was removed.

    The order of locks is: source, then the head of the feed, then the audit log.
    """
    found = Source.objects.select_for_update(of=("self",)).select_related("bank").get(pk=source.pk)
    if found.removed_at is not None:
        raise MissingError
    return found


def policy_of(source: Source) -> Policy:
    """The policy as it is now."""
    return Policy(
        bank=source.bank,
        radius=source.radius,
        action=Action(source.action),
        enforced_because=source.enforced_because,
        most_growth=source.most_growth,
        tells=source.tells,
    )


def _takes_two(before: Policy | None, after: Policy) -> bool:
    """Whether a second person has to agree: ``after`` blocks without a case, and more than ``before`` did."""
    if not after.enforced_because.strip() or not proposals.needs_two(Kind.ENFORCE):
        return False
    if before is None or before.enforced_because != after.enforced_because.strip() or before.bank != after.bank:
        return True
    blocks_more = after.action == Action.BLOCK != before.action
    return blocks_more or after.radius > before.radius or after.most_growth > before.most_growth


def _propose(source: Source, policy: Policy, staff: Staff | None, by: Actor) -> None:
    facts = _facts(policy)
    checked(facts)  # the log keeps the reason: better refused now than after the approval
    details = {name: fact for name, fact in facts.items() if name != "reason"}
    details |= {"bank": str(policy.bank.public_id), "is_new": source.tried_at is None and not source.enabled}
    proposals.propose(Kind.ENFORCE, source, reason=policy.enforced_because, details=details, staff=staff, by=by)


def _put(source: Source, policy: Policy) -> None:
    source.bank, source.radius, source.action = policy.bank, policy.radius, policy.action.value
    source.enforced_because = policy.enforced_because.strip()
    source.most_growth, source.tells = policy.most_growth, policy.tells


def _facts(policy: Policy) -> dict[str, object]:
    return {
        "radius": policy.radius,
        "action": policy.action.value,
        "reason": policy.enforced_because.strip(),
        "most_growth": policy.most_growth,
        "tells": policy.tells,
    }


def _check_address(kind: str, address: str, credentials: Mapping[str, str]) -> None:
    if len(address) > LONGEST_ADDRESS:
        raise InvalidError(f"address: give an address of at most {LONGEST_ADDRESS} characters.")
    opening.check(kind, address, credentials)


def _check(policy: Policy) -> None:
    if not 0 <= policy.radius <= WIDEST_PDQ:
        raise InvalidError(f"radius: a radius is from 0 to {WIDEST_PDQ} bits.")
    if not 1 <= policy.most_growth <= MOST_GROWTH:
        raise InvalidError("most_growth: give how many records a day it may bring, at least 1.")
    if len(policy.enforced_because) > LONGEST_REASON:
        raise InvalidError(f"enforced_because: give the reason in at most {LONGEST_REASON} characters.")
