"""The conformance stories of the feed, told to our own reading of it and to the follower on the reference page."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest

import staydown
from staydown.core import feed
from staydown.core.bank import Entry
from staydown.core.feed import AddLine, Cursor, RemoveLine
from staydown.core.hashing.algorithm import Hash
from staydown.core.matching.linear import LinearIndex
from staydown.core.note import Verifier

ROOT = Path(staydown.__file__).parents[2]
GOLDEN = ROOT / "tests/golden/feed/conformance.json"
FILE = json.loads(GOLDEN.read_text("utf-8"))
PAGE = ROOT / "docs/reference/feed-conformance.md"


class Follower(Protocol):
    """What the stories ask of a follower."""

    seq: int
    entries: dict[str, Any]

    def apply(self, page: list[str]) -> dict[str, int | None]: ...
    def find(self, algorithm: str, value: str) -> list[str]: ...


class Ours:
    """Our own parts, put together as a follower."""

    def __init__(self, verifier_key: str) -> None:
        self._verifier = Verifier.parse(verifier_key)
        self._cursor = Cursor()
        self._held: dict[UUID, Entry] = {}

    @property
    def seq(self) -> int:
        return self._cursor.seq

    @property
    def entries(self) -> dict[str, dict[str, str]]:
        return {str(each): {"action": entry.action.value} for each, entry in self._held.items()}

    def apply(self, page: list[str]) -> dict[str, int | None]:
        lines, note = feed.decode_page(page)
        self._cursor = feed.verify(self._cursor, lines, note, self._verifier)
        erase: dict[str, int | None] = {}
        for line in lines:
            if isinstance(line, AddLine):
                self._held[line.entry.id] = line.entry
            elif isinstance(line, RemoveLine):
                self._held.pop(line.entry_id, None)
                erase[str(line.entry_id)] = line.delete_by
        return erase

    def find(self, algorithm: str, value: str) -> list[str]:
        index = LinearIndex(self._held.values())
        return sorted(str(match.entry.id) for match in index.query([Hash.from_hex(algorithm, value)]))


def of_the_page(verifier_key: str) -> Follower:
    """The follower that the reference page prints."""
    code = PAGE.read_text("utf-8").partition("## A follower")[2]
    lines = [line[4:] for line in code.splitlines() if line.startswith("    ") or not line]
    names: dict[str, Any] = {}
    exec(compile("\n".join(lines), str(PAGE), "exec"), names)
    found: Follower = names["Follower"](verifier_key)
    return found


@pytest.mark.parametrize("follow", [Ours, of_the_page])
@pytest.mark.parametrize(
    "story", [*FILE["stories"], *FILE["video_stories"], *FILE["md5_stories"]], ids=lambda story: story["what"]
)
def test_a_follower_does_what_the_story_says(follow: Any, story: dict[str, Any]) -> None:
    follower: Follower = follow(FILE["verifier_key"])
    for step in story["steps"]:
        before = (follower.seq, dict(follower.entries))
        if not step["accept"]:
            with pytest.raises(Exception):  # noqa: B017 - of whatever kind; what counts is that nothing changed
                follower.apply(step["page"])
            assert (follower.seq, follower.entries) == before
            continue
        assert follower.apply(step["page"]) == step["erase"]
        assert follower.seq == step["ask_after"]
        assert {each: entry["action"] for each, entry in follower.entries.items()} == step["live"]
        for question in step.get("lookups", []):
            assert follower.find(question["algorithm"], question["value"]) == sorted(question["finds"])


def test_the_file_is_what_its_maker_writes() -> None:
    spec = importlib.util.spec_from_file_location("make", GOLDEN.with_name("make.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.document() == GOLDEN.read_text("utf-8"), "run tests/golden/feed/make.py"
