"""Every file is a room of its own size, with a name that says what is in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import staydown

SOURCE = Path(staydown.__file__).parent
ROOT = SOURCE.parent.parent
LONGEST = 400
CATCH_ALL = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "manager",
    "managers",
    "service",
    "services",
    "misc",
    "lib",
}
FILES = sorted(
    file
    for folder in ("src", "tests", "benchmarks")
    for file in (ROOT / folder).rglob("*")
    if file.suffix in {".py", ".js", ".css", ".html"} and "migrations" not in file.parts
)


def test_there_are_files():
    assert len(FILES) > 20


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_it_is_short_and_named_after_what_it_holds(file):
    assert len(file.read_text().splitlines()) <= LONGEST
    assert not CATCH_ALL & {part.removesuffix(file.suffix) for part in file.relative_to(ROOT).parts}


@pytest.mark.parametrize("file", [f for f in FILES if f.suffix == ".py" and SOURCE in f.parents], ids=lambda f: f.stem)
def test_it_says_what_it_is(file):
    assert ast.get_docstring(ast.parse(file.read_text())), "a module starts with one line that says what it is"


def test_no_machine_and_no_registry_is_named():
    names = re.compile(r"(?<![\w.])/(?:work|root)/|pypi\.org|pythonhosted|npmjs\.|deb\.debian")
    kinds = {".py", ".md", ".txt", ".toml", ".in", ".js", ".html", ".css", ".json", ""}
    made = {
        ".git",
        ".venv",
        ".venv-peers",
        ".cache",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        "__pycache__",
        "data",
    }
    texts = [f for f in ROOT.rglob("*") if f.suffix in kinds and f.is_file() and not made & set(f.parts)]
    assert len(texts) > len(FILES) // 2
    assert [str(f) for f in texts if f != Path(__file__) and names.search(f.read_text("utf-8", "ignore"))] == []


def test_no_page_is_waited_for_by_code_that_its_policy_forbids():
    """`wait_for_function` asks a second time by eval, which our pages forbid: it passes only if true at once."""
    asked = [file for file in FILES if f".{'wait_for'}_function(" in file.read_text()]
    assert not asked, "wait for an element by `expect` instead"
