"""Keys: shown once, kept as a digest, and refused in the same words whatever is wrong with them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from staydown.apps.accounts import access, actions, tokens
from staydown.apps.accounts.models import SCOPES, ApiKey
from staydown.apps.audit import querysets as log
from staydown.errors import DeniedError, InvalidError

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(system):
    """A key and its text."""
    return actions.create_key("the platform", ["screen", "feed:read"], ["house"], by=system)


def test_a_key_opens_what_it_was_given_and_nothing_else(made):
    key, text = made
    found = access.key_for(text)
    assert found == key
    access.require_scope(found, "screen")
    for scope in set(SCOPES) - {"screen", "feed:read"}:
        with pytest.raises(DeniedError, match=scope):
            access.require_scope(found, scope)
    assert found.sees("house")
    assert not found.sees("other")


def test_a_key_for_no_bank_in_particular_sees_all(system):
    key, _ = actions.create_key("node", ["screen"], by=system)
    assert key.sees("house")


def test_the_text_is_kept_nowhere(made):
    key, text = made
    row = ApiKey.objects.filter(pk=key.pk).values().get()
    assert text.removeprefix(key.prefix) not in repr(row)
    assert bytes(row["digest"]) == tokens.digest(text)
    assert text not in json.dumps([line.facts for line in log.history(key)])
    assert text not in repr(key)


def test_each_way_of_being_wrong_is_refused_in_the_same_words(made, system):
    _, good = made
    revoked, revoked_text = actions.create_key("old", ["screen"], by=system)
    actions.revoke_key(revoked, by=system)
    expired, expired_text = actions.create_key("past", ["screen"], by=system)
    ApiKey.objects.filter(pk=expired.pk).update(expires_on=timezone.now().date() - timedelta(days=1))
    said = set()
    for text in (revoked_text, expired_text, tokens.new(), good[:-1], good + "x", "", "sdn_live_", "ключ"):
        with pytest.raises(DeniedError) as error:
            access.key_for(text)
        said.add(str(error.value))
    assert len(said) == 1


def test_a_key_works_through_its_last_day(system):
    today = timezone.now().date()
    _, text = actions.create_key("short", ["screen"], by=system, expires_on=today)
    assert access.key_for(text).expires_on == today


def test_only_the_day_of_use_is_kept_and_written_once(made, django_assert_num_queries):
    key, text = made
    access.key_for(text)
    assert ApiKey.objects.get(pk=key.pk).last_used_on == timezone.now().date()
    with django_assert_num_queries(1):
        access.key_for(text)


def test_a_revoked_key_lives_no_more(made, system):
    key, _ = made
    other, _ = actions.create_key("reports", ["report:create"], by=system)
    actions.revoke_key(key, by=system)
    assert list(ApiKey.objects.live()) == [other]


def test_revoking_twice_is_one_line(made, system):
    key, _ = made
    for _ in range(2):
        actions.revoke_key(ApiKey.objects.get(pk=key.pk), by=system)
    assert [line.verb for line in log.history(key)] == ["key.created", "key.revoked"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": ["everything"]},
        {"scopes": []},
        {"name": " "},
        {"name": "n" * 61},
        {"expires_on": timezone.now().date() - timedelta(days=1)},
    ],
)
def test_what_makes_no_sense_is_refused_and_makes_nothing(system, wrong):
    given = {"name": "n", "scopes": ["screen"], **wrong}
    with pytest.raises(InvalidError):
        actions.create_key(given.pop("name"), given.pop("scopes"), by=system, **given)
    assert not ApiKey.objects.exists()
    assert log.frontier().size == 0


def test_the_checksum_finds_every_single_wrong_character():
    text = tokens.new()
    assert tokens.well_formed(text)
    for at in range(len(tokens.PREFIX), len(text)):
        for other in ("0", "z"):
            changed = text[:at] + other + text[at + 1 :]
            assert tokens.well_formed(changed) is (changed == text)


def test_texts_are_random():
    assert len({tokens.new() for _ in range(100)}) == 100
