"""The peer of the table of robustness that hashes in a process and an environment of its own.

`perception` is not installed where the tests run: two modules of a few lines stand in for what the process imports.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness import __main__ as measurement
from benchmarks.robustness import apart, distractors

pytestmark = pytest.mark.proof  # processes

#: Each hash is the first bits of the picture itself.
STAND_IN = """
import numpy as np

class hashers:
    class PHash:
        bits = 64

        def compute(self, picture, hash_format):
            assert hash_format == "vector"
            return np.unpackbits(picture.reshape(-1))[: self.bits]

    class BlockMean(PHash):
        bits = 968

    class MarrHildreth(PHash):
        bits = 576
"""
GREETING = "print('{}', flush=True)"


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[apart.Apart]:
    (tmp_path / "perception.py").write_text(STAND_IN)
    (tmp_path / "cv2.py").write_text("def setNumThreads(count):\n    assert count == 1\n")
    (tmp_path / "perception-7.8.dist-info").mkdir()
    (tmp_path / "perception-7.8.dist-info" / "METADATA").write_text("Name: perception\nVersion: 7.8\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = apart.Apart([sys.executable, "-P", apart.WORKER])
    yield process
    assert process.close() == 0  # it ends when nobody asks any more


def test_each_picture_gets_its_hashes_in_order(process: apart.Apart) -> None:
    pictures = np.random.default_rng(5).integers(0, 256, (3, 8, 16, 3), np.uint8)
    found = process.hashes(pictures)
    first = pictures.reshape(3, -1)
    assert {method: words.shape for method, words in found.items()} == {
        "perception PHash": (3, 1),
        "perception BlockMean": (3, 16),
    }
    assert np.array_equal(found["perception PHash"].view(np.uint8), first[:, :8])
    block = found["perception BlockMean"].view(np.uint8)
    assert np.array_equal(block[:, :121], first[:, :121])
    assert not block[:, 121:].any()


def test_it_answers_again_and_takes_pictures_of_any_size(process: apart.Apart) -> None:
    for sides in ((64, 64), (300, 200), (11, 7)):
        picture = np.full((1, *sides, 3), 129, np.uint8)
        for _ in range(2):
            assert process.hashes(picture)["perception PHash"].tolist() == [[0x8181818181818181]]


def test_it_says_its_version_and_what_its_hashes_take(process: apart.Apart) -> None:
    assert process.about["version"] == "7.8"
    assert list(process.about["milliseconds"]) == ["PHash", "BlockMean", "MarrHildreth"]
    assert all(taken >= 0 for taken in process.about["milliseconds"].values())


@pytest.mark.parametrize(
    "command",
    [["/no/such/program"], program("raise SystemExit(1)"), program("print('no JSON')")],
    ids=["is not there", "ends", "says something else"],
)
def test_one_that_does_not_start_is_a_named_error(command: list[str]) -> None:
    with pytest.raises(apart.ApartError, match="make bench-robustness"):
        apart.Apart(command)


@pytest.mark.parametrize(
    "then",
    [
        "",
        "import sys; sys.stdin.buffer.read(9); print([1, 129], flush=True)",
        "import sys; sys.stdin.buffer.read(9); print([1, 2]); print('a', flush=True)",
        "import sys; sys.stdin.buffer.read(9); print([1, 2]); print(flush=True)",
    ],
    ids=["ends", "answers too little", "answers in another shape", "answers nothing"],
)
def test_one_that_does_not_answer_is_a_named_error(then: str) -> None:
    process = apart.Apart(program(f"{GREETING}\n{then}"))
    with pytest.raises(apart.ApartError, match="make bench-robustness"):
        process.hashes(np.zeros((1, 64, 64, 3), np.uint8))
    process.close()


def test_strangers_are_asked_of_it_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def hashes(pictures: np.ndarray) -> dict[str, np.ndarray]:
        assert pictures.shape[1:] == (64, 64, 3)
        assert np.array_equal(pictures[..., 0], pictures[..., 2])
        return {"perception PHash": np.full((len(pictures), 1), 7, np.uint64)}

    monkeypatch.setattr(apart, "hashes", hashes)
    monkeypatch.setattr(measurement, "STRANGERS", ("coffee.png",))
    monkeypatch.setattr(distractors, "BATCH", 60)
    known = {"perception PHash": np.array([[0], [3]], np.uint64)}
    nearest = measurement.strangers(100, 1, known)
    assert np.flatnonzero(nearest["perception PHash"]).tolist() == [1]
    assert nearest["perception PHash"][1] == 100


def test_methods_measured_anew_stand_beside_the_others() -> None:
    def results(method: str, numpy: str = "2") -> dict:
        return {
            "versions": {"scikit-image": "1", "pillow": "1", "numpy": numpy},
            "distractors": {"count": 5, "nearest": {method: {"9": 5}}},
            "radii": {method: {"safe": 8}},
            "rows": [{"group": "greyscale", "bits": {method: [1, 2]}}],
            "measured": {method: {"seconds": 1, "on": "2026-11-01"}},
            "perception": {},
        }

    both = measurement.joined(results("old"), results("new"))
    for part in (both["radii"], both["measured"], both["distractors"]["nearest"], both["rows"][0]["bits"]):
        assert list(part) == ["old", "new"]
    with pytest.raises(SystemExit, match="Other versions"):
        measurement.joined(results("old"), results("new", numpy="3"))
