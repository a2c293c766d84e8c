"""A claim on a source: free soon after a death, kept by whoever lives and gets on, and never two at once."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from staydown.apps.sharing import following, lease, sources
from staydown.apps.sharing.source_models import Record, Source
from tests.apps.sharing.scripted import Scripted, added, follow, live
from tests.factories import pdq

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Claims of less than a second."""
    monkeypatch.setattr(lease, "LEASE", timedelta(seconds=0.6))
    monkeypatch.setattr(lease, "BEAT", 0.1)


class Slow(Scripted):
    """A list whose second page takes its time: until `goes_on`."""

    def __init__(self) -> None:
        super().__init__()
        self.waits, self.goes_on = threading.Event(), threading.Event()
        self.adds(1).adds(2).at_page = self._at

    def _at(self, number: int) -> None:
        if number == 1 and not self.goes_on.is_set():
            self.waits.set()
            assert self.goes_on.wait(20)


def beside(source, script) -> tuple[threading.Thread, list[following.Followed]]:
    """Another worker that follows ``source``, and what comes of it."""
    came: list[following.Followed] = []

    def work() -> None:
        try:
            came.append(follow(source, script))
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread, came


def test_who_waits_for_a_slow_page_keeps_it_and_a_second_worker_stays_away(policy):
    source, slow = added(policy), Slow()
    thread, came = beside(source, slow)
    assert slow.waits.wait(10)
    until = time.monotonic() + 1.3
    while time.monotonic() < until:
        assert not follow(source, Scripted().adds(7)).is_ours
        assert not following.due(timezone.now())
        time.sleep(0.05)
    slow.goes_on.set()
    thread.join(10)
    assert (came[0].caught_up, live()) == (True, {pdq(1), pdq(2)})
    assert Source.objects.get().lease is None


def test_what_a_killed_worker_claimed_is_free_after_the_lease(policy):
    source = added(policy)
    assert following._claim(source.pk, is_due=False, is_whole=False)  # and then it is gone
    assert not follow(source, Scripted().adds(1)).is_ours
    time.sleep(0.7)
    assert follow(source, Scripted().adds(1)).caught_up


def test_who_hangs_loses_it_and_what_it_hears_after_that_is_not_applied(policy, monkeypatch):
    monkeypatch.setattr(lease, "STILL", 0.3)
    source, slow = added(policy), Slow()
    thread, came = beside(source, slow)
    assert slow.waits.wait(10)
    time.sleep(1.2)
    other = Scripted().adds(1).adds(3)
    assert follow(source, other).caught_up
    slow.goes_on.set()
    thread.join(10)
    assert (came[0].is_ours, came[0].caught_up, came[0].error) == (True, False, "")
    assert (live(), Record.objects.count()) == ({pdq(1), pdq(3)}, 2)
    assert Source.objects.get().failures == 0


def test_a_renewal_that_the_database_refuses_is_tried_again(policy, monkeypatch):
    refused = []
    renew = lease.until

    def until():
        if threading.current_thread().name.startswith("staydown-lease-") and len(refused) < 2:
            refused.append(1)
            raise DatabaseError("locked")
        return renew()

    monkeypatch.setattr(lease, "until", until)
    monkeypatch.setattr(lease, "LEASE", timedelta(seconds=1))
    source, slow = added(policy), Slow()
    thread, came = beside(source, slow)
    assert slow.waits.wait(10)
    time.sleep(1.4)
    assert not follow(source, Scripted()).is_ours
    slow.goes_on.set()
    thread.join(10)
    assert (came[0].caught_up, len(refused)) == (True, 2)


def test_a_paused_source_is_not_claimed_back(policy, system):
    source, slow = added(policy), Slow()
    thread, came = beside(source, slow)
    assert slow.waits.wait(10)
    sources.pause(source, by=system)
    time.sleep(0.5)
    assert Source.objects.get().leased_until is None
    slow.goes_on.set()
    thread.join(10)
    assert (came[0].caught_up, live()) == (False, {pdq(1)})
