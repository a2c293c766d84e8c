"""Client keys: found by their digest, remembered by the header, and gone with the list that had them."""

from __future__ import annotations

import hashlib

import pytest

from staydown.exchange.peer import ScreeningKey
from staydown.screening import auth
from staydown.screening.auth import ClientKeys


def key(text: str, *banks: str) -> ScreeningKey:
    return ScreeningKey(hashlib.sha256(text.encode()).digest(), frozenset({"screen"}), frozenset(banks))


@pytest.fixture
def keys() -> ClientKeys:
    found = ClientKeys()
    found.replace([key("one"), key("two", "house")])
    return found


@pytest.mark.parametrize("header", [b"Bearer two", b"bearer two", b"BEARER  two "])
def test_a_key_is_found_however_the_header_is_written_and_again(keys: ClientKeys, header: bytes) -> None:
    assert keys.find(header) == keys.find(header) == key("two", "house")


@pytest.mark.parametrize("header", [b"", b"Bearer ", b"Bearer three", b"Basic one", b"one", b"Bearer one" + b" " * 600])
def test_what_is_no_key_of_ours_is_none_every_time(keys: ClientKeys, header: bytes) -> None:
    assert [keys.find(header) for _ in range(3)] == [None] * 3


def test_a_key_that_was_used_ends_with_the_list_that_had_it(keys: ClientKeys) -> None:
    assert keys.find(b"Bearer one") == key("one")
    keys.replace([key("two", "partner")])
    assert keys.find(b"Bearer one") is None
    assert keys.find(b"Bearer two") == key("two", "partner")


def test_what_is_remembered_is_bounded(keys: ClientKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_MOST_MET", 3)
    for spaces in range(9):
        assert keys.find(b"Bearer one" + b" " * spaces) == key("one")
    assert len(keys._met) == 3
