"""The laws in the console: what is on, what is off and why, and each law whole."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone

from staydown.apps.cases import regimes
from staydown.apps.console.templatetags.console import COUNTRIES
from staydown.core.law.binding import Answers, countries, which
from staydown.core.law.regime import load, load_all

pytestmark = pytest.mark.django_db
THIRD = Path(__file__).parents[2] / "golden/law/zz-test-1.toml"


def text(answer) -> str:
    """What a page says."""
    assert answer.status_code == 200
    return " ".join(html.unescape(answer.content.decode()).split())


@pytest.mark.parametrize("regime", load_all(), ids=lambda each: each.id)
def test_a_law_is_there_whole_with_what_it_rests_on(at_uli, regime):
    page = text(at_uli.get(f"/staff/laws/{regime.id}/"))
    facts = [regime.commencement, regime.duty_holder, regime.applies, *regime.elements, *regime.clocks, *regime.grounds]
    for fact in facts:
        assert fact.cite[1:] in page
        assert fact.quote in page
    for said in (*(each.ask for each in regime.elements), *(each.text for each in (*regime.grounds, *regime.notes))):
        assert said in page
    for source in regime.sources:
        assert f'id="source-{source.id}"' in page
        assert source.address in page
    assert regime.version in page
    assert regime.disabled_because in page


def test_the_list_has_those_that_are_on_and_those_that_are_off_with_the_reason(at_bea):
    page = text(at_bea.get("/staff/laws/"))
    on, off = page.split("Off here")
    assert ">UK Online Safety Act</a>" in on
    assert "48 hours from receipt of a valid report" in on
    assert ">EU Digital Services Act</a>" not in on
    assert ">EU Digital Services Act</a>" in off
    assert load("kr-tba-22-5").disabled_because in off
    assert "should have been checked" not in page


def test_without_a_setting_all_in_force_are_on(at_bea, settings):
    settings.STAYDOWN_REGIMES = []
    on = text(at_bea.get("/staff/laws/")).split("Off here")[0]
    assert ">EU Digital Services Act</a>" in on
    assert ">Indian IT Rules, two hours</a>" not in on


def test_a_text_past_its_review_and_one_that_is_merely_named_are_warned_about(at_bea, settings, tmp_path):
    old = load("uk-osa-10-3A").text.replace("review_by = 2027-05-22", "review_by = 2026-10-01")
    (tmp_path / "uk-osa-10-3A.toml").write_text(old, encoding="utf-8")
    settings.STAYDOWN_REGIMES_DIR = tmp_path
    settings.STAYDOWN_REGIMES = ["uk-osa-10-3A", "kr-tba-22-5"]
    page = text(at_bea.get("/staff/laws/"))
    assert "The text of the UK Online Safety Act should have been checked again by 1 Oct 2026." in page
    assert "The Korean Telecommunications Business Act is on because the operator named it." in page
    assert "This text should have been checked again by now." in text(at_bea.get("/staff/laws/uk-osa-10-3A/"))


def test_a_law_that_is_not_there_and_a_setting_that_names_none(at_bea, settings):
    assert at_bea.get("/staff/laws/uk-none/").status_code == 404
    settings.STAYDOWN_REGIMES = ["uk-none"]
    assert "There is no regime of the id 'uk-none'." in text(at_bea.get("/staff/laws/"))
    assert "off here" in text(at_bea.get("/staff/laws/uk-osa-10-3A/"))


def test_the_operators_own_law_stands_among_them(at_bea, settings, tmp_path):
    (tmp_path / THIRD.name).write_bytes(THIRD.read_bytes())
    settings.STAYDOWN_REGIMES_DIR = tmp_path
    settings.STAYDOWN_REGIMES = ["zz-test-1"]
    assert "Do what the order says: 24 hours" in text(at_bea.get("/staff/laws/zz-test-1/"))
    assert [each.id for each in regimes.in_force(datetime(2026, 6, 1, tzinfo=UTC))] == ["zz-test-1"]


def answered(client, **given):
    """What the questionnaire says: the laws that bind, and the setting."""
    page = client.get("/staff/laws/", {"asked": "1", **given})
    found = page.context["binding"]
    assert f"STAYDOWN_REGIMES={found.setting}" in text(page)
    return {each.regime.id for each in found.verdicts if each.binds}, found


def test_which_laws_bind_me_is_asked_and_answered_and_changes_nothing(at_bea):
    assert "What follows" not in text(at_bea.get("/staff/laws/"))
    everything, _ = answered(at_bea)
    assert everything == {
        verdict.regime.id for verdict in which(load_all(), Answers(), timezone.now().date()) if verdict.binds
    }
    british, found = answered(at_bea, service=["user_to_user"], users_in=["GB"])
    assert british < everything
    assert {"uk-osa-10-3A"} <= british
    assert not {"eu-dsa-16", "au-osa-77"} & british
    assert [code for code, ticked in found.countries if ticked] == ["GB"]
    small, _ = answered(at_bea, users_in=["EU"], small="1")
    assert "Not bound as a small enterprise" in text(at_bea.get("/staff/laws/", {"asked": "1", "small": "1"}))
    assert "eu-dsa-16" in small
    assert "eu-dsa-16" in answered(at_bea, users_in=["DK"])[0]  # a member state's users are the Union's
    assert answered(at_bea, users_in=["nowhere"], service=["none"])[0] == everything


def test_where_no_law_binds_the_page_sets_nothing(at_bea):
    page = text(at_bea.get("/staff/laws/", {"asked": "1", "users_in": "KR", "service": "search"}))
    assert "No law that staydown knows binds you." in page
    assert "STAYDOWN_REGIMES=" not in page  # empty it would mean every law


def test_every_country_that_a_shipped_law_names_has_a_name():
    assert set(countries(load_all())) <= set(COUNTRIES)
