"""The golden vectors: still what the reference says, and what we say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from staydown.core.hashing.algorithm import Hash
from staydown.core.hashing.pdq import pdq
from staydown.core.hashing.picture import hash_picture
from tests import pictures
from tests.golden.pdq import make


def vectors(name: str) -> list[dict[str, Any]]:
    return json.loads((make.HERE / name).read_text())


def label(vector: dict[str, Any]) -> str:
    return "-".join(str(v) for k, v in vector.items() if k in ("kind", "seed", "file", "orientation"))


def distance(found: Hash, text: str) -> int:
    return found.distance(Hash.from_hex("pdq", text))


def test_the_vectors_are_current() -> None:
    for name, text in make.build().items():
        assert (make.HERE / name).read_text() == text, f"{name}: run python -m tests.golden.pdq.make"


@pytest.mark.parametrize("vector", vectors("patterns.json"), ids=label)
def test_a_pattern(vector: dict[str, Any]) -> None:
    found = pdq(make.pixels(vector["kind"], vector["seed"], vector["width"], vector["height"]))
    assert found.quality == vector["quality"]
    if vector["hash"] is not None:
        assert [v.hex() for v in found.variants] == vector["variants"]
        assert found.hash.hex() == vector["hash"]


@pytest.mark.parametrize("vector", [*vectors("photographs.json"), *vectors("files.json")], ids=label)
def test_a_file(vector: dict[str, Any]) -> None:
    if "orientation" in vector:
        data = make.stored(pictures.photograph(vector["file"]), vector["orientation"], vector["jpeg_quality"])
    elif (make.HERE / vector["file"]).exists():
        data = (make.HERE / vector["file"]).read_bytes()
    else:
        data = pictures.path(vector["file"]).read_bytes()
    found = hash_picture(data)
    assert (found.width, found.height, found.quality) == (vector["width"], vector["height"], vector["quality"])
    is_scaled = data[:2] == b"\xff\xd8" and min(found.width, found.height) >= 640
    assert distance(found.pdq, vector["hash"]) <= (2 if is_scaled else 0)
