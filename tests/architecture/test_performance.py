"""The page about performance says what was measured, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import page

RESULTS = json.loads(page.RESULTS.read_text())
ROW = {"part": "hashing", "work": "hash it", "peer": "theirs", "ours": 2.0, "theirs": 50.0, "unit": "ms", "ratio": 25.0}


def results(**row: object) -> dict[str, object]:
    return {**RESULTS, "rows": [{**ROW, "target": "at least 20 times faster", "holds": True, **row}]}


def test_the_page_is_current():
    assert (page.FOLDER / "performance.md").read_text() == page.written(RESULTS), "run python -m benchmarks.page"


def test_the_plots_are_current(tmp_path: Path):
    plots = page.FOLDER / page.PLOTS
    parts = {row["part"] for row in RESULTS["rows"]}
    assert {plot.stem for plot in plots.iterdir()} == parts
    for part in parts:
        page.draw([row for row in RESULTS["rows"] if row["part"] == part], tmp_path / "drawn.svg")
        assert (tmp_path / "drawn.svg").read_text() == (plots / f"{part}.svg").read_text(), "python -m benchmarks.page"


def test_every_row_says_what_was_measured_against_what():
    for row in RESULTS["rows"]:
        assert {"part", "work", "peer", "ours", "theirs", "unit", "ratio", "target", "holds"} <= row.keys()
        assert ("limit" in row) == ("limited_by" in row)


def test_a_target_that_is_missed_is_said():
    assert "No target." in page.written(results())
    missed = page.written(results(holds=False))
    assert "**missed**: at least 20 times faster" in missed
    assert "- hash it, against theirs: 2 ms. Target: at least 20 times faster.\n" in missed
    explained = page.written(results(holds=False, why="It is heavy."))
    assert "Target: at least 20 times faster. It is heavy.\n" in explained


def test_answers_are_told_as_a_share_of_the_peers():
    row = {"unit": page.SHARE, "ours": 0.9995, "theirs": 1.0, "target": "the same answers", "holds": False}
    assert "| 99.95 % of theirs | all |  | **missed**: the same answers |" in page.written(results(**row))


def test_the_physical_limit_stands_beside_the_figure():
    assert "| 1.5 ms: the bare decode |" in page.written(results(limit=1.5, limited_by="the bare decode"))


@pytest.mark.parametrize(
    ("target", "unit", "goal"),
    [
        ("at least 20 times faster", "ms", 20),
        ("at most 1.25 times its time", "ms", 0.8),
        ("at least 8,000", "requests/s", 160),
        ("at least 0.87", "ms", 0.87),
        ("under 10 s", "s", 5),
        ("at most 100", "bytes", 0.5),
        ("right, and at most 1.25 times as slow", "µs", 0.8),
        ("the same answers", "of theirs", None),
    ],
)
def test_the_plot_marks_a_target_that_is_a_number(target: str, unit: str, goal: float | None):
    assert page._goal({**ROW, "target": target, "unit": unit}) == goal
