"""The worker: tasks run, chores run, and neither a fault nor a death stops the next."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, transaction
from django.utils import timezone
from django_tasks import task
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from staydown.apps.audit import actions as audit
from staydown.apps.audit import querysets as log
from staydown.apps.banks import actions as banks
from staydown.apps.banks.models import Entry
from staydown.apps.sharing import opening, saying, sources, standing
from staydown.apps.sharing.source_models import Opinion, Record, Source
from staydown.exchange.source import Wire
from staydown.exchange.testing import Fault, Publisher
from staydown.project import worker
from staydown.project.worker import Chore, Worker
from tests.apps.sharing.scripted import KEYS, Scripted
from tests.screening.nodes import entry, eventually

pytestmark = pytest.mark.django_db(transaction=True)
done: list[str] = []
begun, enough = threading.Event(), threading.Event()


@task()
def note(word: str) -> None:
    """Write down that it ran."""
    if word == "fault":
        raise ZeroDivisionError
    done.append(word)


@task()
def take_time() -> None:
    """Take as long as a receiver of webhooks likes to."""
    begun.set()
    done.append("in time" if enough.wait(20) else "too late")


@pytest.fixture(autouse=True)
def nothing_done():
    """Each test begins with nothing done."""
    done.clear()
    begun.clear()
    enough.clear()


@pytest.fixture
def quiet(caplog):
    """Faults are wanted here; they belong into the log and not on the screen."""
    caplog.set_level(logging.CRITICAL, logger="django_tasks")
    caplog.set_level(logging.ERROR, logger="staydown.project.worker")
    return caplog


def test_every_task_that_waits_is_run_in_order():
    for word in ("one", "two", "three"):
        note.enqueue(word)
    Worker([]).tick()
    assert done == ["one", "two", "three"]
    assert DBTaskResult.objects.successful().count() == 3


def test_a_task_of_a_change_that_failed_never_runs():
    @transaction.atomic
    def change():
        note.enqueue("never")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    Worker([]).tick()
    assert done == []


def test_a_task_that_fails_keeps_none_of_the_others_from_running(quiet):
    for word in ("fault", "after"):
        note.enqueue(word)
    Worker([]).tick()
    assert done == ["after"]
    assert DBTaskResult.objects.failed().count() == 1


def test_a_task_for_later_waits():
    note.using(run_after=timezone.now() + timedelta(hours=1)).enqueue("later")
    Worker([]).tick()
    assert done == []


def test_a_task_whose_worker_died_is_run_again_and_one_that_runs_is_left_alone():
    for word in ("dead", "alive"):
        note.enqueue(word)
    now = timezone.now()
    dead, alive = DBTaskResult.objects.order_by("enqueued_at")
    DBTaskResult.objects.filter(pk=dead.pk).update(status=TaskResultStatus.RUNNING, started_at=now - 2 * worker.STUCK)
    DBTaskResult.objects.filter(pk=alive.pk).update(status=TaskResultStatus.RUNNING, started_at=now)
    assert worker.requeue_stuck() == 1
    Worker([]).tick()
    assert done == ["dead"]
    alive.refresh_from_db()
    assert alive.status == TaskResultStatus.RUNNING


def test_chores_run_when_due_and_a_fault_of_one_is_its_own(quiet):
    ran = []

    def broken():
        ran.append("broken")
        raise ZeroDivisionError

    chores = [Chore("broken", 1000, broken), Chore("good", 1000, lambda: ran.append("good"))]
    working = Worker(chores)
    working.do_chores()
    working.do_chores()
    assert ran == ["broken", "good"]
    chores[1].next_at = 0
    working.do_chores()
    assert ran == ["broken", "good", "good"]
    assert "“broken” failed" in quiet.text


def test_chores_are_done_while_a_task_takes_its_time():
    take_time.enqueue()
    working = Worker([Chore("small", 0, lambda: begun.is_set() and enough.set())])
    working.start()
    assert enough.wait(20)
    working.stop(20)
    assert done == ["in time"]


def test_the_real_chores_run_on_an_install(system):
    with transaction.atomic():
        audit.record("case.seen", by=system, about="case:1")
    for chore in worker.chores():
        chore.do()
    kept = log.latest_checkpoint()
    assert kept is not None
    assert kept.size == 1


@pytest.fixture
def listened(system, monkeypatch):
    """Another staydown, in this process, and the source that follows it."""
    publisher = Publisher()
    wire = Wire(allow_private=True, transport=publisher.transport(), wait=20.0)
    monkeypatch.setattr(opening, "_wire", lambda **_: wire)
    keys = {"key": publisher.key, "verifier": publisher.verifier_key}
    bank = banks.open_bank("shared", by=system)
    sources.add_source("peer", "staydown", "https://peer.test", keys, sources.Policy(bank), by=system)
    yield publisher
    publisher.fault = Fault.DOWN  # whoever still waits for it is let go
    for thread in threading.enumerate():
        if thread.name.startswith("staydown-source-"):
            thread.join(20)


def live() -> int:
    return Entry.objects.filter(state="pending").count()


def test_what_another_staydown_withdraws_is_gone_at_once(listened):
    listened.add(one := entry())
    working = Worker(talk=[])
    listeners = working._listeners
    assert listeners.start_due() == 1
    eventually(lambda: listened.confirmed == 1)  # it has what there is, and waits for more
    assert (listeners.start_due(), worker.follow_due(), live()) == (0, 0, 1)
    listened.withdraw(one.id)
    assert eventually(lambda: listened.confirmed == 2) < 2.0
    assert live() == 0
    row = Source.objects.get()
    assert standing.of(row, timezone.now()) == standing.Standing.FOLLOWED
    working._stop.set()


def test_a_worker_that_ends_lets_others_listen(listened):
    listened.add(entry())
    working = Worker([], talk=[])
    working.start()
    working._listeners.start_due()
    eventually(lambda: listened.confirmed == 1)
    assert Source.objects.filter(lease__isnull=False).exists()
    working.stop(20)
    assert not Source.objects.filter(lease__isnull=False).exists()


def test_a_source_that_fails_is_listened_to_again_when_it_is_due(listened):
    listened.fault = Fault.DOWN
    listeners = Worker(talk=[])._listeners
    listeners.start_due()
    eventually(lambda: not any(thread.is_alive() for thread in listeners._threads.values()))
    assert (Source.objects.get().failures, listeners.start_due()) == (1, 0)  # it is not due yet
    listened.fault = None
    listened.add(entry())
    Source.objects.update(next_at=timezone.now())
    assert listeners.start_due() == 1
    eventually(lambda: listened.confirmed == 1)
    assert live() == 1
    listeners._stop.set()


def test_sources_are_followed_and_told_and_removed_ones_let_go(system, monkeypatch):
    bank = banks.open_bank("shared", by=system)
    script = Scripted().adds(1, 2)
    monkeypatch.setattr(opening, "opened", script)
    source = sources.add_source("one", "stopncii", "https://one.test/v1", KEYS, sources.Policy(bank), by=system)
    working = Worker()
    working.make_calls()
    saying.give_opinion(Record.objects.first(), Opinion.Word.CONFIRMED, by=system)
    sources.look_now(source, by=system)
    for call in working._calls:
        call.next_at = 0
    working.make_calls()
    assert len(script.said) == 1
    assert len(script.asked) == 2
    sources.remove_source(source, by=system)
    assert worker.let_go_of_removed() == 2
    assert set(Entry.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_what_is_old_goes_and_what_is_not_stays():
    note.enqueue("old")
    note.enqueue("new")
    Worker([]).tick()
    old = DBTaskResult.objects.order_by("enqueued_at").first()
    DBTaskResult.objects.filter(pk=old.pk).update(finished_at=timezone.now() - 2 * worker.KEPT)
    now = timezone.now()
    for key, expires in (("gone", now - timedelta(minutes=1)), ("kept", now + timedelta(minutes=1))):
        Session.objects.create(session_key=key, session_data="x", expire_date=expires)
    assert worker.remove_old_tasks() == 1
    worker.remove_old_sessions()
    assert DBTaskResult.objects.count() == 1
    assert [session.pk for session in Session.objects.all()] == ["kept"]


def test_it_outlives_a_database_that_is_away_and_ends_when_told(quiet, monkeypatch):
    monkeypatch.setattr(worker, "LOOK", 0.001)
    turns, enough = [], threading.Event()
    working = Worker([])

    def tick():
        turns.append(1)
        if len(turns) < 3:
            raise OperationalError("the server closed the connection")
        enough.set()

    monkeypatch.setattr(working, "tick", tick)
    working.start()
    assert enough.wait(20)
    working.stop()
    assert not working._thread.is_alive()
    assert sum("could not do its work" in record.message for record in quiet.records) == 1
