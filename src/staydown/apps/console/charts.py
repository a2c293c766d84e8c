"""Bars as plain numbers for inline SVG: a page draws them with attributes alone, for it may have no inline style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 640
ROW: Final = 34
LABEL: Final = 210
HEIGHT: Final = 120


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle: where it lies, how large it is, what it counts."""

    x: int
    y: int
    width: int
    height: int
    count: int
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """The bars of one line of a chart, one after the other."""

    name: str
    y: int
    bars: tuple[Bar, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of stacked rows, or of columns side by side."""

    width: int
    height: int
    rows: tuple[Row, ...]


def stacked(counts: Mapping[str, Mapping[str, int]]) -> Chart:
    """A row for each outer name, its counts side by side; the longest row fills the width."""
    longest = max((sum(row.values()) for row in counts.values()), default=0) or 1
    scale = (WIDTH - LABEL - 50) / longest
    rows = []
    for number, (name, row) in enumerate(counts.items()):
        x, y, bars = LABEL, number * ROW + 6, []
        for part, count in row.items():
            width = round(count * scale)
            if count:
                bars.append(Bar(x, y, max(width, 2), ROW - 12, count, part))
                x += max(width, 2)
        rows.append(Row(name, y + (ROW - 12) // 2 + 5, tuple(bars), sum(row.values())))
    return Chart(WIDTH, len(rows) * ROW, tuple(rows))


def columns(counts: Sequence[tuple[str, int]]) -> Chart:
    """A column for each count; the tallest fills the height."""
    tallest = max((count for _, count in counts), default=0) or 1
    step = WIDTH // max(len(counts), 1)
    tall = [round(count / tallest * HEIGHT) for _, count in counts]
    bars = tuple(
        Bar(number * step, HEIGHT - tall[number], step - 6, tall[number], count, name)
        for number, (name, count) in enumerate(counts)
    )
    return Chart(WIDTH, HEIGHT, (Row("", 0, bars, sum(count for _, count in counts)),))
