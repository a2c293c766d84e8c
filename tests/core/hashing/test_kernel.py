"""The compiled loop against the NumPy path and the reference, and when a process goes over to it."""

from __future__ import annotations

import importlib
import itertools
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.hashing import pdq as module
from staydown.core.hashing.operator import single_rows
from staydown.core.hashing.pdq import Raster, compiled, decimated, pdq
from tests import pictures
from tests.core.hashing.cases import reference
from tests.golden.pdq import make

pytestmark = pytest.mark.proof  # needs the compiled loops, which a fresh machine compiles first


def by_numpy(pixels: np.ndarray) -> np.ndarray:
    return decimated(Raster(lambda top, bottom: pixels[top:bottom], pixels.shape[1], pixels.shape[0]))


def by_kernel(pixels: np.ndarray) -> np.ndarray:
    return compiled().decimated(pixels, *map(single_rows, pixels.shape[:2]))


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> int:
    """A process that has hashed nothing yet and soon loses patience."""
    monkeypatch.setattr(module, "_PATIENCE", 3)
    monkeypatch.setattr(module, "_arrays", itertools.count())
    monkeypatch.setattr(module, "compiled", cache(compiled.__wrapped__))
    return 3


@settings(max_examples=60, deadline=None)
@given(st.integers(5, 700), st.integers(5, 700), st.integers(0, 999), st.booleans())
def test_it_keeps_the_same_64_by_64_pixels(width: int, height: int, seed: int, coloured: bool) -> None:
    pixels = make.pixels("clouds", seed, width, height)
    if not coloured:
        pixels = np.ascontiguousarray(pixels[:, :, 1])
    np.testing.assert_allclose(by_kernel(pixels), by_numpy(pixels), atol=2e-3)


@pytest.mark.parametrize("shape", [(5000, 40), (40, 5000), (5, 5), (4099, 4099)])
def test_sizes_at_the_ends(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_allclose(by_kernel(pixels), by_numpy(pixels), atol=2e-3)


@pytest.mark.parametrize("name", pictures.PHOTOGRAPHS)
def test_a_photograph_has_the_bits_and_the_quality_of_the_reference(name: str) -> None:
    pixels = np.asarray(pictures.photograph(name))
    found = module.pdq_of_lines(by_kernel(pixels))
    assert (found.hash, found.quality) == reference(pixels)


def test_a_process_that_hashes_much_goes_over_to_it(patience: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda *named: loaded.append(named[0]) or real(*named))
    pixels = make.pixels("clouds", 3, 96, 64)
    found = [pdq(pixels) for _ in range(patience)]
    assert not loaded
    found += [pdq(pixels) for _ in range(3)]
    assert [each for each in loaded if each.startswith("staydown.")] == ["staydown.core.hashing.kernel"]
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((3, 90), np.uint8),
        make.pixels("clouds", 3, 96, 64)[:, ::-1],
        make.pixels("clouds", 3, 96, 64).astype(np.float32),
    ],
    ids=["too small", "not contiguous", "not bytes"],
)
def test_what_it_does_not_take_goes_the_other_way(patience: int, pixels: np.ndarray) -> None:
    module.compiled()
    small = by_numpy(pixels) if len(pixels) >= 5 else None
    assert pdq(pixels) == (module.pdq_of_lines(small) if small is not None else pdq(np.zeros((4, 4), np.uint8)))


def test_pixels_of_another_depth_never_reach_it(patience: int) -> None:
    module.compiled()
    with pytest.raises(ValueError):
        pdq(np.zeros((64, 64, 2), np.uint8))


def test_where_it_cannot_be_loaded_hashing_goes_on(patience: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(importlib, "import_module", refuse)
    pixels = np.asarray(pictures.photograph("coffee.png"))
    assert len({pdq(pixels) for _ in range(patience + 2)}) == 1
    assert module.compiled() is None


def test_a_process_without_rights_goes_without() -> None:
    code = (
        "from staydown.core.hashing.pdq import compiled; from staydown.core.hashing.sandbox import give_up_rights;"
        "give_up_rights(max_memory=1_500_000_000, descriptors=3, processes=0); print(compiled())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("None\n", 0)


def test_hashing_a_picture_loads_no_numba() -> None:
    code = (
        "import sys, numpy; from staydown.core.hashing.pdq import pdq;"
        "pdq(numpy.zeros((64, 64), numpy.uint8)); sys.exit('numba' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
