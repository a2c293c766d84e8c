"""A service refuses to work from a banked picture, and to give one out."""

from __future__ import annotations

import pytest

from staydown.client import Verdict
from staydown.core.bank import Action
from staydown.errors import UploadRefusedError, UploadUncheckedError
from staydown.platforms.generation import GenerationGate
from staydown.platforms.rules import Rules
from tests.platforms.uploads import AGAIN, BANKED, CUT, OTHER, client, node


def test_a_banked_picture_goes_neither_in_nor_out():
    gate = GenerationGate(client(node()))
    gate.admit(OTHER)
    assert gate.release(OTHER) == OTHER
    for look in (gate.admit, gate.release, lambda data: gate.admit([OTHER, data])):
        with pytest.raises(UploadRefusedError):
            look(AGAIN)


def test_what_cannot_be_checked_is_refused_unless_the_rules_say_otherwise():
    open_ = Rules(unreachable=Verdict.ALLOW, unhashable=Verdict.ALLOW)
    for by, data in ((node(), CUT), (None, BANKED)):
        with pytest.raises(UploadUncheckedError):
            GenerationGate(client(by)).admit(data)
        GenerationGate(client(by), rules=open_).admit(data)


def test_what_nobody_has_decided_about_is_refused_by_default():
    pending = node(Action.REVIEW)
    with pytest.raises(UploadRefusedError):
        GenerationGate(client(pending)).admit(BANKED)
    GenerationGate(client(pending), rules=Rules()).admit(BANKED)
