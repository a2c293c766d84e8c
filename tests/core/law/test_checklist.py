"""Checklists: what is met, what is missing, what was asked for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.law.checklist import State, checklist, is_valid, missing, questions
from staydown.core.law.regime import load

UK, US = load("uk-osa-10-3A"), load("us-tida-3")
COMPLETE_US = {"identify": True, "locate": True, "non_consent_statement": True, "contact": True, "signature": True}


def test_a_us_request_without_a_signature_is_not_valid_and_says_why() -> None:
    given = {**COMPLETE_US, "signature": False}
    assert not is_valid(US, given)
    assert [element.id for element in missing(US, given)] == ["signature"]
    assert is_valid(US, COMPLETE_US)


def test_an_optional_element_does_not_make_a_report_invalid() -> None:
    rows = {row.element.id: row.state for row in checklist(US, COMPLETE_US)}
    assert rows["non_consent_information"] is State.MISSING
    assert is_valid(US, COMPLETE_US)


def test_a_missing_element_that_was_asked_for_says_so_and_one_that_is_met_stays_met() -> None:
    rows = {row.element.id: row.state for row in checklist(US, {"identify": True}, asked=["signature", "identify"])}
    assert rows["signature"] is State.ASKED
    assert rows["identify"] is State.MET
    assert rows["contact"] is State.MISSING


def test_rows_stand_in_the_order_of_the_law() -> None:
    assert [row.element.id for row in checklist(UK, {})] == [element.id for element in UK.elements]


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from([*(e.id for e in UK.elements), "signature", "more"]), st.booleans()))
def test_valid_is_every_required_element_and_nothing_else(provided: dict[str, bool]) -> None:
    required = {element.id for element in UK.elements if element.required}
    assert is_valid(UK, provided) == all(provided.get(each, False) for each in required)
    assert {element.id for element in missing(UK, provided)} == {e for e in required if not provided.get(e, False)}


def test_several_laws_ask_one_thing_once() -> None:
    asked = {question.element.id: question for question in questions([UK, US])}
    assert asked["contact"].regimes == ("uk-osa-10-3A", "us-tida-3")
    assert asked["contact"].element == UK.element("contact")
    assert asked["signature"].required_by == ("us-tida-3",)
    assert asked["non_consent_information"].required_by == ()
    assert set(asked) == {element.id for regime in (UK, US) for element in regime.elements}
    assert questions([]) == []
