"""The worker: runs the tasks that wait in the database, and the chores that must happen now and then.

Everything it knows is in rows. Killed at any moment it loses nothing: a delivery whose task died is put in line again,
a task that was running is run again (each of ours may run twice), and deadlines are computed, never waited for.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import close_old_connections, connections, transaction
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker as Runner
from django_tasks_db.models import DBTaskResult

from staydown.apps.accounts import standing
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions as banks
from staydown.apps.cases.actions import forgetting, mailing
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing import following, opening, replies, saying, sources
from staydown.apps.sharing.source_models import Source
from staydown.apps.vault.erasing import empty_write_ahead_log
from staydown.apps.vault.sessions import SessionStore

log = logging.getLogger(__name__)

LOOK: Final = 0.25  # seconds between two looks for tasks
STUCK: Final = timedelta(minutes=5)  # a task runs for seconds; its worker is gone
SLICE: Final = 10.0  # seconds for one source before the next has its turn
KEPT: Final = timedelta(days=7)  # finished tasks, for whoever looks for a fault


@dataclass
class Chore:
    """Something to do every so many seconds."""

    name: str
    every: float
    do: Callable[[], object]
    next_at: float = 0.0


def chores() -> list[Chore]:
    """What a worker does besides tasks. Each may run at any time, and in two workers at once."""
    return [
        Chore("deliveries", 5, sharing.requeue_overdue),
        Chore("stuck tasks", 30, requeue_stuck),
        Chore("lapsed entries", 60, lambda: banks.expire_lapsed(by=Actor.system())),
        Chore("write-ahead log", 600, empty_write_ahead_log),
        Chore("news by mail", 60, lambda: mailing.tick(by=Actor.system())),
        Chore("checkpoint", 3600, audit.keep_checkpoint),
        Chore("what is kept long enough", 3600, lambda: forgetting.tick(by=Actor.system())),
        Chore("old replies", 3600, replies.remove_expired),
        Chore("old tasks", 3600, remove_old_tasks),
        Chore("old sessions", 3600, remove_old_sessions),
        Chore("old sign-ins", 3600, standing.forget_old),
    ]


def calls(listeners: Listeners) -> list[Chore]:
    """What a worker does with other people's servers, which take their time: apart from the chores."""
    return [
        Chore("sources that wait for news", 2, listeners.start_due),
        Chore("sources", 2, follow_due),
        Chore("what sources are told", 5, saying.say_due),
        Chore("removed sources", 5, let_go_of_removed),
    ]


class Listeners:
    """A thread for each source that tells its news at once, from when it is due until it fails, asks or is paused."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._threads: dict[int, threading.Thread] = {}

    def start_due(self) -> int:
        """How many sources are listened to from now on."""
        self._threads = {pk: thread for pk, thread in self._threads.items() if thread.is_alive()}
        rows = [row for row in following.due(timezone.now()) if opening.waits(row) and row.pk not in self._threads]
        for row in rows:
            name = f"staydown-source-{row.pk}"
            self._threads[row.pk] = threading.Thread(target=self._listen, args=(row,), name=name, daemon=True)
            self._threads[row.pk].start()
        return len(rows)

    def let_go(self) -> None:
        """Let others follow what is listened to here; what a thread hears after that is not applied."""
        following.let_go([pk for pk, thread in self._threads.items() if thread.is_alive()])

    def _listen(self, source: Source) -> None:
        try:
            while not self._stop.is_set():
                done = following.follow(source, make=opening.listening, seconds=SLICE)
                if not done.is_ours or done.error or done.question or done.later:
                    break
                self._stop.wait(LOOK)  # in case that it does not hold its answers
        except Exception:
            log.exception("A source could not be listened to; it is tried again")
        finally:
            connections.close_all()


class Worker:
    """Runs until `stop`; in a thread of `serve`, or alone as `staydown worker`.

    Tasks, chores and calls have a thread each: a server that takes its time holds up no chore, a long list no webhook.
    So has each source that is listened to.
    """

    def __init__(self, work: list[Chore] | None = None, talk: list[Chore] | None = None) -> None:
        self._stop = threading.Event()
        self._chores = chores() if work is None else work
        self._listeners = Listeners(self._stop)
        self._calls = (calls(self._listeners) if work is None else []) if talk is None else talk
        self._runner = Runner(
            queue_names=["default"],
            interval=0,
            batch=True,  # returns when nothing is left, so that this loop keeps the time
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=f"staydown-{secrets.token_hex(4)}",
            excluded_queue_names=[],
        )
        self._thread = threading.Thread(target=self.run, name="staydown-worker", daemon=True)
        self._others = [
            threading.Thread(target=self._keep, args=(self.do_chores,), name="staydown-chores", daemon=True),
            threading.Thread(target=self._keep, args=(self.make_calls,), name="staydown-calls", daemon=True),
        ]

    def start(self) -> None:
        """Run in a thread."""
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End after the task and the chore that run now."""
        self._stop.set()
        self._runner.running = False
        if self._thread.is_alive():
            self._thread.join(seconds)

    def run(self) -> None:
        """Work until stopped. A fault of the database is logged once and waited out."""
        for thread in self._others:
            thread.start()
        self._keep(self.tick)
        self._listeners.let_go()
        connections.close_all()
        for thread in self._others:
            thread.join()

    def _keep(self, turn: Callable[[], None]) -> None:
        """Take one turn after another until stopped, in the thread that this is called in."""
        delay = LOOK
        while not self._stop.is_set():
            try:
                turn()
                delay = LOOK
            except Exception:  # the worker must outlive a restart of the database
                if delay == LOOK:
                    log.exception("The worker could not do its work; it tries again")
                delay = min(delay * 2, 10.0)
                connections.close_all()
            self._stop.wait(delay)
        connections.close_all()

    def tick(self) -> None:
        """Run every task that waits."""
        close_old_connections()
        # A look costs a read; the runner's own first step would take SQLite's write lock each time.
        if DBTaskResult.objects.ready().exists() and not self._stop.is_set():
            self._runner.run()

    def do_chores(self) -> None:
        """Run the chores that are due."""
        self._do_due(self._chores)

    def make_calls(self) -> None:
        """Make the calls that are due."""
        self._do_due(self._calls)

    def _do_due(self, work: list[Chore]) -> None:
        close_old_connections()
        for chore in work:
            if time.monotonic() >= chore.next_at and not self._stop.is_set():
                chore.next_at = time.monotonic() + chore.every
                self._do(chore)

    def _do(self, chore: Chore) -> None:
        """One chore; its fault must not keep the others from being done."""
        try:
            chore.do()
        except Exception:
            log.exception("The chore “%s” failed; it is tried again in %g seconds", chore.name, chore.every)
            connections.close_all()


def follow_due() -> int:
    """How many sources were followed now, each for a while: a long list goes on at the next turn."""
    rows = [each for each in following.due(timezone.now()) if not opening.waits(each)]
    return sum(following.follow(each, seconds=SLICE).is_ours for each in rows)


def let_go_of_removed() -> int:
    """How many records of removed sources were let go now, for a while."""
    until, count = time.monotonic() + SLICE, 0
    while (part := sources.let_go_of_removed()) and time.monotonic() < until:
        count += part
    return count + part


@transaction.atomic
def requeue_stuck() -> int:
    """How many tasks are run again because their worker died while it ran them."""
    stuck = DBTaskResult.objects.running().filter(started_at__lt=timezone.now() - STUCK)
    return stuck.update(status=TaskResultStatus.READY, started_at=None)


def remove_old_tasks() -> int:
    """How many finished tasks were removed."""
    return DBTaskResult.objects.finished().filter(finished_at__lt=timezone.now() - KEPT).delete()[0]


def remove_old_sessions() -> None:
    """Remove what expired sessions held."""
    SessionStore.clear_expired()
