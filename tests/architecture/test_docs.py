"""What is written about the code is what the code does."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from staydown import errors

ROOT = Path(errors.__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["errors.md", "cli.md"])
def test_the_reference_is_current(page):
    written = (ROOT / "docs" / "reference" / page).read_text()
    assert written == generator().PAGES[page](), "run `make docs`"


def test_error_codes_are_unique_and_drawn():
    tree = list(generator().tree(errors.StaydownError))
    codes = [error.code for error in tree]
    assert len(codes) == len(set(codes))
    assert [error.__name__ for error in tree if error.__name__ not in errors.__doc__] == []


def test_every_link_between_pages_leads_somewhere():
    links = [
        (page, link) for page in PAGES for link in re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", page.read_text())
    ]
    assert links
    broken = [f"{page.relative_to(ROOT)} -> {link}" for page, link in links if not (page.parent / link).exists()]
    assert broken == []


def test_no_page_takes_staydown_from_an_index_that_does_not_have_it():
    wrong = re.compile(r"""pip install ["']?staydown\b""")
    assert [str(page.relative_to(ROOT)) for page in PAGES if wrong.search(page.read_text())] == []


def test_every_dependency_says_why():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    for lock in ("dev.in", "peers.in"):
        wanted += [line for line in (ROOT / "requirements" / lock).read_text().splitlines() if line[:1].isalpha()]
    names = {re.split(r"[\[<>=~ ]", name)[0] for name in wanted} - {"staydown"}
    said = (ROOT / "docs" / "explanation" / "dependencies.md").read_text()
    assert [name for name in sorted(names) if not re.search(rf"[| ,]{re.escape(name)}[\[, |]", said)] == []


def test_each_decision_has_its_three_parts_on_one_page():
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert len(decisions) >= 6
    for decision in decisions:
        text = decision.read_text()
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Rejected")), decision.name
        assert len(text.splitlines()) <= 60, decision.name
