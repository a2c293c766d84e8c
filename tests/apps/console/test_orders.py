"""The console's form for orders: what is asked, what is refused, and the case that follows."""

from __future__ import annotations

import html
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from staydown.apps.cases.actions import serve_order
from staydown.apps.cases.models import Case, Clock, Order
from tests.apps.cases.test_orders import given

pytestmark = pytest.mark.django_db
ADDRESS = "/staff/orders/"


def answers(**changes: object) -> dict[str, object]:
    """A form that is filled in."""
    whole = {
        "id": str(uuid4()),
        "regime": "ca-bc-iipa",
        "authority": "Civil Resolution Tribunal",
        "reference": "CRT-2026-88",
        "served_at": (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        "due_at": (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M"),
        "links": "https://platform.test/posts/1\n\n https://platform.test/posts/2 \n",
        "words": "Delete both.",
    }
    return {**whole, **changes}


def text(answer) -> str:
    return " ".join(html.unescape(answer.content.decode()).split())


def test_an_order_that_was_entered_is_a_case_with_its_clock(at_bea):
    answer = at_bea.post(ADDRESS, answers(), follow=True)
    order = Order.objects.get()
    assert answer.redirect_chain == [(f"/staff/cases/{order.case.public_id}/", 302)]
    page = text(answer)
    for said in ("What the order demands", "Civil Resolution Tribunal", "CRT-2026-88", "Delete both."):
        assert said in page
    assert "entered an order with 2 links under the British Columbia intimate images Act" in page
    assert Clock.objects.get().due_at == order.due_at
    listed = text(at_bea.get(ADDRESS))
    assert order.case.number in listed
    assert "CRT-2026-88" in listed


def test_the_form_offers_the_laws_that_an_order_can_come_under_and_how_long_each_gives(at_bea):
    page = text(at_bea.get(ADDRESS))
    assert "Australia. 24 hours, or longer where the order says so." in page
    assert "India. 3 hours." in page
    assert "European Union. The order itself says how long." in page
    assert "TAKE IT DOWN" not in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"regime": ""}, "Choose the law under which it was served."),
        ({"authority": ""}, "Say who issued it."),
        ({"served_at": "yesterday"}, "Give a day and a time."),
        ({"served_at": "2099-01-01T00:00"}, "Say when the order was served: within the last year"),
        ({"links": "posts/1"}, "Link 1 is not a web address"),
        ({"regime": "in-it-3-1-d"}, "the law itself sets the limit"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(at_bea, changes, said):
    answer = at_bea.post(ADDRESS, answers(**changes))
    assert answer.status_code == 422
    page = text(answer)
    assert said in page
    assert "Delete both." in page
    assert not Case.objects.exists()


def test_pressed_twice_it_is_one_order(at_bea):
    sent = answers()
    at_bea.post(ADDRESS, sent)
    at_bea.post(ADDRESS, sent)
    assert Order.objects.count() == 1


def test_before_it_is_sent_the_decision_says_who_tells_the_authority(at_bea, bea):
    order = serve_order(given(), bea)
    at_bea.get(f"/staff/cases/{order.case.public_id}/")
    items = [str(item.public_id) for item in order.items.all()]
    said = {"verdict": "remove", "items": items, "regime": "au-osa-77", "reason": "As ordered.", "version": 1}
    page = text(at_bea.post(f"/staff/cases/{order.case.public_id}/decide/", said))
    assert "tell it yourself what was done about its order" in page
    assert "The reporter reads" not in page


def test_an_auditor_sees_that_there_is_an_order_and_not_what_it_says(at_uli, bea):
    order = serve_order(given(), bea)
    page = text(at_uli.get(f"/staff/cases/{order.case.public_id}/"))
    assert "Only those who decide can read it." in page
    assert order.reference not in page


def test_a_case_of_a_minor_leaves_the_list(at_bea, bea):
    order = serve_order(given(), bea)
    Case.objects.filter(pk=order.case_id).update(state=Case.State.MINORS)
    assert order.reference not in text(at_bea.get(ADDRESS))
