"""Which laws bind: what is left open counts as a yes, and each verdict says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staydown.core.law.binding import UNION, Answers, places, which
from staydown.core.law.regime import load, load_all, parse
from staydown.core.law.schema import Service
from staydown.errors import InvalidError

LAWS = load_all()
TODAY = date(2026, 11, 22)
COUNTRIES = sorted({each for law in LAWS for each in law.applies.users_in})
sized = settings(max_examples=40, deadline=None)
services = st.none() | st.frozensets(st.sampled_from(list(Service)), min_size=1)
countries = st.none() | st.frozensets(st.sampled_from(COUNTRIES), min_size=1)


def ids(answers: Answers) -> set[str]:
    return {each.regime.id for each in which(LAWS, answers, TODAY) if each.binds}


@sized
@given(services, countries, st.booleans())
def test_an_open_answer_never_loses_a_law(given_services, given_countries, is_small):
    said = ids(Answers(given_services, given_countries, is_small))
    assert said <= ids(Answers(None, given_countries, is_small))
    assert said <= ids(Answers(given_services, None, is_small))
    assert said <= ids(Answers()) == {each.id for each in LAWS if each.in_force(TODAY)}


@sized
@given(services, countries, st.booleans())
def test_every_law_has_a_verdict_in_order_with_a_reason(given_services, given_countries, is_small):
    verdicts = which(LAWS, Answers(given_services, given_countries, is_small), TODAY)
    assert [each.regime for each in verdicts] == list(LAWS)
    for each in verdicts:
        assert each.why.endswith(".")
        assert not each.binds or each.regime.in_force(TODAY)
        assert not each.not_bound or is_small


def test_a_law_is_told_about_before_it_begins_and_after_it_ended():
    uk = load("uk-osa-10-3A")
    (early,) = which([uk], Answers(), date(2026, 6, 28))
    assert (early.binds, early.why) == (False, "It binds from 2026-06-29 on.")
    over = parse(uk.text.replace("review_by", "effective_to = 2026-12-31\nreview_by"))
    (late,) = which([over], Answers(), date(2027, 1, 1))
    assert (late.binds, late.why) == (False, "It bound until 2026-12-31.")


def test_a_service_of_another_kind_and_a_country_without_users():
    (search,) = which([load("uk-osa-10-3A")], Answers(services={Service.SEARCH}), TODAY)
    assert search.why == "It binds other kinds of service."
    (elsewhere,) = which([load("uk-osa-10-3A")], Answers(users_in={"US"}), TODAY)
    assert elsewhere.why == "You have no users in GB."


def test_what_a_small_enterprise_is_spared_is_named():
    (verdict,) = which([load("eu-dsa-16")], Answers(is_small=True), TODAY)
    assert (verdict.binds, verdict.not_bound) == (True, ("appeal",))


def test_a_country_is_known_by_what_people_write_and_a_member_state_brings_the_unions_laws():
    assert places(["uk"]) == {"GB"}
    assert places(["fr", "US"]) == {"FR", "US", UNION}
    assert {"eu-dsa-16", "uk-osa-10-3A"} <= ids(Answers(users_in=places(["DE", "UK"])))


def test_the_whole_union_brings_the_laws_of_its_members_and_a_member_those_of_no_other():
    danish = replace(load("eu-dsa-16"), id="dk-own", applies=replace(load("eu-dsa-16").applies, users_in=("DK",)))
    said = {place: which([danish], Answers(users_in=places([place])), TODAY)[0].binds for place in ("EU", "DK", "FR")}
    assert said == {"EU": True, "DK": True, "FR": False}


@pytest.mark.parametrize("word", ["germany", "EN", "SP", "UE", "U", "1A", "ÄÖ", ""])
def test_a_word_that_is_no_country_is_refused_rather_than_passed_over(word):
    with pytest.raises(InvalidError, match="no code of a country"):
        places(["US", word])
