"""The page about robustness and its plots, from the measured results alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import Any, Final

DOCS: Final = Path(__file__).parents[2] / "docs" / "explanation"
PAGE: Final = DOCS / "robustness.md"
#: Groups that are drawn: plot -> groups.
DRAWN: Final = {
    "cropped": ("cropped by", "tilted by"),
    "borders": ("letterbox, each bar", "frame, each side"),
    "covered": ("banner over", "sticker over"),
    "quality": ("JPEG quality", "noise, deviation"),
}
MISSED_BELOW: Final = 0.5


def recall(bits: list[int], radius: int) -> float:
    """The share of copies within ``radius``."""
    return sum(each <= radius for each in bits) / len(bits)


def widest(safe: int) -> str:
    """The widest radius without a false match, in words."""
    return str(safe) if safe >= 0 else "none"


def written(results: dict[str, Any]) -> str:
    """The page, in Markdown."""
    parts = [*_opening(results), *_table(results), *_strangers(results), *_missed(results), *_method(results)]
    return "\n\n".join(parts) + "\n"


def _prose(text: str) -> str:
    """A paragraph, whatever the lines it was written in."""
    return fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def _rows(head: str, rows: Iterable[str], *, first: str = "---") -> str:
    """A table; the cells of a row are separated by bars."""
    return "\n".join([f"| {head} |", f"|{first}|" + "---:|" * head.count("|"), *(f"| {row} |" for row in rows)])


def _opening(results: dict[str, Any]) -> Iterator[str]:
    radii, count = results["radii"], results["distractors"]["count"]
    yield "# Which altered copies are found"
    yield "Made by `make bench-robustness`; every number on this page is measured, none is written by hand."
    yield _prose("""
        staydown looks a picture up by PDQ in all eight rotations and mirrors, and, where the picture stands in flat
        borders (letterbox, pillarbox, a frame, the bars of a phone's screenshot), by its inside too. A banked
        picture is entered the same way. A picture of less than 640 pixels is also looked up as if it had come in 512
        x 512, because PDQ blurs by whole pixels, and a small picture at half its size is blurred otherwise. The
        whole always counts as well, and the turns of pictures under 1280 pixels are hashed from the turned pixels.
        What has too little detail (quality under 50) is not looked for by
        PDQ, because it would match strangers; plain PDQ below is asked all the same.
    """)
    yield _rows(
        "method | bits | usual radius | widest radius without a false match",
        (f"{method} | {each['bits']} | {each['usual']} | {widest(each['safe'])}" for method, each in radii.items()),
    )
    total = _total(results)
    yield _prose(f"""
        The usual radius of PDQ is the published 31; the others get the same share of their bits. Within the widest
        radius, none of {count:,} strangers (below) matches any of the {total} banked pictures. A method
        whose widest radius is smaller than its usual one gives false alarms there already. The widest radius is no
        advice: here {total * count / 1e6:,.0f} million pairs were compared, and a bank of a million pictures has
        {1e6 / total:,.0f} times as many for the same uploads.
    """)


def _total(results: dict[str, Any]) -> int:
    """How many pictures are banked."""
    return results["pictures"]["photographs"] + results["pictures"]["parts"]


def _table(results: dict[str, Any]) -> Iterator[str]:
    methods = list(results["radii"])
    yield "## Recall"
    yield _prose(f"""
        Per cent of {_total(results)} banked pictures whose altered copy is found: at the usual radius / at the
        widest radius without a false match (–: there is none). Every copy is saved as a JPEG of quality 85, unless
        the row says otherwise.
    """)
    rows = []
    for row in results["rows"]:
        cells = [_named(row)]
        for method in methods:
            radii = results["radii"][method]
            cells.append(" / ".join(_share(row["bits"][method], radii[kind]) for kind in ("usual", "safe")))
        rows.append(" | ".join(cells))
    yield _rows(" | ".join(["alteration", *methods]), rows)
    yield _prose("""
        The plots are drawn at the usual radius; a dashed line is of a method that gives false alarms at it, so that it
        would have to be asked at a smaller one.
    """)
    for name, groups in DRAWN.items():
        yield f"![Recall by strength: {' and '.join(groups)}](robustness/{name}.svg)"


def _named(row: dict[str, Any]) -> str:
    """What was done, and how much of it."""
    return f"{row['group']}{' ' if row['setting'][:1].isdigit() else ': '}{row['setting']}".removesuffix(": ")


def _share(bits: list[int], radius: int) -> str:
    """Recall in per cent; a dash where no radius is without a false match."""
    return f"{100 * recall(bits, radius):.0f}" if radius >= 0 else "–"


def _strangers(results: dict[str, Any]) -> Iterator[str]:
    given = results["distractors"]
    mixture = ", ".join(f"{100 * share:.0f} % {name}" for name, share in given["mixture"].items())
    yield "## Strangers"
    yield _prose(f"""
        {given["count"]:,} pictures that are no copies, each with PDQ quality 50 or more: {mixture}. The windows
        show at most 4 % of one of {given["sources"]} photographs, at several scales and tilts, mirrored, with other
        brightness and contrast; blends join two of them along an irregular line; patterns are noise at four scales.
        That is harder than random bits, which none of these confuses at its usual radius, and easier than what people
        upload: neighbouring windows resemble each other, so these are less than a million independent pictures, and the
        likenesses of real uploads (one meme with many captions, one background, screens of text) are not among
        them.
    """)
    yield "![False matches by radius](robustness/strangers.svg)"


def _missed(results: dict[str, Any]) -> Iterator[str]:
    radius = results["radii"]["staydown"]["usual"]
    rows = [row for row in results["rows"] if recall(row["bits"]["staydown"], radius) < MISSED_BELOW]
    yield "## What is missed"
    yield f"At radius {radius} staydown finds fewer than half of these copies:"
    lines = []
    for group, members in groupby(rows, key=lambda row: row["group"]):
        found = ((member["setting"], 100 * recall(member["bits"]["staydown"], radius)) for member in members)
        lines.append(f"- {group}: " + ", ".join(f"{setting} ({share:.0f} % found)" for setting, share in found))
    yield "\n".join(lines)
    yield _prose("""
        PDQ describes the layout of the whole picture. A crop, a tilt or a large sticker moves or hides that layout.
        A picture inside a collage or a desktop page is not cut out: what surrounds it is no flat border. Borders
        with a pattern, a gradient or a blurred copy of the picture as its background are not trimmed either. Copies
        that were made much darker or duller may have too little detail left to be looked for. A tier for crops and
        collages would sit beside the others in `core/hashing/variants.py`; until there is one, people who report
        should give the cropped copy as well.
    """)


def _method(results: dict[str, Any]) -> Iterator[str]:
    pictures, machine, same = results["pictures"], results["machine"], results["distractors"]["same_as_library"]
    yield "## How it was measured"
    yield _prose(f"""
        {pictures["photographs"]} photographs with a free licence that scikit-image ships, and {pictures["parts"]}
        parts of them, each a fifth of its photograph or more; nobody's report is in here. They are few, several are
        textures or technical pictures, and per cents of so few are coarse: one picture is
        {100 / _total(results):.1f}. {pictures["bordered"]} of them were taken to have borders of their own. Plain PDQ
        is the reference implementation (`pdqhash`), asked with one hash a picture; pHash, dHash and wHash are
        `imagehash` as it comes, at its usual 64 bits; PHash and BlockMean are `perception` as it comes, in a process
        of its own.
    """)
    yield _perception(results["perception"], results["distractors"]["count"])
    sample = ", ".join(f"{100 * share:.0f} % ({method})" for method, share in same.items())
    yield _prose(f"""
        Strangers are hashed many at once; on a sample that gave the libraries' own bits for {sample} of the
        pictures, where the rest are ties that rounding decides. `perception` hashed every one of them itself.
    """)
    yield "What the views beside the whole cost, from the bytes of a JPEG to its hashes in one process, at best:"
    yield _rows(
        "picture | with | without | more",
        (
            f"{row['picture']} | {row['with']:.2f} ms | {row['without']:.2f} ms "
            f"| {100 * (row['with'] / row['without'] - 1):+.0f} %"
            for row in results["cost"]
        ),
    )
    named = ", ".join(f"{name} {each}" for name, each in results["versions"].items())
    yield _prose(f"""
        A picture with borders is hashed twice, and a small one once more. Measured beside other work,
        {_when(results["measured"])}: {machine["processor"]}, {machine["cores"]} cores, {machine["system"]}, Python
        {machine["python"]}; {named}.
    """)


def _perception(about: dict[str, Any], count: int) -> str:
    """Why these hashes of `perception` and not its others."""
    taken = about["milliseconds"]
    return _prose(f"""
        Of the hashes of `perception` {about["version"]} that are compared by their bits, its average, difference and
        wavelet hashes are made after those of `imagehash`, and its PDQ is `pdqhash` again. Its PHash is too, but
        shrinks pictures in another way, so it is asked beside the other. Its BlockMean hands red, green and blue to
        OpenCV, which expects blue first, so a greyscale copy is further away than it need be. MarrHildreth takes
        {taken["MarrHildreth"]:.1f} ms of a core for a picture of 64 x 64 pixels where BlockMean takes
        {taken["BlockMean"]:.2f} ms and PHash {taken["PHash"]:.2f} ms; for {count:,} strangers that is
        {taken["MarrHildreth"] * count / 3.6e6:.1f} hours, and it was left out for that.
    """)


def _when(measured: dict[str, dict[str, Any]]) -> str:
    """On which day and in how many seconds which methods were measured."""
    runs: dict[tuple[str, int], list[str]] = {}
    for method, run in measured.items():
        runs.setdefault((run["on"], run["seconds"]), []).append(method)
    said = [(f"on {on} in {seconds} s", methods) for (on, seconds), methods in runs.items()]
    if len(said) == 1:
        return said[0][0]
    return ", ".join(f"{run} ({', '.join(methods)})" for run, methods in said)
