"""The counted report: what is counted, what is given away, and that no hidden number is."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from staydown.core.figures import FIGURES
from staydown.core.transparency import (
    Change,
    Counted,
    Event,
    Number,
    Span,
    Table,
    last_half_year,
    plain,
    rows,
    stood,
    tally,
)
from staydown.errors import InvalidError

SPAN = Span(date(2026, 1, 1), date(2026, 6, 30))
LAW = "uk-osa-10-3A"


def events(figure: str, law: str = "", **parts: int) -> list[Event]:
    """So many of each part, each of a source of its own."""
    return [Event(figure, f"{part}{n}", law, part) for part, count in parts.items() for n in range(count)]


def table(found: list[Table], figure: str, law: str = "") -> Table:
    (one,) = [each for each in found if (each.figure.id, each.law) == (figure, law)]
    return one


def values(number: Number) -> range:
    """Every number that it may be."""
    return range(number.least, number.most + 1)


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2026, 11, 29), date(2026, 1, 1), date(2026, 6, 30)),
        (date(2026, 7, 1), date(2026, 1, 1), date(2026, 6, 30)),
        (date(2026, 6, 30), date(2025, 7, 1), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2025, 7, 1), date(2025, 12, 31)),
    ],
)
def test_the_last_half_year_is_one_that_is_over(today, first, last):
    span = last_half_year(today)
    assert span == Span(first, last)
    span.check(today)


def test_a_span_is_whole_days_of_utc():
    assert SPAN.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert SPAN.end == datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize("last", [date(2025, 12, 31), date(2026, 7, 1), date(2027, 1, 1)])
def test_a_span_that_is_reversed_or_not_over_is_refused(last):
    with pytest.raises(InvalidError):
        Span(date(2026, 1, 1), last).check(date(2026, 7, 1))


@pytest.mark.parametrize(
    ("first", "last", "overlaps"),
    [
        (date(2026, 1, 1), date(2026, 6, 30), False),
        (date(2026, 6, 30), date(2026, 7, 1), True),
        (date(2026, 2, 1), date(2026, 2, 1), True),
        (date(2026, 7, 1), date(2026, 12, 31), False),
        (date(2025, 1, 1), date(2025, 12, 31), False),
    ],
)
def test_spans_overlap_that_share_a_day_and_are_not_the_same(first, last, overlaps):
    assert SPAN.overlaps(Span(first, last)) is overlaps


def test_without_small_numbers_all_are_exact():
    found, _ = tally(events("reports.by_sender", subject=1203, agent=17), [])
    told = table(found, "reports.by_sender")
    assert told.total == Number(1220, 1220)
    assert (told.parts["subject"], told.parts["agent"]) == (Number(1203, 1203), Number(17, 17))
    assert told.parts["authority"] == Number(0, 0)


def test_with_a_small_number_everything_goes_in_steps():
    happened = events("reports.by_sender", subject=1203, agent=3) + events("reports.withdrawn", x=27)
    found, _ = tally(happened, [])
    told = table(found, "reports.by_sender")
    assert str(told.parts["agent"]) == "1 to 4"
    assert str(told.total) == "1,205 to 1,209"
    assert str(table(found, "reports.withdrawn").total) == "25 to 29"


def test_for_the_regulator_every_number_is_given():
    found, _ = tally(events("reports.by_sender", subject=1, agent=3), [], is_exact=True)
    told = table(found, "reports.by_sender")
    assert (told.total, told.parts["subject"], told.parts["agent"]) == (Number(4, 4), Number(1, 1), Number(3, 3))


def test_the_parts_of_a_whole_below_five_are_not_given():
    found, _ = tally(events("reports.by_sender", subject=1, agent=3), [])
    told = table(found, "reports.by_sender")
    assert (str(told.total), told.parts) == ("1 to 4", None)


def test_a_large_number_that_comes_from_few_is_not_given():
    wave = [Event("uploads.matched", "case:1", part="block", count=12_000)]
    told = table(tally(wave, [])[0], "uploads.matched")
    assert (told.total, told.parts) == (None, None)
    told = table(tally(wave, [], is_exact=True)[0], "uploads.matched")
    assert told.total == Number(12_000, 12_000)


def test_what_does_not_happen_has_no_source():
    none = [Event("uploads.matched", "case:1", part=part, count=0) for part in ("block", "review")]
    assert table(tally(none, [])[0], "uploads.matched").total == Number(0, 0)


def test_a_law_that_binds_is_there_although_nothing_happened_under_it():
    found, times = tally([], [LAW])
    assert table(found, "reports.by_law", LAW).total == Number(0, 0)
    assert {each.law for each in times} == {LAW}


def test_grounds_are_parts_of_their_own():
    happened = events("decisions.made", LAW, **{"remove": 9, "decline:not_intimate_image_content": 6})
    told = table(tally(happened, [])[0], "decisions.made", LAW)
    assert told.parts["decline:not_intimate_image_content"] == Number(6, 6)
    assert next(iter(told.parts)) == "remove"


@pytest.mark.proof
@given(
    first=st.lists(st.integers(0, 11), min_size=3, max_size=3),
    cut=st.integers(0, 33),
)
@example(first=[9, 9, 2], cut=0)
@example(first=[5, 1, 0], cut=6)
@example(first=[1, 9, 9], cut=19)
def test_no_hidden_number_is_found_by_subtraction(first, cut):
    """Two ways of telling the same reports apart: in some world that fits all that is given, a hidden part is any of
    the numbers that it may be."""
    whole = sum(first)
    cut = min(cut, whole)
    told = [
        ("reports.by_sender", ("subject", "agent", "authority"), first),
        ("reports.by_situation", ("posted", "threat"), [cut, whole - cut]),
    ]
    happened = []
    for figure, names, counts in told:
        happened += events(figure, **dict(zip(names, counts, strict=True)))
    found, _ = tally(happened, [])
    given_parts = []
    for figure, names, counts in told:
        one = table(found, figure)
        if one.parts is not None:
            given_parts.append(([one.parts[name] for name in names], counts))
        total = one.total
    for parts, counts in given_parts:
        assert all(each.least <= count <= each.most for each, count in zip(parts, counts, strict=True))
        sums = [
            set(map(sum, itertools.product(*(range(p.least, p.most + 1) for p in other)))) for other, _ in given_parts
        ]
        fitting = set(values(total)).intersection(*sums)
        assert whole in fitting
        for at, count in enumerate(counts):
            if not 0 < count < 5:
                continue
            rest = [values(p) for n, p in enumerate(parts) if n != at]
            possible = {w - r for w in fitting for r in map(sum, itertools.product(*rest))}
            assert {1, 2, 3, 4} <= possible


def took(hours: list[float]) -> list[Event]:
    return [Event("times.gone", f"report:{n}", LAW, took=timedelta(hours=hour)) for n, hour in enumerate(hours)]


def test_times_are_medians_and_percentiles():
    happened = took([n / 2 for n in range(1, 101)])
    (exact, _) = tally(happened, [], is_exact=True)[1]
    assert (exact.count, exact.median, exact.late) == (Number(100, 100), 25.25, 47.5)
    (public, _) = tally(happened, [])[1]
    assert (public.median, public.late) == (26, 48)


@pytest.mark.parametrize(("count", "median", "late"), [(4, None, None), (5, 1, None), (19, 1, None), (20, 1, 1)])
def test_times_of_few_are_not_given(count, median, late):
    (public, _) = tally(took([0.5] * count), [])[1]
    assert (public.median, public.late) == (median, late)


def test_times_of_many_links_of_few_reports_are_not_given():
    links = [Event("times.gone", "report:1", LAW, took=timedelta(hours=1)) for _ in range(50)]
    (public, _) = tally(links, [])[1]
    assert (public.count, public.median, public.late) == (None, None, None)


def moment(day: int) -> datetime:
    return datetime(2026, 6, day, tzinfo=UTC)


def test_what_a_report_held_is_worked_out_backwards():
    changes = [
        Change(moment(2), gained=frozenset({"contact"})),
        Change(moment(3), lost=frozenset({"contact"})),
        Change(moment(20), gained=frozenset({"signature"})),
    ]
    now = {"locate", "signature"}
    assert stood(now, changes, moment(10)) == [{"locate"}, {"locate", "contact"}, {"locate"}]
    assert stood(now, changes, moment(1)) == [{"locate"}]
    assert stood(now, changes, moment(30))[0] == {"locate", "signature"}
    assert stood(now, [], moment(1)) == [now]


@pytest.fixture
def counted() -> Counted:
    found, times = tally(events("reports.by_sender", subject=3, agent=20), [LAW])
    return Counted(
        span=SPAN,
        made_at=datetime(2026, 11, 29, 12, tzinfo=UTC),
        is_exact=False,
        log="staydown-audit",
        lines=7,
        root=bytes(32),
        laws={LAW: "UK Online Safety Act"},
        tables=found,
        times=times,
        gaps=["What was lost."],
    )


def test_machines_read_what_it_is_about_and_a_digest_of_it(counted):
    told = plain(counted)
    assert (told["from"], told["to"], told["zone"]) == ("2026-01-01", "2026-06-30", "UTC")
    assert told["log"] == {"name": "staydown-audit", "lines": 7, "root": "A" * 43 + "="}
    assert told["digest"] == plain(counted)["digest"]


def test_the_table_says_the_same(counted):
    told = plain(counted)
    found = rows(told)
    assert {len(row) for row in found} == {6}
    assert ("about", "", "log_lines", "", "", "7") in found
    assert ("reports.by_sender", "", "total", 20, 24, "") in found
    assert ("reports.by_sender", "", "subject", 1, 4, "") in found
    assert ("times.gone", LAW, "median_hours", "", "", "not given") in found
    assert ("not_counted", "", "", "", "", "What was lost.") in found


def test_every_figure_has_a_name_that_says_what_it_counts():
    assert all(each.label and not (each.is_time and each.parts) for each in FIGURES.values())
