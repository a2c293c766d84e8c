"""Orders of authorities and tribunals: a case without a reporter, and clocks that count from the service."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions, regimes
from staydown.apps.cases.actions import OrderGiven, serve_order
from staydown.apps.cases.models import Action, Case, Clock, Item, Order
from staydown.errors import DeniedError, GroundError, InvalidError
from tests.factories import PLATFORM, decided, submitted

pytestmark = pytest.mark.django_db
AUSTRALIA, EUROPE, INDIA = "au-osa-77", "eu-dsa-9", "in-it-3-1-d"
HOUR = timedelta(hours=1)


def given(regime_id: str = AUSTRALIA, **changes: object) -> OrderGiven:
    """An order that was served an hour ago."""
    whole = OrderGiven(
        id=uuid4(),
        regime_id=regime_id,
        authority="eSafety Commissioner",
        reference="RN 2026/17",
        served_at=timezone.now() - HOUR,
        links=["https://platform.test/posts/1", "https://platform.test/posts/2"],
        words="Remove both posts.",
    )
    return replace(whole, **changes)


def running(case: Case) -> dict[str, Clock]:
    return {each.clock_id: each for each in Clock.objects.filter(case=case, stopped_at=None)}


def test_an_order_opens_a_case_of_its_own_without_a_reporter(bea):
    order = serve_order(given(), bea)
    case = Case.objects.get(pk=order.case_id)
    assert (case.state, case.reports.count()) == (Case.State.OPEN, 0)
    assert [regime.id for regime in regimes.pinned(case)] == [AUSTRALIA]
    assert list(case.items.values_list("kind", "state", "order")) == [("link", "open", order.pk)] * 2
    assert (order.authority, order.reference, order.words) == (
        "eSafety Commissioner",
        "RN 2026/17",
        "Remove both posts.",
    )
    (line,) = [line for line in history(case) if line.verb == "order.served"]
    assert line.facts == {"regime": AUSTRALIA, "links": 2, "names_its_limit": False}


def test_its_clock_counts_from_the_service_and_not_from_when_somebody_typed_it_in(bea):
    order = serve_order(given(), bea)
    (clock,) = running(order.case).values()
    assert (clock.starts_at, clock.due_at) == (order.served_at, order.served_at + 24 * HOUR)
    assert Case.objects.get(pk=order.case_id).due_at == clock.due_at


def test_the_order_itself_can_set_the_moment_where_the_law_lets_it(bea):
    until = timezone.now() + 5 * HOUR
    order = serve_order(given(EUROPE, due_at=until), bea)
    assert {name: clock.due_at for name, clock in running(order.case).items()} == {"obey": until}
    with pytest.raises(InvalidError, match=r"^due_at: under the Indian IT Rules"):
        serve_order(given(INDIA, due_at=until), bea)
    assert running(serve_order(given(INDIA), bea).case)["obey"].due_at < timezone.now() + 3 * HOUR


def test_an_order_that_names_no_moment_under_a_law_without_hours_has_no_clock(bea):
    order = serve_order(given(EUROPE), bea)
    assert running(order.case) == {}
    assert Case.objects.get(pk=order.case_id).state == Case.State.OPEN


def test_what_is_late_already_is_shown_as_late(bea):
    order = serve_order(given(INDIA, served_at=timezone.now() - 4 * HOUR), bea)
    assert Case.objects.overdue(timezone.now()).filter(pk=order.case_id).exists()


def test_it_is_carried_out_like_any_decision_and_its_clock_stops(bea):
    order = serve_order(given(), bea)
    decided(order.case, bea, regime_id=AUSTRALIA)
    for action in Action.objects.filter(item__case=order.case_id):
        actions.record_outcome(action, result="removed", by=PLATFORM)
    case = Case.objects.get(pk=order.case_id)
    assert (case.state, case.due_at, running(case)) == (Case.State.DONE, None, {})


def test_only_the_grounds_of_the_orders_law_decline_it(bea):
    order = serve_order(given(), bea)
    with pytest.raises(GroundError):
        decided(order.case, bea, "decline", regime_id=AUSTRALIA, ground="not_intimate_image_content")
    decided(order.case, bea, "decline", regime_id=AUSTRALIA, ground="exempt_provision")
    assert Case.objects.get(pk=order.case_id).state in {Case.State.DONE, Case.State.WITHDRAWN}
    european = serve_order(given(EUROPE), bea)
    with pytest.raises(GroundError):
        decided(european.case, bea, "decline", regime_id=EUROPE, ground="exempt_provision")


def test_the_same_order_sent_twice_is_one_case(bea):
    sent = given()
    assert serve_order(sent, bea) == serve_order(sent, bea)
    assert Order.objects.count() == Case.objects.count() == 1


def test_a_report_never_starts_the_clock_of_an_order(settings):
    settings.STAYDOWN_REGIMES = [AUSTRALIA, EUROPE, INDIA]
    sent = submitted()
    assert regimes.pinned(sent.case) == ()
    assert not Clock.objects.exists()


def test_which_laws_an_order_can_be_served_under(settings):
    settings.STAYDOWN_REGIMES = ["us-tida-3"]
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert [each.id for each in regimes.for_orders(now)] == [AUSTRALIA, "ca-bc-iipa", EUROPE, INDIA]
    settings.STAYDOWN_REGIMES = ["eu-vaw-23"]
    assert "eu-vaw-23" in [each.id for each in regimes.for_orders(now)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"regime_id": "us-tida-3"}, "regime"),
        ({"regime_id": "nothing"}, "regime"),
        ({"authority": "  "}, "authority"),
        ({"reference": "x" * 501}, "reference"),
        ({"links": []}, "links"),
        ({"links": ["ftp://platform.test/1"]}, "links"),
        ({"links": ["https://platform.test/1"] * 201}, "links"),
        ({"words": "x" * 20_001}, "words"),
        ({"served_at": datetime(2099, 1, 1, tzinfo=UTC)}, "served_at"),
        ({"served_at": datetime(2020, 1, 1, tzinfo=UTC)}, "served_at"),
        ({"served_at": datetime(2026, 11, 1, tzinfo=UTC).replace(tzinfo=None)}, "served_at"),
        ({"due_at": datetime(2020, 1, 1, tzinfo=UTC)}, "due_at"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(bea, changes, field):
    with pytest.raises(InvalidError, match=f"^{field}: "):
        serve_order(given(**changes), bea)
    assert not Order.objects.exists()
    assert not Case.objects.exists()


def test_only_those_who_decide_enter_one(bea, cem, uli, ada):
    for person in (uli, ada):
        with pytest.raises(DeniedError):
            serve_order(given(), person)
    serve_order(given(), bea)
    serve_order(given(), cem)


def test_what_the_order_says_is_in_no_repr(bea):
    order = serve_order(given(), bea)
    for shown in (repr(order), str(order), repr(given()), repr(Item.objects.first())):
        assert "Safety" not in shown
        assert "RN 2026" not in shown
