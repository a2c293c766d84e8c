"""The style names no left and no right, so that a page in Arabic is the mirror of one in English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import staydown.apps

SHEETS = sorted(Path(staydown.apps.__file__).parent.glob("*/static/**/*.css"))
SIDED = re.compile(
    r"(padding|margin|border)-(left|right)|text-align: (left|right)|float: (left|right)(?!; float: inline-)"
    r"|[{;]\s*(left|right):"
)
FOUR = re.compile(r"(?:padding|margin): ([^\s;}]+) ([^\s;}]+) ([^\s;}]+) ([^\s;}]+)")


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_no_side_is_named(sheet):
    text = sheet.read_text()
    assert [found[0] for found in SIDED.finditer(text)] == []
    assert [found[0] for found in FOUR.finditer(text) if found[2] != found[4]] == []


def test_there_are_sheets():
    assert len(SHEETS) > 4
