"""The page of screenshots shows every page, or says here why one is not on it."""

from __future__ import annotations

import re
from pathlib import Path

from staydown.apps.portal import urls as portal
from tests.apps.console.test_doors import MAY

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/screens.md"

NOT_SHOWN = {
    "portal:leave": "leads away at once",
    "console:pulse": "is read by a script",
}


def test_every_page_is_shown_or_excluded_by_name():
    pages = {f"portal:{pattern.name}" for pattern in portal.urlpatterns}
    pages |= {f"console:{name}" for method, name in MAY if method == "GET"}
    shown = set(re.findall(r"\(`([a-z0-9_:-]+)`\)", PAGE.read_text()))
    assert pages - shown - set(NOT_SHOWN) == set()
    assert set(NOT_SHOWN) <= pages


def test_every_picture_is_there_and_small():
    named = set(re.findall(r"\.\./pictures/screens/([a-z0-9-]+\.png)", PAGE.read_text()))
    there = {path.name: path.stat().st_size for path in (ROOT / "docs/pictures/screens").glob("*.png")}
    assert named == set(there)
    assert sum(there.values()) < 5_000_000
