"""Endpoints change while changes are announced and deliveries settle, on a database with real concurrency."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx
import pytest
from django.db import connection, transaction

from staydown.apps.audit import actions as audit
from staydown.apps.sharing import actions
from staydown.apps.sharing.models import Delivery, Endpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def somebody_waits() -> bool:
    """Whether a transaction of this database waits for another one's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def meeting(change: Callable[[], object], other: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The faults of ``change``, which stops when it holds its endpoint until ``other`` is done or waits, and of it."""
    held, done, faults = threading.Event(), threading.Event(), []

    def hold(*_: object) -> None:
        held.set()
        until = time.monotonic() + 20
        while not done.wait(0.01) and not somebody_waits():
            assert time.monotonic() < until

    monkeypatch.setattr(actions, "_check_endpoint", hold)

    def run(work: Callable[[], object], after: threading.Event | None) -> None:
        try:
            assert after is None or after.wait(20)
            work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            faults.append(f"{type(error).__name__}: {error}")
        finally:
            if after is not None:
                done.set()
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in ((change, None), (other, held))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return faults


@pytest.fixture
def endpoint(system):
    return actions.add_endpoint("the platform", "https://platform.test/hooks", by=system)


def gone(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(410)


def test_an_endpoint_changes_while_a_decision_is_announced(endpoint, system, monkeypatch):
    @transaction.atomic
    def decide():
        audit.record("case.decided", by=system, about="case:1")
        actions.announce("case.decided", {"case": "1"})

    def change():
        actions.change_endpoint(endpoint, by=system, enabled=False)

    assert meeting(change, decide, monkeypatch) == []
    assert Delivery.objects.count() == 1
    assert not Endpoint.objects.get().enabled
    audit.verify()


def test_an_endpoint_changes_while_its_receiver_says_that_it_is_gone(endpoint, system, monkeypatch):
    with transaction.atomic():
        actions.announce("case.decided", {"case": "1"})
    delivery = Delivery.objects.get()

    def deliver():
        actions.deliver(delivery, make_client=lambda: httpx.Client(transport=httpx.MockTransport(gone)))

    def change():
        actions.change_endpoint(endpoint, by=system, name="renamed")

    assert meeting(change, deliver, monkeypatch) == []
    found = Endpoint.objects.get()
    assert (found.name, found.enabled) == ("renamed", False)
    assert Delivery.objects.get().state == Delivery.State.DEAD
    audit.verify()
