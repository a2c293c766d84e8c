"""Receipt codes: typed by tired people on small screens, and never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core import receipt
from staydown.errors import ReceiptError

PEPPER = b"p" * 32
entropy = st.binary(min_size=10, max_size=10)
sized = settings(max_examples=50, deadline=None)


def test_a_code_is_four_groups_and_a_check_character() -> None:
    assert receipt.new_code(bytes(10)) == "0000-0000-0000-0000-0"
    assert receipt.new_code(b"\xff" * 10) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ-M"
    assert receipt.new_code(bytes(range(10))) == "000G-40R4-0M30-E209-J"


@sized
@given(entropy, entropy)
def test_each_entropy_has_its_own_code(one: bytes, other: bytes) -> None:
    assert (receipt.new_code(one) == receipt.new_code(other)) == (one == other)
    assert set(receipt.new_code(one)) <= set(receipt.ALPHABET + "-")


SPELLINGS = [
    lambda code: code,
    lambda code: code.lower(),
    lambda code: code.replace("-", ""),
    lambda code: code.replace("-", " "),
    lambda code: f"  {code}\n",
    lambda code: code.replace("-", "–"),
    lambda code: code.replace("-", "\N{NON-BREAKING HYPHEN}"),
    lambda code: "\N{ZERO WIDTH SPACE}".join(code),
    lambda code: "\N{RIGHT-TO-LEFT MARK}" + code,
    lambda code: code.replace("0", "O").replace("1", "I"),
    lambda code: code.replace("0", "o").replace("1", "l"),
    lambda code: " ".join(code.replace("-", "")),
]


@sized
@given(entropy, st.sampled_from(SPELLINGS))
def test_every_spelling_is_understood(entropy: bytes, spell) -> None:
    code = receipt.new_code(entropy)
    assert receipt.parse(spell(code)) == code
    assert receipt.lookup_id(spell(code), PEPPER) == receipt.lookup_id(code, PEPPER)


@sized
@given(entropy, st.data())
def test_one_wrong_character_is_found(entropy: bytes, data: st.DataObject) -> None:
    code = receipt.new_code(entropy)
    at = data.draw(st.sampled_from([each for each, character in enumerate(code) if character != "-"]))
    wrong = data.draw(st.sampled_from([each for each in receipt.ALPHABET if each != code[at]]))
    with pytest.raises(ReceiptError):
        receipt.parse(code[:at] + wrong + code[at + 1 :])


@sized
@given(entropy, st.data())
def test_two_swapped_characters_are_found(entropy: bytes, data: st.DataObject) -> None:
    characters = list(receipt.new_code(entropy).replace("-", ""))
    one, other = data.draw(st.lists(st.integers(0, 16), min_size=2, max_size=2, unique=True))
    same = characters[one] == characters[other]
    characters[one], characters[other] = characters[other], characters[one]
    if same:
        receipt.parse("".join(characters))
    else:
        with pytest.raises(ReceiptError):
            receipt.parse("".join(characters))


@pytest.mark.parametrize(
    "text", ["", "0", "0000-0000-0000-0000", "0000-0000-0000-0000-00", "U000-0000-0000-0000-0", "ß" * 17]
)
def test_other_text_is_no_code(text: str) -> None:
    with pytest.raises(ReceiptError):
        receipt.parse(text)


def test_an_error_shows_nothing_of_the_code() -> None:
    code = receipt.new_code(b"amara-code")
    with pytest.raises(ReceiptError) as caught:
        receipt.parse(code[:-1] + ("0" if code[-1] != "0" else "1"))
    assert not any(group in str(caught.value) for group in code.split("-")[:-1])


def test_a_code_needs_its_ten_bytes() -> None:
    with pytest.raises(ReceiptError):
        receipt.new_code(bytes(9))


@sized
@given(entropy)
def test_the_two_derivations_are_apart_and_depend_on_the_pepper(entropy: bytes) -> None:
    code = receipt.new_code(entropy)
    values = {
        receipt.lookup_id(code, PEPPER),
        receipt.case_secret(code, PEPPER),
        receipt.lookup_id(code, b"q" * 32),
        receipt.case_secret(code, b"q" * 32),
    }
    assert len(values) == 4
    assert all(len(each) == 32 for each in values)


def test_no_derivation_from_what_is_no_code() -> None:
    with pytest.raises(ReceiptError):
        receipt.lookup_id("hello", PEPPER)
