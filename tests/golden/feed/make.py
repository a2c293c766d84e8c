"""Writes conformance.json: what a follower of the feed must do, page by page. Run it after a change of the format."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from staydown.core import feed
from staydown.core.bank import Action, Entry
from staydown.core.feed import AddLine, Line, OpaqueLine, RemoveLine
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.merkle import Frontier
from staydown.core.note import Signer

SIGNER = Signer("feed.example/conformance", bytes(range(32)))
OTHER = Signer("feed.example/conformance", bytes(range(1, 33)))
DELETE_BY = 1_800_000_000


def pdq(seed: int, flipped: int = 0) -> Hash:
    """A hash of no picture; ``flipped`` of its last bits are other ones."""
    value = int.from_bytes(bytes((seed * 37 + at * 11) % 256 for at in range(32))) ^ ((1 << flipped) - 1)
    return Hash(Algorithm.PDQ, value.to_bytes(32))


def entry(number: int, value: Hash, radius: int = 31, action: Action = Action.BLOCK, bank: str = "house") -> Entry:
    """Entry ``number``."""
    return Entry(UUID(int=number << 96 | 4 << 76 | 2 << 62 | number), bank, value, radius, action)


def add(seq: int, one: Entry) -> AddLine:
    """The line that adds it."""
    return AddLine(seq, one, bytes([seq]) * feed.SALT_SIZE)


ONE = entry(1, pdq(1))
TWO = entry(2, pdq(2), radius=4)
PENDING = entry(3, pdq(3), action=Action.REVIEW)
FILE = entry(4, Hash(Algorithm.SHA256, bytes(range(64, 96))), radius=0)
ODD = entry(5, pdq(5), bank="h\N{LATIN SMALL LETTER O WITH DIAERESIS}use \N{LINE SEPARATOR} \U0001f512")
CONFIRMED = entry(3, pdq(3))
LINES: list[Line] = [
    add(1, ONE),
    add(2, TWO),
    add(3, PENDING),
    add(4, FILE),
    add(5, ODD),
    add(6, CONFIRMED),
    RemoveLine(7, ONE.id, DELETE_BY),
    RemoveLine(8, UUID(int=9 << 96 | 4 << 76 | 2 << 62), DELETE_BY + 1),  # of an entry that nobody was given
    RemoveLine(9, TWO.id),  # written before delete_by existed
    add(10, entry(6, pdq(6))),
]
VIDEO = entry(7, bag.packed([[pdq(7)], [pdq(8), pdq(9)], [pdq(7, 4)]]), action=Action.REVIEW)
CONFIRMED_VIDEO = entry(7, VIDEO.hash)
LISTED = entry(8, Hash(Algorithm.MD5, bytes(range(96, 112))), radius=0, action=Action.REVIEW)
WITH_MD5: list[Line] = [add(1, LISTED), add(2, FILE), RemoveLine(3, LISTED.id, DELETE_BY)]
WITH_VIDEOS: list[Line] = [add(1, VIDEO), add(2, FILE), add(3, CONFIRMED_VIDEO), RemoveLine(4, VIDEO.id, DELETE_BY)]


def grown(lines: Iterable[Line]) -> list[Frontier]:
    """The tree before the first line, and after each."""
    trees = [Frontier()]
    for line in lines:
        trees.append(trees[-1].append(feed.leaf(line)))
    return trees


TREES = grown(LINES)


def note(size: int, signer: Signer = SIGNER, root: bytes | None = None) -> str:
    """The checkpoint over the first ``size`` lines."""
    return feed.encode(feed.checkpoint(size, root or TREES[size].root(), signer))


def page(first: int, last: int, *, opaque: Iterable[int] = (), lines: list[Line] = LINES) -> list[str]:
    """Lines ``first`` to ``last`` and their checkpoint; of ``opaque`` ones the leaf alone."""
    told = [feed.opaque(line) if line.seq in opaque else line for line in lines[first - 1 : last]]
    return [*(feed.encode(line) for line in told), note(last, root=grown(lines)[last].root())]


def accept(lines: list[str], after: int, live: Iterable[Entry], *, erase: dict[UUID, int | None]) -> dict[str, Any]:
    """A page that verifies: how to ask on, what matches from now on, and what to erase until when."""
    return {
        "page": lines,
        "accept": True,
        "ask_after": after,
        "live": {str(one.id): one.action.value for one in live},
        "erase": {str(which): until for which, until in erase.items()},
    }


def refuse(why: str, lines: list[str]) -> dict[str, Any]:
    """A page that does not; nothing of it may be used."""
    return {"page": lines, "accept": False, "why": why}


def question(value: Hash, *found: Entry) -> dict[str, Any]:
    """What a lookup finds."""
    return {"algorithm": value.algorithm.value, "value": value.hex(), "finds": [str(one.id) for one in found]}


def stories() -> list[dict[str, Any]]:
    """Each begins with a follower that knows nothing."""
    five = [ONE, TWO, PENDING, FILE, ODD]
    start = accept(page(1, 5), 5, five, erase={}) | {
        "lookups": [
            question(pdq(1), ONE),
            question(pdq(1, 31), ONE),
            question(pdq(1, 32)),
            question(pdq(2, 4), TWO),
            question(pdq(2, 5)),
            question(FILE.hash, FILE),
            question(Hash(Algorithm.PDQ, FILE.hash.value)),
        ]
    }
    removal = accept(
        page(6, 8),
        8,
        [TWO, CONFIRMED, FILE, ODD],
        erase={ONE.id: DELETE_BY, LINES[7].entry_id: DELETE_BY + 1},  # type: ignore[union-attr]
    )
    old = accept(page(9, 9), 9, [CONFIRMED, FILE, ODD], erase={TWO.id: None})
    changed = [line.replace('"radius":31', '"radius":30') for line in page(6, 8)]
    return [
        {"what": "an empty feed", "steps": [accept([note(0)], 0, [], erase={})]},
        {"what": "lines are added, confirmed and removed", "steps": [start, removal, old]},
        {"what": "nothing new", "steps": [start, accept([note(5)], 5, five, erase={})]},
        {
            "what": "a key that may see some banks, and hashes that were erased meanwhile",
            "steps": [
                accept(
                    page(1, 10, opaque=(1, 2, 5)),
                    10,
                    [CONFIRMED, FILE, entry(6, pdq(6))],
                    erase={ONE.id: DELETE_BY, LINES[7].entry_id: DELETE_BY + 1, TWO.id: None},
                )
            ],  # type: ignore[union-attr]
        },
        *(
            {"what": why, "steps": [start, refuse(why, lines), removal]}
            for why, lines in (
                ("the first line is missing", page(7, 8)),
                ("a line is missing in between", [page(6, 8)[0], *page(8, 8)]),
                ("a line comes twice", [page(6, 6)[0], *page(6, 8)]),
                ("lines change places", [page(7, 7)[0], page(6, 6)[0], *page(8, 8)]),
                ("a line was changed", changed),
                ("the checkpoint is missing", page(6, 8)[:-1]),
                ("the checkpoint is not last", [note(5), *page(6, 8)]),
                ("another key signed", [*page(6, 8)[:-1], note(8, OTHER)]),
                ("the checkpoint is of an earlier line", [*page(6, 8)[:-1], note(7)]),
                ("the checkpoint is of a later line", [*page(6, 8)[:-1], note(9)]),
                ("another history was signed", [*page(6, 8)[:-1], note(8, root=TREES[7].root())]),
                ("a field that this version does not know", [_with(page(6, 6)[0], colour="red"), *page(7, 8)]),
                ("a hash in capital letters", [page(6, 6)[0].replace(pdq(3).hex(), pdq(3).hex().upper()), *page(7, 8)]),
                ("a number written as text", [_with(page(6, 6)[0], seq="6"), *page(7, 8)]),
                ("what is no JSON", ["<html>", *page(6, 8)]),
            )
        ),
        {
            "what": "a leaf stands for a line, and no other leaf does",
            "steps": [start, refuse("a false leaf", [feed.encode(OpaqueLine(6, bytes(32))), *page(7, 8)])],
        },
    ]


def video_stories() -> list[dict[str, Any]]:
    """The same for followers that ask with ``algorithms=pdq,sha256,vpdq``; the last one is for those that do not."""
    start = accept(page(1, 2, lines=WITH_VIDEOS), 2, [VIDEO, FILE], erase={})
    rest = page(3, 4, lines=WITH_VIDEOS)
    end = accept(rest, 4, [FILE], erase={VIDEO.id: DELETE_BY})
    first, *others = rest
    frames = json.loads(first)["frames"]
    return [
        {"what": "a video is added, confirmed and removed with all its frames", "steps": [start, end]},
        *(
            {"what": why, "steps": [start, refuse(why, [_with(first, frames=bent), *others]), end]}
            for why, bent in (
                ("a frame in capital letters", [each.upper() for each in frames]),
                ("a frame with half a hash", [frames[0][:32], *frames[1:]]),
                ("frames without any", []),
                ("frames in another order", frames[::-1]),
            )
        ),
        {
            "what": "a video for a follower that does not read videos",
            "steps": [
                accept(page(1, 2, opaque=(1,), lines=WITH_VIDEOS), 2, [FILE], erase={}),
                accept(page(3, 4, opaque=(3,), lines=WITH_VIDEOS), 4, [FILE], erase={VIDEO.id: DELETE_BY}),
            ],
        },
    ]


def md5_stories() -> list[dict[str, Any]]:
    """The same for followers that ask for ``md5`` as well; the last one is for those that do not."""
    padded = Hash(Algorithm.SHA256, LISTED.hash.value.ljust(32, b"\0"))
    start = accept(page(1, 2, lines=WITH_MD5), 2, [LISTED, FILE], erase={}) | {
        "lookups": [question(LISTED.hash, LISTED), question(FILE.hash, FILE), question(padded)]
    }
    first, *others = page(1, 2, lines=WITH_MD5)
    whole = accept(page(1, 2, lines=WITH_MD5), 2, [LISTED, FILE], erase={})
    end = accept(page(3, 3, lines=WITH_MD5), 3, [FILE], erase={LISTED.id: DELETE_BY})
    return [
        {"what": "an MD5 is added and removed", "steps": [start, end]},
        *(
            {"what": why, "steps": [refuse(why, [_with(first, **bent), *others]), whole, end]}
            for why, bent in (
                ("an MD5 of thirty-two bytes", {"value": padded.value.hex()}),
                ("an MD5 with a radius", {"radius": 1}),
            )
        ),
        {
            "what": "an MD5 for a follower that does not read MD5",
            "steps": [
                accept(page(1, 2, opaque=(1,), lines=WITH_MD5), 2, [FILE], erase={}),
                accept(page(3, 3, lines=WITH_MD5), 3, [FILE], erase={LISTED.id: DELETE_BY}),
            ],
        },
    ]


def _with(line: str, **fields: object) -> str:
    return json.dumps(json.loads(line) | fields, sort_keys=True, separators=(",", ":"))


def document() -> str:
    """The file's text."""
    found = {
        "comment": "What a follower of the feed must do: docs/reference/feed-conformance.md says how to read this.",
        "verifier_key": SIGNER.verifier_key,
        "stories": stories(),
        "video_stories": video_stories(),
        "md5_stories": md5_stories(),
    }
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("conformance.json").write_text(document(), "utf-8")
