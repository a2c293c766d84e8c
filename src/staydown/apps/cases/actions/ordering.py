"""An order of an authority or a tribunal comes in: its case, its items and its clocks, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import feed_writing
from staydown.apps.cases import clocks, regimes, settling
from staydown.apps.cases.access import DECIDERS
from staydown.apps.cases.actions.reporting import open_case
from staydown.apps.cases.intake import MOST_LINE, MOST_LINKS, MOST_WORDS, is_link
from staydown.apps.cases.models import Item, Order
from staydown.core.law.regime import Regime
from staydown.errors import InvalidError

OLDEST: Final = timedelta(days=366)  # an order served longer ago is a slip of the pen


@dataclass(frozen=True, slots=True, repr=False)
class OrderGiven:
    """An order as somebody who works here entered it. ``id`` is the sender's: the same one twice is one order."""

    id: UUID
    regime_id: str
    authority: str
    reference: str
    served_at: datetime
    links: Sequence[str]
    due_at: datetime | None = None
    words: str = ""

    def __repr__(self) -> str:
        return f"<OrderGiven {self.id}>"


def serve_order(given: OrderGiven, staff: Staff | None = None, *, by: Actor | None = None) -> Order:
    """The order, with a case of its own under the law that it was served under. Its clocks count from the service.

    ``staff`` enters it, or a program does whose scope was checked, and which ``by`` then names. Raises `InvalidError`
    naming the field.
    """
    if staff is not None or by is None:
        accounts.require_role(staff, *DECIDERS)
    actor = by or accounts.staff_actor(staff)
    with transaction.atomic():
        now = timezone.now()
        feed_writing.hold()  # whoever sends the same order twice at once gets one case
        if sent_before := Order.objects.filter(public_id=given.id).first():
            return sent_before
        regime = _checked(given, now)
        case = open_case(now, laws=[regime])
        order = Order.objects.create(
            public_id=given.id,
            case=case,
            regime_id=regime.id,
            authority=given.authority.strip(),
            reference=given.reference.strip(),
            words=given.words.strip() or None,
            served_at=given.served_at,
            due_at=given.due_at,
            entered_at=now,
            entered_by=staff,
        )
        links = list(dict.fromkeys(link.strip() for link in given.links))
        own = {"case": case, "order": order, "added_at": now, "kind": Item.Kind.LINK}
        Item.objects.bulk_create(Item(url=link, **own) for link in links)
        clocks.open_order_clocks(order)
        settling.settle(case, now)
        facts = {"regime": regime.id, "links": len(links), "names_its_limit": given.due_at is not None}
        audit.record("order.served", by=actor, about=order, also=[case], facts=facts)
    return order


def _checked(given: OrderGiven, now: datetime) -> Regime:
    """The law of the order; raises `InvalidError` whose message begins with the field's name."""
    regime = next((each for each in regimes.for_orders(now) if each.id == given.regime_id), None)
    if regime is None:
        raise InvalidError("regime: choose the law under which the order was served.")
    for name, text in (("authority", given.authority), ("reference", given.reference)):
        if not text.strip() or len(text) > MOST_LINE:
            raise InvalidError(f"{name}: give it in one line.")
    if len(given.words) > MOST_WORDS:
        raise InvalidError(f"words: at most {MOST_WORDS} characters fit.")
    if not given.links or len(given.links) > MOST_LINKS:
        raise InvalidError(f"links: give the addresses that the order names, from 1 to {MOST_LINKS}.")
    for number, link in enumerate(given.links, start=1):
        if not is_link(link):
            raise InvalidError(f"links: link {number} is not a web address that starts with https:// or http://.")
    if given.served_at.utcoffset() is None or not now - OLDEST < given.served_at <= now:
        raise InvalidError("served_at: say when the order was served: within the last year, and not in the future.")
    if given.due_at is not None:
        _check_limit(regime, given)
    return regime


def _check_limit(regime: Regime, given: OrderGiven) -> None:
    if not any(clock.set_by_order for clock in regime.clocks):
        raise InvalidError(f"due_at: under the {regime.short_name} the law itself sets the limit. Leave this empty.")
    if given.due_at is None or given.due_at.utcoffset() is None or given.due_at <= given.served_at:
        raise InvalidError("due_at: the order's own limit must be later than the moment it was served.")
