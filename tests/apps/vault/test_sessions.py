"""Sessions: sealed in their row, and bound to their key."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session

from staydown.apps.vault.sessions import SessionStore

pytestmark = pytest.mark.django_db


def saved(**content: object) -> SessionStore:
    """A session that was saved with this content."""
    store = SessionStore()
    store.update(content)
    store.save()
    return store


def test_it_gives_back_what_was_put_in_and_its_row_says_nothing():
    store = saved(words="canary")
    assert SessionStore(store.session_key)["words"] == "canary"
    row = Session.objects.get(pk=store.session_key)
    assert "canary" not in row.session_data
    assert "Y2FuYXJ5" not in row.session_data  # base64


def test_content_moved_to_another_session_is_a_new_session():
    mine, other = saved(words="canary"), saved(words="else")
    Session.objects.filter(pk=other.session_key).update(
        session_data=Session.objects.get(pk=mine.session_key).session_data
    )
    assert dict(SessionStore(other.session_key).items()) == {}


@pytest.mark.parametrize("spoiled", ["", "x", "AAAA", "é"])
def test_spoiled_content_is_a_new_session(spoiled):
    mine = saved(words="canary")
    Session.objects.filter(pk=mine.session_key).update(session_data=spoiled)
    assert dict(SessionStore(mine.session_key).items()) == {}


def test_a_new_key_keeps_the_content():
    mine = saved(words="canary")
    old = mine.session_key
    mine.cycle_key()
    assert mine.session_key != old
    assert SessionStore(mine.session_key)["words"] == "canary"
    assert not Session.objects.filter(pk=old).exists()
