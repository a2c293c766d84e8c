"""The sealed draft: opens as it was, says nothing of what is in it."""

from __future__ import annotations

import base64

import pytest

from staydown.apps.portal.draft import Draft
from staydown.apps.vault import keyring
from staydown.errors import InvalidError


def test_opens_as_it_was():
    draft = Draft(answers={"words": {"words": "böse Wörter"}}, reviewed=True)
    again = Draft.open(draft.seal())
    assert again.answers == draft.answers
    assert again.id == draft.id
    assert again.reviewed
    assert again.begun_at == draft.begun_at.replace(microsecond=0)


def test_two_seals_of_the_same_answers_differ():
    draft = Draft()
    assert draft.seal() != draft.seal()


def test_says_nothing():
    draft = Draft(answers={"words": {"words": "canary"}})
    assert "canary" not in repr(draft)
    assert b"canary" not in base64.urlsafe_b64decode(draft.seal())


def test_a_value_sealed_for_another_place_does_not_open():
    elsewhere = keyring.current().seal(b"x", bound_to="staydown_cases_report:1:words")
    with pytest.raises(InvalidError):
        Draft.open(base64.urlsafe_b64encode(elsewhere).decode())
