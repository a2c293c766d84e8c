"""The thread behind each part of a node: it goes on after a bug, wakes when asked and ends when told."""

from __future__ import annotations

import threading

import pytest

from staydown.screening import loop
from staydown.screening.loop import LONGEST_DELAY, Loop, back_off


def test_it_steps_until_it_is_stopped():
    stepped = threading.Semaphore(0)

    def step() -> float:
        stepped.release()
        return 0.0

    running = Loop("test", step)
    running.start()
    for _ in range(100):
        assert stepped.acquire(timeout=10)
    running.stop(10)
    assert running.stopping
    assert not running._thread.is_alive()


def test_a_waiting_loop_wakes_and_ends():
    stepped = threading.Semaphore(0)

    def step() -> float:
        stepped.release()
        return 3600.0

    running = Loop("test", step)
    running.start()
    for _ in range(3):
        assert stepped.acquire(timeout=10)
        running.wake()
    running.stop(10)
    assert not running._thread.is_alive()


def test_a_bug_in_a_step_is_logged_and_does_not_end_it(monkeypatch, caplog):
    monkeypatch.setattr(loop, "AFTER_A_BUG", 0.0)
    again = threading.Event()
    calls = iter([True, False])

    def step() -> float:
        if next(calls, False):
            raise ValueError
        again.set()
        return 3600.0

    running = Loop("test", step)
    running.start()
    assert again.wait(10)
    running.stop(10)
    assert "A step of test failed" in caplog.text


def test_stopping_one_that_never_started():
    Loop("test", lambda: 0.0).stop()


@pytest.mark.parametrize("failures", [1, 2, 5, 50, 10_000])
def test_delays_are_random_and_bounded(failures):
    delays = {back_off(failures) for _ in range(20)}
    assert len(delays) > 1
    assert all(0 < delay <= LONGEST_DELAY for delay in delays)
