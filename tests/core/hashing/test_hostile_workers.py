"""The hostile corpus through real workers: the same named errors, within the limits, and nothing is left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from staydown.core.hashing.image import Limits
from staydown.core.hashing.picture import Picture, hash_picture
from staydown.core.hashing.pool import HashingPool
from staydown.errors import MediaError, TooSlowError
from tests.core.hashing.cases import written
from tests.core.hashing.hostile import everything, jpeg_of_many_scans
from tests.core.hashing.test_pool import workers

pytestmark = pytest.mark.proof  # through real worker processes

LIMITS = Limits(max_pixels=1_000_000)
MEGABYTES = 200  # of a worker that has seen the whole corpus; it starts with about 45


@pytest.fixture(scope="module")
def pool() -> Iterator[HashingPool]:
    with HashingPool(workers=1, limits=LIMITS) as made:
        yield made


def outcome(hashing: object, data: bytes) -> str | Picture:
    """The picture, or the code of the error."""
    try:
        return hashing(data)  # type: ignore[operator]
    except MediaError as error:
        return error.code


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow says what is wrong with metadata
def test_the_whole_corpus_costs_no_worker_and_no_handle(pool: HashingPool) -> None:
    good = pool.hash(written("PNG"))
    before, alive = handles(), set(workers())
    corpus = everything()
    for _ in range(2):
        for name, data in corpus.items():
            assert outcome(pool.hash, data) == outcome(lambda file: hash_picture(file, LIMITS), data), name
    assert pool.hash(written("PNG")) == good
    assert handles() == before
    assert set(workers()) & alive == alive, "a hostile file ended a worker"
    assert max(megabytes(pid) for pid in alive) < MEGABYTES


def test_many_threads_with_the_worst_at_once_are_all_answered(pool: HashingPool) -> None:
    worst = [data for name, data in everything().items() if "bomb" in name or "scans" in name or "endless" in name]
    before = threading.active_count()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda data: outcome(pool.hash, data), worst * 6))
    assert len(found) == 6 * len(worst)
    assert found == found[: len(worst)] * 6
    assert threading.active_count() <= before


def test_a_file_that_buys_minutes_of_work_is_ended_in_time() -> None:
    """Fewer scans than are refused outright, over as many pixels as are allowed."""
    data = jpeg_of_many_scans(90, 9000)  # five seconds of a fast processor
    with HashingPool(workers=1, seconds=1) as hurried, pytest.raises(TooSlowError):
        hurried.hash(data)
