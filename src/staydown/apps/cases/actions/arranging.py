"""Views of the list of cases that a person keeps for themselves. They change no case, so the log holds none of it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from staydown.apps.accounts import access as accounts
from staydown.apps.accounts.models import Staff
from staydown.apps.cases.models import SavedView
from staydown.errors import InvalidError, MissingError

MOST_VIEWS: Final = 12  # more than fit above a list are no shortcut
LONGEST_NAME: Final = 40


@transaction.atomic
def save_view(staff: Staff, name: str, *, lane: str, only: str, law: str) -> SavedView:
    """The view under this name; the same filters saved once more only take the new name."""
    name = _named(name)
    accounts.require_role(staff)
    Staff.objects.select_for_update().get(pk=staff.pk)  # two windows at once must not pass the limit
    there = SavedView.objects.filter(staff=staff, lane=lane, only=only, law=law).first()
    if there is not None:
        return rename_view(staff, there.public_id, name)
    if SavedView.objects.filter(staff=staff).count() >= MOST_VIEWS:
        raise InvalidError(f"You have {MOST_VIEWS} views, which is the most. Remove one first.")
    return SavedView.objects.create(staff=staff, name=name, lane=lane, only=only, law=law)


def rename_view(staff: Staff, public_id: UUID, name: str) -> SavedView:
    """The person's view with its new name."""
    view = _own(staff, public_id)
    view.name = _named(name)
    view.save(update_fields=["name"])
    return view


def remove_view(staff: Staff, public_id: UUID) -> SavedView:
    """Removes the person's view, and returns what it was."""
    view = _own(staff, public_id)
    SavedView.objects.filter(pk=view.pk).delete()
    return view


def _own(staff: Staff, public_id: UUID) -> SavedView:
    view = SavedView.objects.filter(staff=staff, public_id=public_id).first()
    if view is None:
        raise MissingError("You have no view like that. It may have been removed in another window.")
    return view


def _named(name: str) -> str:
    short = " ".join(name.split())
    if not short or len(short) > LONGEST_NAME or not short.isprintable():
        raise InvalidError(f"Give the view a name of at most {LONGEST_NAME} characters.")
    return short
