"""Reading a regime: strict, and every error names the file and the field."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path

import pytest

from staydown.core.law import regime
from staydown.core.law.regime import Regime, catalogue, load, load_all, parse, pick
from staydown.core.law.schema import (
    Artefact,
    Confidence,
    CopiesScope,
    Intake,
    Party,
    Period,
    Role,
    Shown,
    Start,
    Status,
)
from staydown.errors import RegimeError

THIRD = Path(__file__).parents[2] / "golden/law/zz-test-1.toml"
TEXT = THIRD.read_text(encoding="utf-8")


def test_a_third_law_is_one_file_dropped_into_the_folder(tmp_path: Path) -> None:
    for each in load_all():
        (tmp_path / f"{each.id}.toml").write_text(each.text, encoding="utf-8")
    (tmp_path / "zz-test-1.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "README.md").write_text("not a law", encoding="utf-8")
    assert [each.id for each in load_all(tmp_path)] == [*(each.id for each in load_all()), "zz-test-1"]
    assert load("zz-test-1", tmp_path) == parse(TEXT)


def test_everything_that_a_file_says_is_read() -> None:
    third = parse(TEXT)
    assert (third.id, third.short_name, third.jurisdiction) == ("zz-test-1", "Test Act", "Nowhere")
    assert third.status is Status.IN_FORCE
    assert third.effective_from == date(2026, 2, 28)
    assert third.reporter_roles == (Role.AUTHORITY, Role.ANYONE)
    assert third.grounds == ()
    assert third.clock("obey").hours == 24
    assert third.clock("obey").starts is Start.ORDER_SERVED
    assert (third.clock("answer").hours, third.clock("answer").soft) == (None, "without undue delay")
    assert third.copies.scope is CopiesScope.PER_ORDER
    assert third.copies.clock == ""
    assert third.appeal.who == (Party.UPLOADER,)
    assert third.appeal.window == Period(6, "months")
    assert third.retention[0].artefact is Artefact.DECISION
    assert str(third.retention[0].period) == "1 month"
    assert third.source("act").seen == date(2026, 1, 1)
    assert third.element("identify").required is False


def test_the_version_names_the_exact_text() -> None:
    third = parse(TEXT)
    assert third.text == TEXT
    assert third.version == hashlib.sha256(TEXT.encode()).hexdigest()[:12]
    assert parse(TEXT + "# a comment\n").version != third.version
    assert "A law that does not exist" not in repr(third)


def test_the_weakest_core_fact_is_the_confidence_of_the_file() -> None:
    assert parse(TEXT).confidence is Confidence.BACKGROUND
    assert parse(
        TEXT.replace('cite = "section 4"\nconfidence = "B"', 'cite = "x"\nsource = "act"\nconfidence = "P"')
    ).confidence is (Confidence.SECONDARY)


@pytest.mark.parametrize(
    ("day", "binds", "overdue"),
    [
        (date(2026, 2, 27), False, False),
        (date(2026, 2, 28), True, False),
        (date(2027, 1, 31), True, False),
        (date(2027, 2, 1), True, True),
        (date(2028, 2, 29), True, True),
        (date(2028, 3, 1), False, True),
    ],
)
def test_when_it_binds_and_when_it_should_be_checked_again(day: date, binds: bool, overdue: bool) -> None:
    third = parse(TEXT)
    assert third.in_force(day) is binds
    assert third.overdue(day) is overdue


@pytest.mark.parametrize("status", ["enacted_not_commenced", "draft", "unverified"])
def test_only_a_law_in_force_binds(status: str) -> None:
    text = TEXT.replace('status = "in_force"', f'status = "{status}"')
    with pytest.raises(RegimeError, match="disabled_because is missing"):
        parse(text)
    third = parse(text.replace("review_by", 'disabled_because = "Nobody knows."\nreview_by'))
    assert not third.in_force(date(2026, 6, 1))
    assert not third.on_by_default(date(2026, 6, 1))


def test_a_law_in_force_can_be_off_until_it_is_named() -> None:
    third = parse(instead("review_by", 'disabled_because = "Only the press says so."\nreview_by'))
    assert third.in_force(date(2026, 6, 1))
    assert not third.on_by_default(date(2026, 6, 1))
    assert parse(TEXT).on_by_default(date(2026, 6, 1))


def test_what_it_covers_is_what_it_says_and_any_report_when_it_does_not() -> None:
    only_orders = parse(instead('intake = ["report", "order"]', 'intake = ["order"]'))
    assert only_orders.covers(Intake.ORDER, Shown.ADULT)
    assert not only_orders.covers(Intake.REPORT, Shown.ADULT)
    minors = parse(instead('shown = ["adult", "minor"]', 'shown = ["minor"]'))
    assert [minors.covers(Intake.REPORT, each) for each in Shown] == [False, True]
    before = re.sub(r"\[applies\].*?\n\n", "", TEXT, flags=re.DOTALL).replace(
        'starts = "order_served"', 'starts = "valid"'
    )
    assert all(parse(before).covers(Intake.REPORT, each) for each in Shown)
    assert not parse(before).covers(Intake.ORDER, Shown.ADULT)


def without(line: str) -> str:
    """The text without this line."""
    assert f"{line}\n" in TEXT
    return TEXT.replace(f"{line}\n", "", 1)


def instead(old: str, new: str) -> str:
    """The text with ``new`` in the place of the first ``old``."""
    assert old in TEXT
    return TEXT.replace(old, new, 1)


WRONG = {
    "a field is missing": (without('short_name = "Test Act"'), "short_name is missing"),
    "a field of a part is missing": (without('kind = "location"'), "elements[1].kind is missing"),
    "a table is missing": (instead("[copies]", "[copies_of]"), "copies_of is not a field of this version"),
    "an empty list is missing": (without("grounds = []"), "grounds is missing"),
    "a field is unknown": (
        instead("required = false", "required = false\nmore = 1"),
        "elements[1].more is not a field",
    ),
    "version cannot be set": (instead("schema = 1", 'schema = 1\nversion = "x"'), "version is not a field"),
    "text has another type": (instead('name = "Test Act, section 1"', "name = 1"), "name must be text in quotes"),
    "text is empty": (instead('jurisdiction = "Nowhere"', 'jurisdiction = ""'), "jurisdiction must not be empty"),
    "text has spaces around": (instead('"Nowhere"', '" Nowhere"'), "jurisdiction must not be empty or begin"),
    "a number is text": (instead("hours = 24", 'hours = "24"'), "clocks[1].hours must be a whole number"),
    "a number is broken": (instead("hours = 24", "hours = 24.0"), "clocks[1].hours must be a whole number"),
    "a number is true": (instead("hours = 24", "hours = true"), "clocks[1].hours must be a whole number"),
    "hours are none": (instead("hours = 24", "hours = 0"), "clocks[1].hours must be a whole number above 0"),
    "true is a number": (instead("required = false", "required = 0"), "elements[1].required must be true or false"),
    "curly quotes": (instead('id = "zz-test-1"', "id = “zz-test-1”"), "Type straight quotes"),
    "a date is local": (instead("2027-01-31", "31.01.2027"), "Write a date as 2026-01-31"),
    "a date is text": (instead("review_by = 2027-01-31", 'review_by = "2027-01-31"'), "review_by must be a date"),
    "a date is a moment": (instead("2027-01-31", "2027-01-31T00:00:00"), "review_by must be a date"),
    "a word is none of the list": (instead('"order_served"', '"served"'), "clocks[1].starts must be one of: received"),
    "a word is a number": (instead('"order_served"', "1"), "clocks[1].starts must be one of: received"),
    "a list is a table": (instead("grounds = []", "grounds = {}"), "grounds must be a list"),
    "a table is a list": (instead("[copies]", "[[copies]]"), "copies must be a table"),
    "a list holds the same twice": (
        instead('["authority", "anyone"]', '["anyone", "anyone"]'),
        "reporters.roles holds",
    ),
    "a period is odd": (
        instead('unit = "months" }, text', 'unit = "moons" }, text'),
        "retention[1].period.unit must be",
    ),
    "a period is below one": (instead("value = 1, unit", "value = 0, unit"), "retention[1].period.value must be"),
    "a period is text": (instead('{ value = 6, unit = "months" }', '"six months"'), "appeal.window must be"),
    "a clock has no length": (without('soft = "without undue delay"'), "clocks[3].hours is missing, and so is soft"),
    "copies name no clock": (
        instead("reuploads = true", 'reuploads = true\nclock = "x"'),
        "copies.clock names no clock",
    ),
    "an id is twice": (instead('id = "look"', 'id = "obey"'), "clocks[2].id is there twice"),
    "an id is odd": (instead('id = "look"', 'id = "Look!"'), "clocks[2].id must be like"),
    "the regime's id is odd": (instead('id = "zz-test-1"', 'id = "../x"'), "id must be like uk-osa-10-3A"),
    "in force since never": (without("effective_from = 2026-02-28"), "effective_from is missing"),
    "it ends before it begins": (instead("2028-02-29", "2026-02-27"), "effective_to is before effective_from"),
    "a source is not there": (
        instead('cite = "section 9"\nsource = "act"', 'cite = "section 9"\nsource = "x"'),
        "commencement.source names no source",
    ),
    "a fact without a source": (
        instead('cite = "section 9"\nsource = "act"\n', 'cite = "section 9"\n'),
        "commencement.source is missing",
    ),
    "a fact better than its source": (
        TEXT.replace('seen = 2026-01-01\nconfidence = "P"', 'seen = 2026-01-01\nconfidence = "S"'),
        "commencement.confidence is better",
    ),
    "a source that nobody uses": (
        TEXT + '[[sources]]\nid = "b"\ntitle = "b"\naddress = "b"\nseen = 2026-01-01\nconfidence = "P"\n',
        "sources[2] is used by no fact",
    ),
    "a quote that is no longer short": (
        instead('cite = "section 9"', f'cite = "section 9"\nquote = "{"x" * 201}"'),
        "commencement.quote is longer",
    ),
    "it applies to nothing": (instead('intake = ["report", "order"]', "intake = []"), "applies.intake must name"),
    "a country is odd": (instead('["ZZ"]', '["Nowhere"]'), "applies.users_in must hold countries"),
    "a part for large ones is odd": (instead('["appeal"]', '["apeal"]'), "applies.not_for_small names no part"),
    "a clock waits for an order that never comes": (
        instead('intake = ["report", "order"]', 'intake = ["report"]'),
        "clocks[1].starts waits for an order",
    ),
    "a report cannot set a limit": (
        instead("hours = 2\n", "hours = 2\nset_by_order = true\n"),
        "clocks[2].set_by_order is true, and the clock does not start with an order",
    ),
    "at once, and nothing to do": (
        instead('kind = "none"', 'kind = "none"\nautomatic = true'),
        "interim_action.automatic is true",
    ),
    "another schema": (instead("schema = 1", "schema = 2"), "schema must be 1"),
    "no schema": (without("schema = 1"), "schema must be 1"),
    "no TOML": ("schema = ", "is not valid TOML"),
    "nothing": ("", "schema must be 1"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_file_and_field(text: str, says: str) -> None:
    with pytest.raises(RegimeError, match=rf"^zz\.toml: .*{re.escape(says)}"):
        parse(text, "zz.toml")


def test_the_file_is_called_by_the_id(tmp_path: Path) -> None:
    (tmp_path / "zz-other.toml").write_text(TEXT, encoding="utf-8")
    with pytest.raises(RegimeError, match="must be called zz-test-1"):
        load_all(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zz-test-1.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RegimeError, match="not UTF-8"):
        load_all(tmp_path)


@pytest.mark.parametrize("regime_id", ["uk-nothing", "", "../../secrets", "uk-osa-10-3A.toml"])
def test_an_unknown_regime_is_refused_with_those_known(regime_id: str) -> None:
    with pytest.raises(RegimeError, match="uk-osa-10-3A, uk-osa-27"):
        load(regime_id)


def test_the_operators_folder_adds_and_corrects(tmp_path: Path) -> None:
    own = load("us-tida-3").text.replace("hours = 48", "hours = 24")
    (tmp_path / "us-tida-3.toml").write_text(own, encoding="utf-8")
    (tmp_path / "zz-test-1.toml").write_text(TEXT, encoding="utf-8")
    found = catalogue(tmp_path)
    assert [each.id for each in found] == sorted([*(each.id for each in load_all()), "zz-test-1"])
    assert pick("us-tida-3", found).clock("remove").hours == 24
    assert pick("uk-osa-10-3A", found) == load("uk-osa-10-3A")
    with pytest.raises(RegimeError, match="zz-test-1"):
        pick("zz-none", found)
    assert catalogue() == load_all()


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegimeError, match="STAYDOWN_REGIMES_DIR"):
        catalogue(tmp_path / "nowhere")


@pytest.mark.parametrize("part", ["element", "clock", "ground", "source"])
def test_a_part_that_is_not_there_is_refused(part: str) -> None:
    with pytest.raises(RegimeError, match=f"has no {part} called nothing"):
        getattr(parse(TEXT), part)("nothing")


def test_periods_in_words() -> None:
    assert [str(each) for each in (Period(None), Period(1, "years"), Period(2, "years"))] == [
        "none stated",
        "1 year",
        "2 years",
    ]


def test_the_names_that_others_import_are_there() -> None:
    assert all(hasattr(regime, name) for name in regime.__all__)
    assert isinstance(load("us-tida-3"), Regime)
