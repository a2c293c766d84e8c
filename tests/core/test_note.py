"""Signed notes: Go's own example, and every way in which a note can be malformed or false."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.note import Checkpoint, Signer, Verifier, open_checkpoint, sign_checkpoint
from staydown.errors import ProofError

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/note/go-sumdb.json").read_text(encoding="utf-8"))
SIGNER = Signer("log.example/audit", bytes(range(32)))
OTHER = Signer("log.example/audit", bytes(32))
CHECKPOINT = Checkpoint("log.example/audit", 7, b"r" * 32)


def test_the_example_of_gos_documentation_signs_and_verifies_alike() -> None:
    signer = Signer(GOLDEN["name"], base64.b64decode(GOLDEN["private_key"])[1:])
    assert signer.verifier_key == GOLDEN["verifier_key"]
    assert signer.sign(GOLDEN["text"]) == GOLDEN["note"]
    assert Verifier.parse(GOLDEN["verifier_key"]).open(GOLDEN["note"]) == GOLDEN["text"]


def test_the_example_of_the_specification_is_a_checkpoint() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == text


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]) | st.just("\n")))
def test_whatever_is_signed_comes_back(text: str) -> None:
    text += "\n"
    assert SIGNER.verifier.open(SIGNER.sign(text)) == text


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_changed_character_passes(data: st.DataObject) -> None:
    note = sign_checkpoint(CHECKPOINT, SIGNER)
    at = data.draw(st.integers(0, len(note) - 1))
    changed = note[:at] + data.draw(st.characters(codec="utf-8").filter(lambda each: each != note[at])) + note[at + 1 :]
    with pytest.raises(ProofError):
        open_checkpoint(changed, SIGNER.verifier)


def test_signatures_of_strangers_are_passed_over() -> None:
    text = CHECKPOINT.text()
    witness = Signer("witness.example", b"w" * 32).sign(text).split("\n\n")[1]
    assert open_checkpoint(SIGNER.sign(text) + witness, SIGNER.verifier) == CHECKPOINT
    assert open_checkpoint(text + "\n" + witness + SIGNER.sign(text).split("\n\n")[1], SIGNER.verifier) == CHECKPOINT


def test_a_false_signature_beside_a_true_one_is_refused() -> None:
    false = "— log.example/audit " + base64.b64encode(SIGNER.verifier.key_id + b"x" * 64).decode() + "\n"
    with pytest.raises(ProofError, match="false signature"):
        SIGNER.verifier.open(SIGNER.sign("text\n") + false)


def test_another_key_of_the_same_name_does_not_sign_for_this_one() -> None:
    with pytest.raises(ProofError, match="not signed by"):
        SIGNER.verifier.open(OTHER.sign("text\n"))


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(ProofError, match="name of its log"):
        sign_checkpoint(Checkpoint("log.example/feed", 7, b"r" * 32), SIGNER)
    with pytest.raises(ProofError, match="another log"):
        open_checkpoint(SIGNER.sign(Checkpoint("log.example/feed", 7, b"r" * 32).text()), SIGNER.verifier)


SIGNED = SIGNER.sign("text\n")
SIGNATURE = SIGNED.split("\n\n")[1]


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "\n\n" + SIGNATURE,
        "text\n" + SIGNATURE,  # no blank line
        SIGNED.rstrip("\n"),  # the last line is not ended
        SIGNED + "\n",
        SIGNED + "more\n",
        SIGNED.replace("— ", "- "),
        SIGNED.replace("— ", "—"),
        SIGNED.replace("text", "te\tt"),
        SIGNED.replace("text", "te\rt"),
        SIGNED.replace("text", "te\0t"),
        SIGNED.replace("text", "te\ud800t"),
        SIGNED.replace("log.example", "log+example"),
        SIGNED.replace("log.example", ""),
        "text\n\n— log.example/audit AAAA\n",
        "text\n\n— log.example/audit !!!!\n",
        "text\n\n— log.example/audit\n",
        "text\n\n—  " + SIGNATURE.split()[2] + "\n",
        "text\n\n" + SIGNATURE * 101,
        "x" * 1_000_001 + "\n\n" + SIGNATURE,
    ],
)
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(ProofError):
        SIGNER.verifier.open(note)


@pytest.mark.parametrize(
    "text",
    [
        "origin\n7\n",
        "origin\n07\n" + base64.b64encode(b"r" * 32).decode() + "\n",
        "origin\n-7\n" + base64.b64encode(b"r" * 32).decode() + "\n",
        "origin\n٧\n" + base64.b64encode(b"r" * 32).decode() + "\n",
        "origin\n" + "9" * 5000 + "\n" + base64.b64encode(b"r" * 32).decode() + "\n",
        "origin\n7\n" + base64.b64encode(b"r" * 31).decode() + "\n",
        "origin\n7\n!\n",
        "\n7\n" + base64.b64encode(b"r" * 32).decode() + "\n",
        "origin\n7\n" + base64.b64encode(b"r" * 32).decode() + "\n\nmore\n",
        "origin\n7\n" + base64.b64encode(b"r" * 32).decode(),
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(ProofError):
        Checkpoint.parse(text)


def test_extension_lines_are_kept() -> None:
    text = CHECKPOINT.text() + "more\n"
    assert Checkpoint.parse(text).extensions == ("more",)
    assert Checkpoint.parse(text).text() == text


KEY = SIGNER.verifier_key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        KEY.replace("log.example", "log.axample"),  # the id belongs to another name
        KEY[:-8] + "AAAAAAA=",  # another key than the id says
        KEY.rsplit("+", 1)[0] + "+" + base64.b64encode(b"\x02" + b"k" * 32).decode(),
        KEY.rsplit("+", 1)[0] + "+" + base64.b64encode(b"\x01" + b"k" * 31).decode(),
        "na me+00000000+" + KEY.rsplit("+", 1)[1],
    ],
)
def test_other_text_is_no_verifier_key(text: str) -> None:
    with pytest.raises(ProofError):
        Verifier.parse(text)


def test_a_verifier_key_survives_the_spaces_of_a_copy_and_paste() -> None:
    assert str(Verifier.parse(f"  {KEY}\n")) == KEY


def test_a_signature_has_one_spelling() -> None:
    assert SIGNATURE.endswith("=\n")
    last = SIGNATURE[-3]
    spelled = SIGNATURE[:-3] + chr(ord(last) + 1) + "=\n"  # the same bytes: the last bits carry nothing
    text = SIGNATURE.split()[2], spelled.split()[2]
    assert base64.b64decode(text[0]) == base64.b64decode(text[1])
    with pytest.raises(ProofError):
        SIGNER.verifier.open("text\n\n" + spelled)


def test_a_name_is_valid_unicode() -> None:
    with pytest.raises(ProofError):
        Signer("log\ud800", bytes(32))


def test_keys_have_their_length_and_text_its_newline() -> None:
    with pytest.raises(ProofError):
        Signer("name", b"short")
    with pytest.raises(ProofError):
        SIGNER.sign("no newline at its end")


def test_no_private_key_in_repr() -> None:
    assert repr(SIGNER) == "<Signer log.example/audit>"
    assert bytes(range(32)).hex() not in repr(vars(SIGNER))
    assert repr(SIGNER.verifier).startswith("<Verifier log.example/audit+")
