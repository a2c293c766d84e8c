"""Attempts: claimed, made outside any transaction, settled; repeated until heard; harmless when repeated."""

from __future__ import annotations

import time
from datetime import timedelta

import httpx
import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from staydown.apps.audit.querysets import history
from staydown.apps.sharing import actions, delivering, schedule, tasks
from staydown.apps.sharing.models import Delivery, Endpoint
from staydown.errors import UnreachableError
from staydown.exchange import webhooks


class Receiver:
    """A platform that answers with ``status`` and remembers what it was sent."""

    def __init__(self, status: int = 204, body: str = "") -> None:
        self.status = status
        self.body = body
        self.sent: list[httpx.Request] = []

    def __call__(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return httpx.Response(self.status, text=self.body)


@pytest.fixture
def key(db, system):
    return actions.add_endpoint("the platform", "https://platform.test/hooks", by=system).public_key


@pytest.fixture
def delivery(key):
    actions.announce("case.decided", {"case": "4f1d"})
    return Delivery.objects.get()


def due_again(delivery):
    """The delivery as if the time of its next attempt had come."""
    Delivery.objects.filter(pk=delivery.pk).update(next_at=timezone.now(), leased_until=None)


def test_it_is_signed_so_that_the_receiver_can_verify_it(delivery, key):
    receiver = Receiver()
    actions.deliver(delivery, make_client=receiver)
    (sent,) = receiver.sent
    known = webhooks.PublicKey.parse(key)
    assert webhooks.verify(dict(sent.headers), sent.content, keys=[known], now=time.time()) == str(delivery.public_id)
    assert sent.headers["content-type"] == "application/json"
    assert str(sent.url) == "https://platform.test/hooks"
    assert len(sent.content) < 1000


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_only_a_2xx_is_success(delivery, status):
    found = actions.deliver(delivery, make_client=Receiver(status))
    assert (found.state, found.last_status, found.attempts, found.next_at) == ("delivered", status, 1, None)
    assert [line.verb for line in history(delivery)] == ["webhook.delivered"]


@pytest.mark.parametrize("status", [301, 302, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again(delivery, status):
    found = actions.deliver(delivery, make_client=Receiver(status, "we are Platform, call 555"))
    assert (found.state, found.last_status, found.attempts) == ("waiting", status, 1)
    wait = found.next_at - timezone.now()
    assert timedelta(seconds=4) < wait <= timedelta(seconds=6)
    assert found.leased_until is None
    (line,) = history(delivery)
    assert (line.verb, line.facts["status"]) == ("webhook.failed", status)
    assert "555" not in str(line.facts) + found.last_error


def test_a_receiver_that_cannot_be_reached_leaves_a_code(delivery):
    def refuse() -> httpx.Client:
        raise UnreachableError

    found = actions.deliver(delivery, make_client=refuse)
    assert (found.state, found.last_error, found.last_status) == ("waiting", UnreachableError.code, None)


def test_a_private_address_is_refused_without_a_call(db, system, settings):
    settings.STAYDOWN_WEBHOOK_PRIVATE = False
    Endpoint.objects.all().delete()
    actions.add_endpoint("inside", "https://127.0.0.1/hooks", by=system)
    actions.announce("case.decided", {"case": "4f1d"})
    found = actions.deliver(Delivery.objects.get())
    assert (found.state, found.last_error) == ("waiting", "address_refused")


def test_gone_switches_the_endpoint_off(delivery):
    found = actions.deliver(delivery, make_client=Receiver(410))
    assert found.state == "dead"
    endpoint = Endpoint.objects.get()
    assert not endpoint.enabled
    assert "endpoint.disabled" in [line.verb for line in history(endpoint)]
    assert actions.announce("case.decided", {"case": "4f1d"}) == 0


def test_after_the_last_attempt_it_is_dead_and_visible(delivery):
    receiver = Receiver(500)
    for _ in schedule.WAITS:
        due_again(delivery)
        found = actions.deliver(delivery, make_client=receiver)
    assert (found.state, found.attempts, len(receiver.sent)) == ("dead", 10, 10)
    assert list(Delivery.objects.dead()) == [delivery]
    assert [line.verb for line in history(delivery)] == ["webhook.failed"] * 9 + ["webhook.dead"]


def test_every_attempt_carries_the_same_id_and_body(delivery):
    receiver = Receiver(500)
    for _ in range(3):
        due_again(delivery)
        actions.deliver(delivery, make_client=receiver)
    assert {sent.headers["webhook-id"] for sent in receiver.sent} == {str(delivery.public_id)}
    assert len({sent.content for sent in receiver.sent}) == 1


def test_it_is_not_tried_before_its_time(delivery):
    receiver = Receiver(500)
    actions.deliver(delivery, make_client=receiver)
    actions.deliver(delivery, make_client=receiver)
    assert len(receiver.sent) == 1


def test_what_was_delivered_is_not_sent_again(delivery):
    receiver = Receiver()
    actions.deliver(delivery, make_client=receiver)
    actions.deliver(delivery, make_client=receiver)
    assert len(receiver.sent) == 1


def test_nothing_is_sent_while_the_endpoint_is_off(delivery, system):
    receiver = Receiver()
    actions.change_endpoint(delivery.endpoint, by=system, enabled=False)
    assert actions.deliver(delivery, make_client=receiver).state == "waiting"
    actions.change_endpoint(delivery.endpoint, by=system, enabled=True)
    assert actions.deliver(delivery, make_client=receiver).state == "delivered"
    assert len(receiver.sent) == 1


@pytest.mark.django_db(transaction=True)
def test_the_call_is_made_outside_any_transaction(system):
    actions.add_endpoint("the platform", "https://platform.test/hooks", by=system)
    with_transaction = []

    class Watching(Receiver):
        def answer(self, request):
            with_transaction.append(connection.in_atomic_block)
            return super().answer(request)

    with transaction.atomic():
        actions.announce("case.decided", {"case": "4f1d"})
    actions.deliver(Delivery.objects.get(), make_client=Watching())
    assert with_transaction == [False]


def test_a_process_killed_in_the_middle_only_repeats_the_delivery(delivery):
    """The row is claimed and the call was made, then nothing: as SIGKILL leaves it."""

    class Killed(BaseException):
        pass

    receiver = Receiver()

    def killed() -> httpx.Client:
        raise Killed

    with pytest.raises(Killed):
        delivering.attempt(delivery.public_id, make_client=killed)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert delivery.leased_until > timezone.now()
    actions.deliver(delivery, make_client=receiver)  # still claimed: nobody sends it twice at once
    assert receiver.sent == []
    Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert actions.deliver(delivery, make_client=receiver).state == "delivered"
    assert receiver.sent[0].headers["webhook-id"] == str(delivery.public_id)


def test_an_answer_that_comes_after_the_claim_ran_out_changes_nothing(delivery):
    class Slow(Receiver):
        def answer(self, request):
            Delivery.objects.update(attempts=2)  # somebody else has claimed it in the meantime
            return super().answer(request)

    assert actions.deliver(delivery, make_client=Slow(204)).state == "waiting"
    assert history(delivery) == []


def test_a_lost_task_is_put_in_line_again_once(delivery):
    Delivery.objects.update(next_at=timezone.now() - timedelta(minutes=5))
    before = DBTaskResult.objects.count()
    assert actions.requeue_overdue() == 1
    assert actions.requeue_overdue() == 0
    assert DBTaskResult.objects.count() == before + 1


def test_what_is_not_overdue_is_left_in_line(delivery, system):
    assert actions.requeue_overdue() == 0
    Delivery.objects.update(next_at=timezone.now() - timedelta(minutes=5))
    actions.change_endpoint(delivery.endpoint, by=system, enabled=False)
    assert actions.requeue_overdue() == 0


def test_the_task_puts_the_next_attempt_in_line(delivery, monkeypatch):
    monkeypatch.setattr(delivering.attempt, "__kwdefaults__", {"make_client": Receiver(500)})
    tasks.deliver.func(str(delivery.public_id))
    delivery.refresh_from_db()
    assert delivery.next_at > timezone.now()
    assert DBTaskResult.objects.filter(run_after=delivery.next_at).count() == 1


def test_replay_sends_it_again_under_the_same_id(delivery, system):
    receiver = Receiver()
    Delivery.objects.update(state="dead", next_at=None, settled_at=timezone.now(), attempts=10)
    delivery.refresh_from_db()
    actions.replay(delivery, by=system)
    found = actions.deliver(delivery, make_client=receiver)
    assert (found.state, found.attempts) == ("delivered", 1)
    assert receiver.sent[0].headers["webhook-id"] == str(delivery.public_id)
    assert [line.verb for line in history(delivery)] == ["webhook.replayed", "webhook.delivered"]


def test_the_schedule_is_the_specifications_with_jitter():
    now = timezone.now()
    waits = [schedule.next_attempt(attempts, now, 0.0) for attempts in range(10)]
    assert waits[0] == now
    assert waits[1] == now + timedelta(seconds=5)
    assert waits[9] == now + timedelta(hours=24)
    assert schedule.next_attempt(10, now, 0.0) is None
    assert schedule.next_attempt(2, now, 1.0) == now + timedelta(minutes=6)
