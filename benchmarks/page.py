"""The page about performance and its plots, made from ``results.json`` alone: no number in it is written by hand.

python -m benchmarks.page     # writes it anew, without measuring
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill
from typing import Any, Final

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

RESULTS: Final = Path(__file__).parent / "results.json"
FOLDER: Final = Path(__file__).parents[1] / "docs" / "explanation"
PLOTS: Final = "performance"
HOLDS: Final = "#0b6e4f"
MISSED: Final = "#c2571a"
BYTES_A_HASH: Final = 32
SHARE: Final = "of theirs"  # the unit of rows that count answers

Row = dict[str, Any]

#: Part -> its heading, and what bounds it.
PARTS: Final = {
    "hashing": (
        "Hashing pictures",
        """A file has to be decoded, and a JPEG decoder has to undo the coding of every pixel, whatever the size it is
        asked for: the bare decode, scaled and in grey, is the limit for files. Pixels in memory have to be read: the
        time for looking at every byte once is the limit for arrays. All eight rotations and mirrors come from the
        same coefficients, so they cost little more than one.""",
    ),
    "video": (
        "Hashing videos",
        """Every frame up to the last one that is hashed has to be decoded, since most are told as differences from
        their neighbours: the bare decode is the limit of the exact mode. The quick mode decodes key frames only, so it
        is held against playing time.""",
    ),
    "matching": (
        "Exact matching",
        """Recall is proved against a linear search, never sampled, and the rows "answers" count how many answers were
        the same as the peer's. A search that looks at every entry can be no faster than memory can be read. The index
        looks at few entries, each somewhere else: it waits for reads that miss every cache, and is fast because it
        asks for many of them before it needs the first. No query comes twice. Before the queries of a turn that count
        the same side answers sixty others or more, for a twentieth of a second or more, because the other side's turn
        has emptied the caches; what the first twenty of those took has a row of its own. The longest wait of a query
        during a merge is the time for which it did not run, of those queries during which the machine's host took no
        processor away.""",
    ),
    "screening": (
        "Screening",
        """The node and the load generator are two processes that have two cores between them. The limit is the same
        server with an application that answers at once and looks nothing up: what it needs for reading a request and
        writing an answer no node on this server can save. A picture is decoded by two worker processes beside
        that.""",
    ),
}


def write(results: dict[str, Any]) -> None:
    """Write the page and its plots, in place of all that were there."""
    folder = FOLDER / PLOTS
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for part in _present(results):
        draw(_rows(results, part), folder / f"{part}.svg")
    (FOLDER / "performance.md").write_text(written(results))


def written(results: dict[str, Any]) -> str:
    """The page, in Markdown."""
    sections = [line for part in _present(results) for line in _section(results, part)]
    return "\n\n".join([*_opening(results), *sections, *_missed(results["rows"])]) + "\n"


def _opening(results: dict[str, Any]) -> Iterator[str]:
    machine = results["machine"]
    yield "# Performance"
    yield _prose(
        f"""Made by `make bench` from [results.json](../../benchmarks/results.json); measured on
        {machine["measured_on"]} on {machine["processor"]}, {machine["cores"]} cores, {machine["system"]}, Python
        {machine["python"]}. To have the figures of another machine, run it there."""
    )
    yield "## How it is measured"
    yield _prose(
        """Ours and the peer's work take turns in one process, on the same data, so that both meet the same machine in
        the same mood; the figure is the median of the turns, and the first turn is practice. One thread each, unless
        the row says otherwise. The ratio is how many times better ours is: above 1, ours is ahead. Targets were set
        before the measurement; those that are missed stay in the table. The physical limit is measured in the same
        run, and is what would be left if our part of the work took no time."""
    )
    yield _prose(
        """Photographs are those with a free licence that scikit-image ships, enlarged where a size asks for it; hashes
        of entries are random. Real pictures compress differently and real hashes cluster, so expect other figures of
        the same order."""
    )
    if results.get("limits"):
        yield "What the machine itself can do:"
        rows = (f"{each['what']} | {_number(each['value'])} {each['unit']}" for each in results["limits"])
        yield _table("limit | measured", rows)


def _section(results: dict[str, Any], part: str) -> Iterator[str]:
    heading, bound = PARTS.get(part, (part.capitalize(), ""))
    rows = _rows(results, part)
    yield f"## {heading}"
    if bound:
        yield _prose(bound)
    head = "work | peer | ours | theirs | ratio | target | physical limit"
    yield _table(head, map(_cells, rows))
    if part == "matching":
        yield from _reads(results, rows)
    yield f"![{heading}: how many times better ours is, and how near to the limit]({PLOTS}/{part}.svg)"


def _cells(row: Row) -> str:
    unit = row["unit"]
    limit = f"{_number(row['limit'])} {unit}: {row['limited_by']}" if row.get("limit") else ""
    ratio = "" if row["ratio"] is None else _number(row["ratio"])
    target = row["target"].replace("at least 1 times faster", "faster")
    if unit == SHARE:
        ours, theirs, ratio = f"{100 * row['ours']:.5g} % {unit}", "all", ""
    else:
        ours, theirs = f"{_number(row['ours'])} {unit}", f"{_number(row['theirs'])} {unit}"
    marked = target if row["holds"] else f"**missed**: {target}"
    return " | ".join([row["work"], row["peer"], ours, theirs, ratio, marked, limit])


def _reads(results: dict[str, Any], rows: list[Row]) -> Iterator[str]:
    """What a query costs in reads of memory: in order for a search of everything, at random for the index."""
    limits = {each["unit"]: each["value"] for each in reversed(results.get("limits", ()))}
    queries = [row for row in rows if row["unit"] == "µs" and re.search(r"over [\d,]+ entries$", row["work"])]
    if not limits or not queries:
        return
    yield "The same in reads of memory:"
    lines = []
    for row in queries:
        entries = int(re.search(r"over ([\d,]+) entries$", row["work"])[1].replace(",", ""))
        whole = entries * BYTES_A_HASH / limits["GB/s"] / 1e3
        waits = row["ours"] * 1e3 / limits["ns"]
        lines.append(f"{row['work']}, {row['peer']} | {_number(whole)} µs | {_number(waits)}")
    yield _table("work | reading every hash once | ours, in reads that wait for each other", lines)


def _missed(rows: list[Row]) -> Iterator[str]:
    missed = [row for row in rows if not row["holds"]]
    yield "## What is missed"
    if not missed:
        yield "No target."
        return
    lines = (
        f"- {row['work']}, against {row['peer']}: {_number(row['ours'])} {row['unit']}. Target: {row['target']}."
        f"{' ' + row['why'] if row.get('why') else ''}"
        for row in missed
    )
    yield "\n".join(lines)


def draw(rows: list[Row], path: Path) -> None:
    """A plot of one part: ratios with their targets, and where there are any, shares of the physical limit.

    Bars of ratios begin at 1, where ours is as good as the peer's: to the right ours is ahead, to the left behind.
    """
    mpl.rcParams["svg.hashsalt"] = "staydown"  # the same results draw the same file
    mpl.rcParams["svg.fonttype"] = "none"  # words stay words
    compared = [row for row in rows if row["ratio"] and math.isfinite(row["ratio"]) and row["unit"] != SHARE]
    bounded = [row for row in rows if row.get("limit")]
    height = 0.8 + 0.42 * max(len(compared), len(bounded), 2)
    figure, axes = plt.subplots(
        1, 2 if bounded else 1, figsize=(12 if bounded else 8, height), squeeze=False, layout="constrained"
    )
    axis = axes[0][0]
    axis.set(xscale="log", xlabel="times better than the peer; 1 is as good\n(black: the target; orange: missed)")
    _bars(axis, compared, [float(row["ratio"]) for row in compared], start=1)
    axis.axvline(1, color="black", linewidth=0.8)
    axis.xaxis.set_major_formatter("{x:,g}")
    axis.xaxis.set_minor_formatter("")
    axis.margins(x=0.12)
    goals = [_goal(row) for row in compared]
    for at, goal in enumerate(goals):
        if goal:
            axis.plot([goal, goal], [at - 0.4, at + 0.4], color="black", linewidth=2)
    _figures(axis, compared, [float(row["ratio"]) for row in compared], beside=[goal or 1 for goal in goals], start=1)
    if bounded:
        shares = [100 * _share(row) for row in bounded]
        _bars(axes[0][1], bounded, shares, start=0)
        _figures(axes[0][1], bounded, shares, beside=shares, start=0)
        axes[0][1].set(xlim=(0, 110), xlabel="% of the physical limit")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _bars(axis: Any, rows: list[Row], ends: list[float], *, start: int) -> None:
    """A bar a row, from ``start`` to its end."""
    lengths = [end - start for end in ends]
    axis.barh(range(len(rows)), lengths, left=start, color=[_colour(row) for row in rows])
    named = [re.sub(r" \([^)]*\)", "", f"{row['work']} / {row['peer']}") for row in rows]  # details are in the table
    axis.set_yticks(range(len(rows)), [fill(name, 56) for name in named], fontsize=7)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.grid(axis="x", alpha=0.3)


def _figures(axis: Any, rows: list[Row], ends: list[float], *, beside: list[float], start: int) -> None:
    """The figure of each row, to the right of its bar and of what is marked there."""
    for at, (row, end, mark) in enumerate(zip(rows, ends, beside, strict=True)):
        place = (max(end, mark, start), at)
        say = {"textcoords": "offset points", "va": "center", "fontsize": 7}
        colour = "black" if row["holds"] else MISSED
        axis.annotate(_number(end), place, (4, 0), color=colour, **say)


def _colour(row: Row) -> str:
    return HOLDS if row["holds"] else MISSED


def _goal(row: Row) -> float | None:
    """The ratio that the target asks for, where it asks for a number."""
    found = re.search(r"(at least|at most|under) ([\d.,]+)( times)?", row["target"])
    if not found:
        return None
    goal = float(found[2].replace(",", ""))
    if found[1] == "at least":
        return goal / float(row["theirs"]) if row["unit"] == "requests/s" else goal
    return 1 / goal if found[3] else float(row["theirs"]) / goal


def _share(row: Row) -> float:
    """How much of the physical limit is reached, 1 being all of it."""
    return float(row["ours"] / row["limit"] if row["unit"] == "requests/s" else row["limit"] / row["ours"])


def _present(results: dict[str, Any]) -> list[str]:
    """The parts that there are rows of, in the order of the page."""
    parts = dict.fromkeys(row["part"] for row in results["rows"])
    return sorted(parts, key=lambda part: [*PARTS, part].index(part))


def _rows(results: dict[str, Any], part: str) -> list[Row]:
    return [row for row in results["rows"] if row["part"] == part]


def _number(value: float) -> str:
    """Three digits, and no power of ten."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _table(head: str, rows: Iterable[str]) -> str:
    return "\n".join([f"| {head} |", "|" + "---|" * (head.count("|") + 1), *(f"| {row} |" for row in rows)])


def _prose(text: str) -> str:
    """A paragraph, whatever the lines it was written in."""
    return fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text()))
