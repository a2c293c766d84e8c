"""What is announced commits with the change that it tells of, or not at all."""

from __future__ import annotations

import pytest
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from staydown.apps.audit.querysets import history
from staydown.apps.sharing import actions
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.errors import InvalidError, MissingError, StateError
from staydown.exchange.webhooks import PublicKey, SigningKey


@pytest.fixture
def endpoint(db, system):
    return actions.add_endpoint("the platform", "https://platform.test/hooks", by=system)


@pytest.fixture
def delivery(endpoint):
    actions.announce("case.decided", {"case": "4f1d"})
    return Delivery.objects.get()


def test_each_endpoint_has_a_key_of_its_own(endpoint, system):
    other = actions.add_endpoint("another", "https://another.test/", by=system)
    keys = [SigningKey.parse(row.signing_key).public for row in (endpoint, other)]
    assert keys[1] == PublicKey.parse(other.public_key)
    assert keys[0] != keys[1]
    assert [line.verb for line in history(other)] == ["endpoint.added"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "platform.test/hooks",
        "http://platform.test/hooks",
        "ftp://platform.test/",
        "https://",
        "https://user:secret@platform.test/",
        "https://platform.test/#part",
        "https://platform.test/ hooks",
        "https://platform.test:99999/",
        "https://platform.test/" + "a" * 500,
    ],
)
def test_an_address_that_no_webhook_goes_to_is_refused(db, system, url):
    with pytest.raises(InvalidError, match="url"):
        actions.add_endpoint("the platform", url, by=system)
    assert not Endpoint.objects.exists()


def test_plain_http_is_for_those_who_allowed_it(db, system, settings):
    settings.STAYDOWN_WEBHOOK_PRIVATE = True
    assert actions.add_endpoint("demo", "http://127.0.0.1:9000/hooks", by=system)


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_an_endpoint_has_a_name(db, system, name):
    with pytest.raises(InvalidError, match="name"):
        actions.add_endpoint(name, "https://platform.test/", by=system)


def test_an_event_is_a_row_and_a_task_for_each_endpoint_that_is_on(endpoint, system):
    off = actions.add_endpoint("off", "https://off.test/", by=system)
    actions.change_endpoint(off, by=system, enabled=False)
    assert actions.announce("case.decided", {"case": "4f1d"}) == 1
    delivery = Delivery.objects.get()
    assert delivery.endpoint == endpoint
    assert delivery.payload["type"] == "case.decided"
    assert delivery.payload["data"] == {"case": "4f1d"}
    assert DBTaskResult.objects.get().args_kwargs["args"] == [str(delivery.public_id)]


def test_what_is_rolled_back_is_announced_to_nobody(endpoint):
    def change_that_fails() -> None:
        with transaction.atomic():
            actions.announce("case.decided", {"case": "4f1d"})
            raise StateError

    with pytest.raises(StateError):
        change_that_fails()
    assert not Delivery.objects.exists()
    assert not DBTaskResult.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_announcement_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        actions.announce("case.decided", {"case": "4f1d"})


def test_an_event_that_is_none_of_ours_is_refused(endpoint):
    with pytest.raises(ValueError, match="exploded"):
        actions.announce("case.exploded", {})


def test_changing_an_endpoint_is_in_the_log(endpoint, system):
    changed = actions.change_endpoint(endpoint, by=system, name="new", enabled=False)
    assert (changed.name, changed.enabled) == ("new", False)
    assert changed.disabled_at is not None
    assert actions.change_endpoint(endpoint, by=system, enabled=True).disabled_at is None
    assert [line.verb for line in history(endpoint)] == ["endpoint.added", "endpoint.changed", "endpoint.changed"]


def test_a_removed_endpoint_gives_up_what_waits_for_it(endpoint, delivery, system):
    actions.remove_endpoint(endpoint, by=system)
    actions.remove_endpoint(endpoint, by=system)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == ("dead", "endpoint_removed")
    assert actions.announce("case.decided", {"case": "4f1d"}) == 0
    with pytest.raises(MissingError):
        actions.change_endpoint(endpoint, by=system, enabled=True)
    with pytest.raises(StateError):
        actions.replay(delivery, by=system)
    assert [line.verb for line in history(endpoint)] == ["endpoint.added", "endpoint.removed"]


def test_a_key_is_sealed_in_its_row_and_silent(endpoint):
    assert "whsk_" not in repr(endpoint)
    assert Endpoint.objects.values_list("signing_key", flat=True)[0] != endpoint.signing_key
