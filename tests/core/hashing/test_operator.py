"""The thin operator against the filter that it stands for, done slowly and literally."""

from __future__ import annotations

import numpy as np
import pytest

from staydown.core.hashing.operator import SIDE, bands


def applied(lines: np.ndarray, size: int, fold: int = 1, *, backwards: bool = False) -> np.ndarray:
    return np.concatenate([b.weights @ lines[b.start : b.stop] for b in bands(size, fold, backwards=backwards)])


def box(values: np.ndarray, width: int) -> np.ndarray:
    """The mean over a window of ``width``, which shrinks at the edges and leans ahead where it is even."""
    ahead = (width + 2) // 2
    return np.array([values[max(at + ahead - width, 0) : at + ahead].mean() for at in range(len(values))])


SIZES = (5, 7, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300, 1000, 4001, 5003)


@pytest.mark.parametrize("size", SIZES)
def test_it_blurs_twice_and_keeps_64_lines(size: int) -> None:
    values = np.random.default_rng(size).uniform(0, 255, size)
    width = (size + 127) // 128
    blurred = box(box(values, width), width)
    kept = [blurred[int((i + 0.5) * size / SIDE)] for i in range(SIDE)]
    np.testing.assert_allclose(applied(values, size), kept, atol=2e-4)


@pytest.mark.parametrize("fold", [1, 2, 4, 8])
def test_each_kept_line_is_a_mean(fold: int) -> None:
    for size in (*SIZES, 641, 1283):
        level = np.full(-(-size // fold), 100.0)
        np.testing.assert_allclose(applied(level, size, fold), 100, atol=1e-3, err_msg=f"size {size}")


def test_lines_that_arrive_backwards_give_the_same() -> None:
    for size in SIZES:
        values = np.random.default_rng(size).uniform(0, 255, size)
        backwards = applied(values[::-1], size, backwards=True)
        np.testing.assert_allclose(backwards, applied(values, size), atol=2e-4, err_msg=f"size {size}")


@pytest.mark.parametrize("fold", [2, 4, 8])
@pytest.mark.parametrize("backwards", [False, True])
def test_folding_loses_nothing_of_a_parabola(fold: int, backwards: bool) -> None:
    size = 640 * fold
    place = np.arange(size) / size
    curve = 30 + 100 * place + 90 * place**2
    means = curve.reshape(-1, fold).mean(axis=1)
    folded = applied(means[::-1] if backwards else means, size, fold, backwards=backwards)
    np.testing.assert_allclose(folded[1:-1], applied(curve, size)[1:-1], atol=2e-3)


def test_a_folded_axis_may_end_in_a_part_of_a_block() -> None:
    size, fold = 643, 2
    lines = -(-size // fold)
    last = bands(size, fold)[-1]
    assert last.stop == lines
    assert all(0 <= b.start < b.stop <= lines for b in bands(size, fold))


def test_a_cached_operator_cannot_be_changed() -> None:
    with pytest.raises(ValueError):
        bands(512)[0].weights[0, 0] = 1
