"""docs/reference/regimes.md explains every field and every word that a regime file may use."""

from __future__ import annotations

import dataclasses
import enum
import re
import typing
from pathlib import Path

import pytest

from staydown.core.law import reading, schema

PAGE = (Path(__file__).parents[3] / "docs/reference/regimes.md").read_text(encoding="utf-8")
ON_EVERY_FACT = {each.name for each in dataclasses.fields(schema.Fact)}
TABLES = [
    each
    for each in vars(schema).values()
    if isinstance(each, type) and dataclasses.is_dataclass(each) and each not in (schema.Fact, schema.Period)
]
WORDS = [each for each in vars(schema).values() if isinstance(each, enum.EnumType) and each is not schema.Confidence]


def section(name: str) -> str:
    """The part of the page about one table."""
    found = re.search(rf"^## (?:The file: )?`{name}`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference/regimes.md has no section about {name}"
    return found[1]


def explained(text: str) -> set[str]:
    """The fields that have a row in a table of this text."""
    return set(re.findall(r"^\| `(\w+)` \| \S", text, re.MULTILINE))


@pytest.mark.parametrize("table", TABLES, ids=lambda each: each.__name__)
def test_every_field_has_a_row_and_no_row_lacks_a_field(table: type) -> None:
    fields = {each.name for each in dataclasses.fields(table)}
    if issubclass(table, schema.Fact):
        fields -= ON_EVERY_FACT
    if issubclass(table, schema.Statement) and table is not schema.Statement:
        fields -= {"text"}
    if table is schema.Regime:
        assert "`version`" in section("Regime")
        assert "`text`" in section("Regime")
        fields = (fields - {"version", "text"}) | {"schema"}
    assert explained(section(table.__name__)) == fields


def test_the_four_fields_of_every_fact_and_all_marks_are_explained() -> None:
    above = PAGE.split("## The file")[0]
    assert explained(above) >= ON_EVERY_FACT
    assert set(re.findall(r"^\| `(P\*?|S|B)` \|", above, re.MULTILINE)) == set(schema.Confidence)


@pytest.mark.parametrize("words", WORDS, ids=lambda each: each.__name__)
def test_every_word_that_a_field_may_say_is_there(words: type[enum.StrEnum]) -> None:
    users = [t for t in TABLES if words in _types(t)]
    assert users
    for table in users:
        assert [word for word in words if f"`{word}`" not in section(table.__name__)] == []


def _types(table: type) -> set[object]:
    hints = typing.get_type_hints(table).values()
    return {inner for hint in hints for inner in (hint, *typing.get_args(hint))}


@pytest.mark.parametrize("table", TABLES, ids=lambda each: each.__name__)
def test_what_may_be_left_out_is_marked(table: type) -> None:
    optional = {
        each.name
        for each in dataclasses.fields(table)
        if each.default is not dataclasses.MISSING and each.name not in ON_EVERY_FACT
    }
    marked = {row[0] for row in re.findall(r"^\| `(\w+)` \|(.*\*optional\*.*)$", section(table.__name__), re.MULTILINE)}
    assert marked == optional


def test_the_units_of_periods_are_there() -> None:
    assert [unit for unit in reading.UNITS if f"`{unit}`" not in PAGE] == []
