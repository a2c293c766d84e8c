"""The page about robustness is what the last measurement gave, and the measurement measures what it says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.robustness import page, plots
from benchmarks.robustness.alterations import ALTERATIONS
from benchmarks.robustness.methods import METHODS, asked, banked, distance
from tests import pictures

pytestmark = pytest.mark.proof  # photographs, many alterations of each

RESULTS = json.loads((page.DOCS.parents[1] / "benchmarks" / "robustness" / "results.json").read_text())
PHOTOGRAPH = pictures.photograph("coffee.png")
HELD = ("greyscale", "turned", "letterbox, each bar", "pillarbox, each bar", "frame, each side")


def test_no_number_on_the_page_is_written_by_hand() -> None:
    assert page.PAGE.read_text() == page.written(RESULTS)


def test_the_plots_are_those_of_the_page(tmp_path: Path) -> None:
    plots.write(RESULTS, tmp_path)
    assert {plot.name for plot in plots.PLOTS.iterdir()} == {plot.name for plot in tmp_path.iterdir()}
    for plot in tmp_path.iterdir():
        assert plot.read_text() == (plots.PLOTS / plot.name).read_text(), "python -m benchmarks.robustness --page"


def test_a_method_without_a_radius_has_no_recall_there() -> None:
    assert page._share([0, 3, 9, 12], 3) == "50"
    assert page._share([0, 3, 9, 12], -1) == "–"


def test_the_page_says_which_methods_were_measured_when() -> None:
    once, again = {"on": "2026-11-01", "seconds": 70}, {"on": "2026-11-02", "seconds": 9}
    assert page._when({"A": once, "B": once}) == "on 2026-11-01 in 70 s"
    assert page._when({"A": once, "B": again}) == "on 2026-11-01 in 70 s (A), on 2026-11-02 in 9 s (B)"


def test_every_alteration_was_measured_on_every_picture_by_every_method() -> None:
    total = RESULTS["pictures"]["photographs"] + RESULTS["pictures"]["parts"]
    assert [(row["group"], row["setting"]) for row in RESULTS["rows"]] == [(a.group, a.setting) for a in ALTERATIONS]
    assert all(len(row["bits"][method]) == total for row in RESULTS["rows"] for method in METHODS)
    assert RESULTS["distractors"]["count"] >= 1_000_000
    assert all(sum(seen.values()) == 1_000_000 for seen in RESULTS["distractors"]["nearest"].values())


@pytest.mark.parametrize("group", HELD)
def test_what_is_found_stays_found(group: str) -> None:
    known = banked(pictures.encoded(PHOTOGRAPH, quality=92), ["staydown"])
    for number, each in enumerate(each for each in ALTERATIONS if each.group == group):
        copy = asked(pictures.encoded(each.alter(PHOTOGRAPH, number), quality=each.quality), ["staydown"])
        assert distance(known, copy, "staydown") <= 31, each.setting


@pytest.mark.parametrize("alteration", ALTERATIONS, ids=lambda each: f"{each.group} {each.setting}")
def test_an_alteration_is_the_same_each_time_and_alters(alteration) -> None:
    small = PHOTOGRAPH.resize((120, 80))
    once, again = alteration.alter(small, 5), alteration.alter(small, 5)
    assert np.array_equal(np.asarray(once), np.asarray(again))
    assert alteration.quality < 100
    assert once.size != small.size or alteration.group in ("JPEG quality",) or not np.array_equal(once, small)
