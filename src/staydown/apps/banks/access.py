"""Which banks and entries a program may see: a key names banks, and one that names none sees them all."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import ApiKey
from staydown.apps.banks.models import Bank, Entry
from staydown.errors import MissingError


def banks_for_key(key: ApiKey) -> QuerySet[Bank]:
    """The banks that this key may see, by name."""
    accounts.require_scope(key, "entry:read")
    found = Bank.objects.order_by("name")
    return found.filter(name__in=key.banks) if key.banks else found


def entries_for_key(key: ApiKey) -> QuerySet[Entry]:
    """The entries, also ended ones, of the banks that this key may see."""
    accounts.require_scope(key, "entry:read")
    return _seen(key, Entry.objects.select_related("bank"))


def entry_for_key(key: ApiKey, public_id: UUID, *, scope: str) -> Entry:
    """The entry, for a program with ``scope`` that may see its bank; `MissingError` otherwise."""
    accounts.require_scope(key, scope)
    found = _seen(key, Entry.objects.select_related("bank")).filter(public_id=public_id).first()
    if found is None:
        raise MissingError
    return found


def seen_by_key(key: ApiKey, entries: Iterable[UUID]) -> set[UUID]:
    """Those of ``entries`` whose bank this key may see."""
    return set(_seen(key, Entry.objects.filter(public_id__in=set(entries))).values_list("public_id", flat=True))


def _seen(key: ApiKey, entries: QuerySet[Entry]) -> QuerySet[Entry]:
    return entries.filter(bank__name__in=key.banks) if key.banks else entries
