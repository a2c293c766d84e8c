"""The inside of a picture that stands in flat borders: letterbox, pillarbox, frame, the bars of a phone's screenshot.

A border that a program drew is flat as no photograph is: almost every pixel of a line has one value. Lines are judged
by the share of their pixels that lie within a few steps of the line's median, which text or icons on a bar hardly
change. What is found is only ever an addition: the whole picture keeps its hash, and a picture without such lines at
its edges costs a look at the 64 x 64 values that it was reduced to anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from staydown.core.hashing.pdq import Raster

MOST_INSIDES: Final = 2  # one by plain borders, one by bars with something on them

_NEAR: Final = 4.0  # steps of 255 that a plain line's pixels may be from its median: JPEG leaves flat areas flat
_NEAR_IN_BARS: Final = (
    2.0  # the same in bars, where fewer pixels have to agree and a clear sky must not be taken for one
)
_PLAIN: Final = 0.97  # share of near pixels from which a line is plain; the rest are specks
_BAR: Final = 0.6  # the same for a bar with text or icons on it
_SAMPLES: Final = 64  # pixels of a line that are looked at
_GAP: Final = 0.02  # of the height: bars thinner than this inside a picture are part of it
_LEAST_SHARE: Final = 0.15  # of either side that an inside keeps; a landscape photograph on a phone's screen has 0.25
_LEAST_LINES: Final = 64  # stored lines that an inside keeps; fewer could not be hashed well
_LEAST_TRIMMED: Final = 0.01  # of a side; thinner borders leave the hash where it was
_DRAWN: Final = 0.5  # share of an inside's rows that lie mostly on the colour of its borders: a page, or a drawing
_RICH: Final = 0.5  # share of the rows between bars that are no bars even when looked at less closely
_FIRST_LOOK: Final = 8  # lines
_ROWS_AT_A_TIME: Final = 256
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)

_Lines = NDArray[np.float32]
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Box:
    """A rectangle of stored pixels, each end excluded."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class _Samples:
    """Luma on a few columns, all rows (``tall``), and on a few rows, all columns (``wide``, turned: columns first)."""

    tall: _Lines
    tall_at: NDArray[np.intp]  # which columns
    wide: _Lines
    wide_at: NDArray[np.intp]  # which rows
    soft: int  # lines into which the compression of a picture may carry its border

    def rows(self, columns: _Span) -> _Lines:
        """The rows, between two columns."""
        return self.tall[:, (self.tall_at >= columns[0]) & (self.tall_at < columns[1])]

    def columns(self, rows: _Span) -> _Lines:
        """The columns, between two rows."""
        return self.wide[:, (self.wide_at >= rows[0]) & (self.wide_at < rows[1])]


def insides(raster: Raster, reduced: NDArray[np.float32]) -> tuple[Raster, ...]:
    """What stands inside the borders of a picture: none, one or two rasters, hashed as any other.

    ``reduced`` is what `pdq.decimated` made of the picture.
    """
    if not _may_have_borders(reduced):
        return ()
    samples = _sampled(raster)
    whole = _Box(0, len(samples.tall), 0, len(samples.wide))
    found: list[_Box] = []
    plain, barred = _within_plain(samples, whole), _within_bars(samples, whole)
    if plain is not None and _is_sensible(plain, whole) and not _is_drawn(samples, plain):
        found.append(plain)
    if barred is not None and _is_sensible(barred, whole) and _is_rich(samples, barred):
        found += [barred] if not any(_are_near(barred, box) for box in found) else []
    return tuple(_cut(raster, box) for box in found)


def _may_have_borders(reduced: NDArray[np.float32]) -> bool:
    """Whether an outermost line of the 64 x 64 values is flat enough to be looked at closely."""
    edges = np.stack([reduced[0], reduced[-1], reduced[:, 0], reduced[:, -1]])
    return bool((_shares(edges)[1] >= _PLAIN).any() or (_shares(edges, _NEAR_IN_BARS)[1] >= _BAR).any())


def _shares(lines: _Lines, near: float = _NEAR) -> tuple[_Lines, NDArray[np.float64]]:
    """The median of each line, and the share of its pixels that are near it."""
    middle = lines.shape[1] // 2
    medians = np.partition(lines, middle, axis=1)[:, middle]
    return medians, np.count_nonzero(np.abs(lines - medians[:, None]) <= near, axis=1) / lines.shape[1]


def _sampled(raster: Raster) -> _Samples:
    height, width = _stored_size(raster)
    columns, rows = _spread(width), _spread(height)
    tall, wide = [], []
    for top in range(0, height, _ROWS_AT_A_TIME):
        part = raster.rows(top, min(top + _ROWS_AT_A_TIME, height))
        tall.append(_luma(part[:, columns]))
        wide.append(_luma(part[rows[(rows >= top) & (rows < top + len(part))] - top]))
    soft = max(2, 16 // raster.fold)  # two blocks: the one across the edge, and chroma's or a resize's share
    return _Samples(np.concatenate(tall), columns, np.concatenate(wide).T, rows, soft)


def _stored_size(raster: Raster) -> _Span:
    """Rows and columns as they are stored: before the turn, and folded."""
    height, width = -(-raster.height // raster.fold), -(-raster.width // raster.fold)
    if raster.orientation > 4:
        height, width = -(-raster.width // raster.fold), -(-raster.height // raster.fold)
    return height, width


def _spread(size: int) -> NDArray[np.intp]:
    """Different places spread evenly over a line."""
    count = min(size, _SAMPLES)
    return ((np.arange(count) + 0.5) * size / count).astype(np.intp)


def _luma(pixels: NDArray[Any]) -> _Lines:
    return pixels.astype(np.float32) if pixels.ndim == 2 else pixels @ _LUMA


def _within_plain(samples: _Samples, whole: _Box) -> _Box | None:
    """Inside plain borders of one colour a side; a frame in a frame is taken off as well."""
    box = whole
    for _ in range(3):
        before = box
        top, bottom = _inner(samples.rows((box.left, box.right))[box.top : box.bottom], samples.soft)
        box = replace(box, top=box.top + top, bottom=box.top + bottom)
        left, right = _inner(samples.columns((box.top, box.bottom))[box.left : box.right], samples.soft)
        box = replace(box, left=box.left + left, right=box.left + right)
        if box == before:
            break
        if box.bottom - box.top < _LEAST_LINES or box.right - box.left < _LEAST_LINES:
            return None
    return box


def _inner(lines: _Lines, soft: int) -> _Span:
    """First line and line after the last of what the plain lines at both ends leave."""
    if not lines.size:
        return 0, 0
    start = _plain_end(lines, soft)
    if start == len(lines):
        return 0, 0
    return start, len(lines) - _plain_end(lines[::-1], soft)


def _plain_end(lines: _Lines, soft: int) -> int:
    """How many lines at the beginning are plain and of one colour, up to where the picture begins."""
    colour = float(_shares(lines[:1])[0][0])
    start, count = 0, _FIRST_LOOK
    while start < len(lines):
        medians, shares = _shares(lines[start : start + count])
        differs = (shares < _PLAIN) | (np.abs(medians - colour) > _NEAR)
        if differs.any():
            end = start + int(np.argmax(differs))
            return _rise(lines, end, colour, soft) if end else 0
        start, count = start + count, 2 * count  # most pictures are no border from the first line on
    return len(lines)


def _rise(lines: _Lines, start: int, colour: float, soft: int) -> int:
    """Where lines turn from a border of ``colour`` into the picture: at half of what the picture differs from it.

    Compression carries a picture faintly into its border, and a border into the picture; half is where they met.
    """
    away = np.abs(lines[start : start + 3 * soft] - np.float32(colour)).mean(axis=1)
    if len(away) <= soft:
        return start
    early = away[:soft] < np.sort(away[soft:])[(len(away) - soft) // 2] / 2
    return start + (int(np.argmin(early)) if not early.all() else 0)


def _within_bars(samples: _Samples, whole: _Box) -> _Box | None:
    """The tallest run of rows that are no bars, less plain margins at its sides."""
    medians, shares = _shares(samples.tall, _NEAR_IN_BARS)
    top, bottom = _longest_run(shares < _BAR, most_gap=int(_GAP * whole.bottom))
    if top > 0:
        top = _rise(samples.tall, top, float(medians[top - 1]), samples.soft)
    if bottom < whole.bottom:
        backwards = _rise(samples.tall[::-1], whole.bottom - bottom, float(medians[bottom]), samples.soft)
        bottom = whole.bottom - backwards
    if bottom - top < _LEAST_LINES:
        return None
    left, right = _inner(samples.columns((top, bottom)), samples.soft)
    return _Box(top, bottom, left, right)


def _longest_run(wanted: NDArray[np.bool_], *, most_gap: int) -> _Span:
    """The longest run of wanted lines, in which short gaps count as wanted; (0, 0) when there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], wanted.view(np.int8), [0]))))
    best, start, stop = (0, 0), 0, 0
    for begin, end in edges.reshape(-1, 2):
        if not stop or begin - stop > most_gap:
            start = int(begin)
        stop = int(end)
        if stop - start > best[1] - best[0]:
            best = (start, stop)
    return best


def _is_sensible(box: _Box, whole: _Box) -> bool:
    """Whether enough was trimmed to matter and enough is left to be a picture."""
    kept = (box.bottom - box.top, box.right - box.left)
    sides = (whole.bottom, whole.right)
    if any(k < max(_LEAST_LINES, _LEAST_SHARE * s) for k, s in zip(kept, sides, strict=True)):
        return False
    return any(k <= (1 - _LEAST_TRIMMED) * s for k, s in zip(kept, sides, strict=True))


def _is_drawn(samples: _Samples, box: _Box) -> bool:
    """Whether the inside lies on the same ground as its borders, as words on a page do."""
    inside = samples.rows((box.left, box.right))[box.top : box.bottom]
    corners = np.concatenate([samples.tall[[0, -1]][:, [0, -1]], samples.wide[[0, -1]][:, [0, -1]]])
    for ground in {float(np.rint(corner)) for corner in corners.ravel()}:
        near = np.count_nonzero(np.abs(inside - np.float32(ground)) <= _NEAR_IN_BARS, axis=1)
        if (near >= _BAR * inside.shape[1]).mean() >= _DRAWN:
            return True
    return False


def _is_rich(samples: _Samples, box: _Box) -> bool:
    """Whether most rows of the inside are far from flat: a dark or faint picture has such bars everywhere."""
    return bool((_shares(samples.rows((box.left, box.right))[box.top : box.bottom])[1] < _BAR).mean() >= _RICH)


def _are_near(one: _Box, other: _Box) -> bool:
    """Whether two rectangles would give almost the same hash."""
    slack = max(1, (one.bottom - one.top) // 100), max(1, (one.right - one.left) // 100)
    return (
        max(abs(one.top - other.top), abs(one.bottom - other.bottom)) <= slack[0]
        and max(abs(one.left - other.left), abs(one.right - other.right)) <= slack[1]
    )


def _cut(raster: Raster, box: _Box) -> Raster:
    """The raster of a rectangle. The last line of a folded axis may stand for fewer pixels; it stays the last."""
    full = (raster.width, raster.height) if raster.orientation > 4 else (raster.height, raster.width)
    height = min(box.bottom * raster.fold, full[0]) - box.top * raster.fold
    width = min(box.right * raster.fold, full[1]) - box.left * raster.fold
    if raster.orientation > 4:
        height, width = width, height

    def rows(top: int, bottom: int) -> NDArray[Any]:
        return raster.rows(box.top + top, box.top + bottom)[:, box.left : box.right]

    return replace(raster, rows=rows, width=width, height=height)
