"""Receipt codes: what a reporter keeps instead of an account.

A code is 80 random bits as sixteen characters and one check character, in Crockford's base32, which has no I, L, O or
U: ``7F3K-9QXM-2VTC-0RW8-J``. The server keeps no code. It keeps what `lookup_id` derives from one, and may lock what
belongs to a report with what `case_secret` derives; neither can be told from the other or turned back into the code.
80 bits cannot be guessed, so a fast derivation with a secret pepper is enough.
"""

from __future__ import annotations

import hmac
import unicodedata
from typing import Final

from staydown.errors import ReceiptError

ENTROPY_SIZE: Final = 10  # bytes
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE: Final = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_LENGTH: Final = 16
_GROUP: Final = 4


def new_code(entropy: bytes) -> str:
    """The code for ten random bytes, in groups, with its check character."""
    if len(entropy) != ENTROPY_SIZE:
        raise ReceiptError("A receipt code is made from ten random bytes.")
    number = int.from_bytes(entropy, "big")
    values = [number >> shift & 31 for shift in range(75, -1, -5)]
    return _grouped([*values, _check(values)])


def parse(text: str) -> str:
    """The code in its one spelling, from any that a person might type; raises `ReceiptError` when it cannot be one.

    Spaces, dashes of all kinds and invisible marks are skipped, small letters are capitals, O is 0, I and L are 1.
    Every single wrong character, and every two swapped ones, are found by the check character.
    """
    kept = [each for each in text if not each.isspace() and unicodedata.category(each) not in ("Pd", "Cf")]
    if len(kept) != _LENGTH + 1:
        raise ReceiptError("A receipt code has 17 letters and digits. Check that none is missing.")
    values = [_VALUE.get(each.upper(), -1) for each in kept]
    if -1 in values or _check(values[:-1]) != values[-1]:
        raise ReceiptError("This is not a receipt code: a character of it is wrong. Check each one.")
    return _grouped(values)


def lookup_id(code: str, pepper: bytes) -> bytes:
    """32 bytes to find the report by. The code may be in any spelling that `parse` takes."""
    return _derive(b"staydown receipt lookup v1\n", code, pepper)


def case_secret(code: str, pepper: bytes) -> bytes:
    """32 bytes to lock with what only the holder of the code may open. Unrelated to `lookup_id`."""
    return _derive(b"staydown receipt secret v1\n", code, pepper)


def _derive(domain: bytes, code: str, pepper: bytes) -> bytes:
    return hmac.digest(pepper, domain + parse(code).encode(), "sha256")


def _grouped(values: list[int]) -> str:
    code = "".join(ALPHABET[each] for each in values)
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def _check(values: list[int]) -> int:
    """The value that makes the code a multiple of x in GF(32): each place weighs differently, so swaps show too."""
    total = 0
    for value in values:
        total = _times_x(total) ^ value
    return _times_x(total)


def _times_x(value: int) -> int:
    """Product with x in GF(32), whose modulus is x^5 + x^2 + 1."""
    return value << 1 if value < 16 else value << 1 ^ 0b100101
