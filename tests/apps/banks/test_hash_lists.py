"""Lists of hashes are read in the forms that people have, whole or not at all."""

from __future__ import annotations

import json

import pytest

from staydown.apps.banks import hash_lists
from staydown.core.hashing.algorithm import Algorithm
from staydown.errors import InvalidError
from tests.factories import pdq, sha256

A, B, S = pdq(1).hex(), pdq(2).hex(), sha256(1).hex()


def read(text, algorithm=Algorithm.PDQ):
    return [each.hash for each in hash_lists.read(text.splitlines(), algorithm)]


def test_what_staydown_hash_prints():
    lines = [
        {"file": "a.jpg", "algorithm": "pdq", "hash": A, "quality": 90, "width": 10, "height": 10},
        {"file": "a.jpg", "algorithm": "sha256", "hash": S},
        {"file": "b.jpg", "error": "not_an_image"},
    ]
    found = list(hash_lists.read(map(json.dumps, lines)))
    assert [each.hash for each in found] == [pdq(1), sha256(1), None]
    assert [each.is_usable for each in found] == [True, True, False]
    assert found[0].quality == 90


def test_what_staydown_bank_export_writes():
    line = json.dumps(
        {"entry": "x", "algorithm": "pdq", "hash": A, "radius": 31, "action": "block", "state": "pending"}
    )
    assert read(line) == [pdq(1)]


@pytest.mark.parametrize(
    "text",
    [
        f"algorithm,hash,quality\npdq,{A},90\nsha256,{S},",
        f"Hash, Algorithm\n{A},PDQ\n{S},sha256",
        f"\ufeffname,pdq\nx,{A}\n".replace("x,", '"a, b",') + "",
        f"quality,value\n90,{A.upper()}",
    ],
)
def test_csv_with_a_header(text):
    assert pdq(1) in read(text)


def test_one_hash_a_line():
    assert read(f"# a list\n\n{A}\n  {B.upper()}  \nsha256:{S}\n") == [pdq(1), pdq(2), sha256(1)]
    assert read(S, Algorithm.SHA256) == [sha256(1)]


def test_nothing_at_all():
    assert read("") == []


def test_a_featureless_picture_is_not_usable():
    (found,) = hash_lists.read([json.dumps({"hash": A, "quality": 49})])
    assert not found.is_usable
    (kept,) = hash_lists.read([json.dumps({"hash": S, "algorithm": "sha256", "quality": 0})])
    assert kept.is_usable


@pytest.mark.parametrize(
    "bad",
    [
        A[:-1],
        A[:-1] + "g",
        f"md5:{A}",
        "{}",
        "[1]",
        '{"hash": 5}',
        '{"hash"',
        '{"hash": null}',
        json.dumps({"hash": A, "quality": "good"}),
        json.dumps({"hash": A, "algorithm": "md5"}),
    ],
)
def test_a_line_that_holds_no_hash_is_named_and_not_shown(bad):
    first = json.dumps({"hash": A}) if bad.startswith(("{", "[")) else A
    with pytest.raises(InvalidError, match="Line 2") as caught:
        read(f"{first}\n{bad}")
    assert bad[:20] not in caught.value.message


def test_a_csv_line_of_another_length_is_named():
    with pytest.raises(InvalidError, match="Line 3"):
        read(f"algorithm,hash\npdq,{A}\npdq,{B},extra")
