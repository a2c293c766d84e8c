"""Short turns of the thread that answers: asked for where the system has them, harmless where it has not."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
import threading

import pytest

from staydown.screening import turns

GET_ATTRIBUTES = {"x86_64": 315, "aarch64": 275}
SHORTER = struct.Struct("=IIQiIQQQ")


@pytest.fixture(autouse=True)
def _interval():
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def in_a_thread(work):
    """What the work gives in a thread of its own, which alone is changed by it."""
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def attributes():
    """Policy, nice and slice of this thread, as the system has them."""
    room = ctypes.create_string_buffer(SHORTER.size)
    number = ctypes.c_long(GET_ATTRIBUTES[platform.machine()])
    assert ctypes.CDLL(None).syscall(number, 0, room, SHORTER.size, 0) == 0
    _, policy, _, nice, _, runtime, _, _ = SHORTER.unpack(room.raw)
    return policy, nice, runtime


def test_the_interpreter_is_given_away_soon():
    in_a_thread(turns.take_short_turns)
    assert sys.getswitchinterval() == pytest.approx(turns.AT_THE_INTERPRETER)


@pytest.mark.parametrize("nice", [0, 7])
def test_the_calling_thread_has_short_turns_and_is_as_nice_as_before(nice):
    def work():
        os.setpriority(os.PRIO_PROCESS, 0, nice)  # of this thread, on Linux
        before = attributes()
        turns.take_short_turns()
        return before, attributes()

    before, after = in_a_thread(work)
    assert after[:2] == before[:2] == (os.SCHED_OTHER, nice)
    # Before Linux 6.12 the system takes the wish and says nothing of it.
    assert after[2] in {turns.AT_THE_PROCESSOR, before[2]}


def test_nobody_is_asked_on_another_machine(monkeypatch):
    monkeypatch.setattr(turns.platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(turns.ctypes, "CDLL", lambda _: pytest.fail("asked"))
    turns.take_short_turns()


def test_a_system_that_refuses_is_no_reason_to_stop(monkeypatch):
    class Refusing:
        def syscall(self, *_: object) -> int:
            return -1

    monkeypatch.setattr(turns.ctypes, "CDLL", lambda _: Refusing())
    turns.take_short_turns()
