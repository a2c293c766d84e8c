"""Hashes as they come from the page's own script, or pasted from what `staydown hash` printed.

Whatever else stands beside a hash, a file's name above all, is dropped here and goes no further.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from staydown.apps.cases.intake import HashGiven
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import LEAST_QUALITY, Algorithm, Hash
from staydown.errors import HashError, InvalidError

PICTURE, VIDEO = "Picture", "Video"
MOST: Final = 50  # pictures in one report: anyone may send one, and everybody waits while it is stored
_PLAIN: Final = re.compile(r"^([0-9a-fA-F]{64})[\s,;]+(?:quality\s+)?(\d{1,3})\b")

#: what a text raises that is not hashes; RecursionError is JSON nested too deeply
_UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, HashError, RecursionError)

#: {"pdq": hexadecimal, "quality": 0 to 100, "sha256": hexadecimal or None}; a video has "frames", and an empty "pdq"
Hashed = dict[str, Any]
MOST_FRAMES: Final = 5_000  # of all videos of a report, which its pages carry along


def from_page(text: str) -> list[Hashed]:
    """The pictures that the page's script hashed: a JSON list. Raises `InvalidError`."""
    try:
        return [_from_page(one) for one in json.loads(text or "[]")]
    except _UNREADABLE:
        raise InvalidError(_("The fingerprints did not arrive whole. Choose the pictures again.")) from None


def from_paste(text: str) -> list[Hashed]:
    """The pictures of lines that `staydown hash` printed, with or without ``--json``. Raises `InvalidError`."""
    found: list[Hashed] = []
    exact: dict[str, str] = {}
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        try:
            _read_line(line, found, exact)
        except _UNREADABLE:
            raise InvalidError(
                _("Line {number} is not a fingerprint. Copy the whole line.").format(number=number)
            ) from None
    for one in found:
        file = one.pop("file")
        one["sha256"] = one["sha256"] or exact.get(file)
    return found


def merged(held: Iterable[Hashed], new: Iterable[Hashed]) -> list[Hashed]:
    """Both lists in order, each picture and video once. Raises `InvalidError` when there are too many."""
    pictures = {one["pdq"] + "".join(frames_of(one)) + (one["sha256"] or ""): one for one in (*held, *new)}
    if sum(len(frames_of(one)) for one in pictures.values()) > MOST_FRAMES:
        raise InvalidError(_("These videos are too long for one report. Send the others in a second report."))
    if len(pictures) > MOST:
        raise InvalidError(
            _("One report can hold {most} pictures. Send the others in a second report.").format(most=MOST)
        )
    return list(pictures.values())


def frames_of(one: Hashed) -> list[str]:
    """The frames of a video, in hexadecimal; none of a picture."""
    return one.get("frames") or []


def given(found: Iterable[Hashed], start: int = 1) -> list[HashGiven]:
    """The pictures and videos as casework takes them, known by their place in the list and never by a name."""
    return [
        HashGiven(one["pdq"], one["quality"], one["sha256"], f"{kind_of(one)} {number}", tuple(frames_of(one)))
        for number, one in enumerate(found, start=start)
    ]


def rows(found: Iterable[Hashed]) -> list[dict[str, object]]:
    """The same as a page lists them: a number each, and whether copies that were changed can be found."""
    return [
        {
            "number": number,
            "index": number - 1,
            "is_video": kind_of(one) == VIDEO,
            "is_plain": one["quality"] < LEAST_QUALITY,
        }
        for number, one in enumerate(found, start=1)
    ]


def counted(found: Sequence[Hashed]) -> list[str]:
    """How many pictures and how many videos they are, in the reader's language."""
    videos = sum(kind_of(one) == VIDEO for one in found)
    pictures = len(found) - videos
    told = []
    if pictures:
        told.append(ngettext("{number} picture", "{number} pictures", pictures).format(number=pictures))
    if videos:
        told.append(ngettext("{number} video", "{number} videos", videos).format(number=videos))
    return told


def kind_of(one: Hashed) -> str:
    """By what word it is called in its label; the page says it in the reporter's language."""
    return VIDEO if "frames" in one else PICTURE


def _from_page(one: Hashed) -> Hashed:
    return _video(one) if "frames" in one else _hashed(one["pdq"], one["quality"], one.get("sha256"))


def _video(one: Hashed) -> Hashed:
    """A video by its frames that have detail; raises for one of which nothing would be known."""
    read = [bag.read_frame(each) for each in one["frames"]]
    frames = ["".join(each.hex() for each in frame) for frame in read if frame]
    sha256 = Hash.from_hex(Algorithm.SHA256, str(one["sha256"])).hex() if one.get("sha256") else None
    if not frames and not sha256:
        raise ValueError
    return {"pdq": "", "quality": bag.BEST_QUALITY if frames else 0, "sha256": sha256, "frames": frames}


def _read_line(line: str, found: list[Hashed], exact: dict[str, str]) -> None:
    if plain := _PLAIN.match(line):
        found.append({**_hashed(plain[1], int(plain[2]), None), "file": ""})
        return
    told = json.loads(line)
    if "error" in told:  # a file that the command could not hash
        return
    file = str(told.get("file", ""))
    kind = Algorithm(told["algorithm"])
    if kind is Algorithm.MD5:  # which no report of ours is known by, for two files can be made to share it
        return
    if kind is Algorithm.VPDQ:
        found.append({**_video(told), "file": file})
    elif kind is Algorithm.SHA256:
        exact[file] = Hash.from_hex(Algorithm.SHA256, told["hash"]).hex()
    else:
        found.append({**_hashed(told["hash"], told["quality"], told.get("sha256")), "file": file})


def _hashed(pdq: object, quality: object, sha256: object) -> Hashed:
    if not isinstance(quality, int) or not 0 <= quality <= 100:
        raise ValueError
    return {
        "pdq": Hash.from_hex(Algorithm.PDQ, str(pdq)).hex(),
        "quality": quality,
        "sha256": Hash.from_hex(Algorithm.SHA256, str(sha256)).hex() if sha256 else None,
    }
