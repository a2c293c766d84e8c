"""The keyring: what is sealed opens in its own place only, survives rotation, and shows no key."""

from __future__ import annotations

import base64
import hmac
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.sealing import Keyring
from staydown.errors import KeyringError, SealError

_numbers = count(1)


def fresh(size: int) -> bytes:
    """Other bytes at each call, the same in each run."""
    return next(_numbers).to_bytes(size, "big")


KEYRING = Keyring.new(fresh)
PLACE = "cases_report:5f0c:contact"


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=40))
def test_what_is_sealed_opens_in_its_place(plaintext: bytes, place: str) -> None:
    sealed = KEYRING.seal(plaintext, bound_to=place)
    assert KEYRING.open(sealed, bound_to=place) == plaintext
    assert len(sealed) == len(plaintext) + 1 + 4 + 12 + 16


def test_one_value_sealed_twice_looks_different() -> None:
    assert KEYRING.seal(b"same", bound_to=PLACE) != KEYRING.seal(b"same", bound_to=PLACE)


def test_it_opens_in_no_other_place() -> None:
    sealed = KEYRING.seal(b"amara@example.org", bound_to=PLACE)
    with pytest.raises(SealError, match="moved"):
        KEYRING.open(sealed, bound_to="cases_report:5f0d:contact")


def test_no_changed_bit_passes() -> None:
    sealed = KEYRING.seal(b"words", bound_to=PLACE)
    for at in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[at] ^= 1 << bit
            with pytest.raises(SealError):
                KEYRING.open(bytes(changed), bound_to=PLACE)


@pytest.mark.parametrize("cut", [0, 1, 5, 17, 32])
def test_a_cut_value_does_not_open(cut: int) -> None:
    with pytest.raises(SealError):
        KEYRING.open(KEYRING.seal(b"", bound_to=PLACE)[:cut], bound_to=PLACE)


def test_another_keyring_lacks_the_key_and_says_so() -> None:
    sealed = KEYRING.seal(b"words", bound_to=PLACE)
    with pytest.raises(SealError, match="missing from the keyring"):
        Keyring.new(fresh).open(sealed, bound_to=PLACE)


def test_rotation_seals_anew_and_still_opens_the_old() -> None:
    old = KEYRING.seal(b"old", bound_to=PLACE)
    rotated = KEYRING.rotate(fresh).rotate(fresh)
    new = rotated.seal(b"new", bound_to=PLACE)
    assert rotated.open(old, bound_to=PLACE) == b"old"
    assert rotated.open(new, bound_to=PLACE) == b"new"
    assert (Keyring.key_id_of(old), Keyring.key_id_of(new)) == (KEYRING.primary, rotated.primary)
    assert rotated.key_ids[0] == KEYRING.primary
    assert len(rotated.key_ids) == 3


def test_old_keys_can_be_forgotten_and_then_open_nothing() -> None:
    old = KEYRING.seal(b"old", bound_to=PLACE)
    rotated = KEYRING.rotate(fresh).without_old_keys()
    assert rotated.key_ids == (rotated.primary,)
    with pytest.raises(SealError):
        rotated.open(old, bound_to=PLACE)


def test_a_key_that_is_there_already_is_not_taken_twice() -> None:
    same, other = (7).to_bytes(32, "big"), (8).to_bytes(32, "big")
    drawn = iter([same, other, same, other])  # key, root; rotation draws the same key first
    keyring = Keyring.new(lambda _size: next(drawn))
    assert len(keyring.rotate(lambda _size: next(drawn)).key_ids) == 2


def test_secrets_are_one_for_each_purpose_and_survive_rotation() -> None:
    secrets = {KEYRING.secret(purpose) for purpose in ("receipts", "feed", "audit", "")}
    assert len(secrets) == 4
    assert all(len(each) == 32 for each in secrets)
    assert KEYRING.rotate(fresh).without_old_keys().secret("feed") == KEYRING.secret("feed")
    assert Keyring.new(fresh).secret("feed") != KEYRING.secret("feed")


def test_a_secret_is_the_documented_derivation() -> None:
    root = bytes(range(32))
    drawn = iter([bytes(32), root])
    keyring = Keyring.new(lambda _size: next(drawn))
    extracted = hmac.digest(b"staydown keyring v1", root, "sha256")  # HKDF (RFC 5869) written out
    assert keyring.secret("feed") == hmac.digest(extracted, b"feed\x01", "sha256")
    assert keyring.secret("feed").hex() == "ecd750954d1b31133fd46065b969b279eeeb120d75e7223cedd76424d041f324"


def test_the_text_brings_the_keyring_back() -> None:
    rotated = KEYRING.rotate(fresh)
    again = Keyring.parse(rotated.to_text())
    assert again == rotated
    assert again != KEYRING
    assert again.primary == rotated.primary
    assert again.open(KEYRING.seal(b"old", bound_to=PLACE), bound_to=PLACE) == b"old"
    assert again.secret("feed") == rotated.secret("feed")


TEXT = KEYRING.to_text()
KEY = TEXT.splitlines()[-1].split('"')[3]
OTHER_KEY = base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml at all",
        TEXT.replace("version = 1", "version = 2"),
        TEXT.replace("version = 1\n", ""),
        TEXT + 'extra = "x"\n',  # a key that is no key
        'extra = "x"\n' + TEXT,
        TEXT.replace(KEY, OTHER_KEY),  # a key that does not fit its id
        TEXT.replace(KEY, KEY[:-4]),
        TEXT.replace(KEY, "?" * 44),
        TEXT.replace(f'primary = "{KEYRING.primary}"', 'primary = "00000000"'),
        TEXT.replace(f'primary = "{KEYRING.primary}"', "primary = 1"),
        TEXT.replace('root = "', 'root = "A'),
        TEXT.replace('root_check = "', 'root_check = "0'),
        TEXT.split("[keys]")[0] + "[keys]\n",
        TEXT.split("[keys]")[0] + "keys = 1\n",
        TEXT.replace(f'"{KEY}"', "1"),
    ],
)
def test_a_damaged_keyring_is_refused_without_showing_a_key(text: str) -> None:
    with pytest.raises(KeyringError) as caught:
        Keyring.parse(text)
    assert KEY not in str(caught.value)
    assert OTHER_KEY not in str(caught.value)


def test_a_root_of_another_length_is_refused() -> None:
    with pytest.raises(KeyringError):
        Keyring(primary="00000000", root=b"short", keys={})


def test_no_key_in_repr() -> None:
    assert KEY not in repr(KEYRING)
    assert base64.b64decode(KEY).hex() not in repr(KEYRING)
    assert repr(KEYRING) == f"<Keyring primary {KEYRING.primary}, 1 keys>"
