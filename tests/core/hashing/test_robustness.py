"""The page about robustness is what the last measurement gave, and the measurement measures what it says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.robustness import page
from benchmarks.robustness.alterations import ALTERATIONS
from benchmarks.robustness.methods import METHODS, asked, banked, distance
from tests import pictures

pytestmark = pytest.mark.proof  # photographs, many alterations of each

RESULTS = json.loads((page.DOCS.parents[1] / "benchmarks" / "robustness" / "results.json").read_text())
PHOTOGRAPH = pictures.photograph("coffee.png")
HELD = ("greyscale", "turned", "letterbox, each bar", "pillarbox, each bar", "frame, each side")


def test_no_number_on_the_page_is_written_by_hand() -> None:
    assert page.PAGE.read_text() == page.written(RESULTS)


def test_every_alteration_was_measured_on_every_picture_by_every_method() -> None:
    total = RESULTS["pictures"]["photographs"] + RESULTS["pictures"]["parts"]
    assert [(row["group"], row["setting"]) for row in RESULTS["rows"]] == [(a.group, a.setting) for a in ALTERATIONS]
    assert all(len(row["bits"][method]) == total for row in RESULTS["rows"] for method in METHODS)
    assert RESULTS["distractors"]["count"] >= 1_000_000
    assert all(sum(seen.values()) == 1_000_000 for seen in RESULTS["distractors"]["nearest"].values())


@pytest.mark.parametrize("group", HELD)
def test_what_is_found_stays_found(group: str) -> None:
    known = banked(pictures.encoded(PHOTOGRAPH, quality=92))
    for number, each in enumerate(each for each in ALTERATIONS if each.group == group):
        copy = asked(pictures.encoded(each.alter(PHOTOGRAPH, number), quality=each.quality))
        assert distance(known, copy, "staydown") <= 31, each.setting


@pytest.mark.parametrize("alteration", ALTERATIONS, ids=lambda each: f"{each.group} {each.setting}")
def test_an_alteration_is_the_same_each_time_and_alters(alteration) -> None:
    small = PHOTOGRAPH.resize((120, 80))
    once, again = alteration.alter(small, 5), alteration.alter(small, 5)
    assert np.array_equal(np.asarray(once), np.asarray(again))
    assert alteration.quality < 100
    assert once.size != small.size or alteration.group in ("JPEG quality",) or not np.array_equal(once, small)
