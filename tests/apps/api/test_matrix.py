"""Scope by operation by thing, read off the OpenAPI document: what a key with one scope gets, and of what."""

from __future__ import annotations

import re
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from staydown.apps.accounts.models import SCOPES, ApiKey
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.models import Line
from staydown.apps.banks import actions as banks
from staydown.apps.cases import actions
from staydown.apps.cases.actions import minors
from staydown.apps.cases.models import Action, Case, UploaderNotice
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.models import Delivery
from tests import factories as make
from tests.apps.api.test_doors import BODIES, NEEDS
from tests.people import member

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system()
GONE = {"absent": 404}

#: Each operation that names a thing, each thing, and what the right scope is answered for a key of the bank ``house``.
MATRIX = {
    ("get", "/cases/{case_id}"): {"case": 200, "locked": 404, **GONE},
    ("post", "/cases/{case_id}/decisions"): {"case": 201, "held": 409, "locked": 404, **GONE},
    ("get", "/actions/{action_id}"): {"action": 200, "action of a minor": 200, **GONE},
    ("post", "/actions/{action_id}/outcome"): {"action": 200, "action of a minor": 200, **GONE},
    ("get", "/actions/{action_id}/notice"): {"action": 200, "action of a minor": 404, **GONE},
    ("get", "/appeals/{appeal_id}"): {"appeal": 200, "appeal of a minor": 404, **GONE},
    ("get", "/entries/{entry_id}"): {"entry": 200, "entry of another bank": 404, **GONE},
    ("post", "/entries/{entry_id}/withdraw"): {
        "entry": 200,
        "entry that blocks": 202,
        "entry of another bank": 404,
        **GONE,
    },
    ("get", "/webhooks/{endpoint_id}"): {"endpoint": 200, "removed endpoint": 404, **GONE},
    ("patch", "/webhooks/{endpoint_id}"): {"endpoint": 200, "removed endpoint": 404, **GONE},
    ("delete", "/webhooks/{endpoint_id}"): {"endpoint": 204, "removed endpoint": 404, **GONE},
    ("get", "/webhooks/{endpoint_id}/deliveries"): {"endpoint": 200, "removed endpoint": 404, **GONE},
    ("post", "/deliveries/{delivery_id}/replay"): {"delivery": 200, **GONE},
}


class Undo(Exception):  # noqa: N818 - not an error
    """Takes back what one call did, so that the next one finds the same things."""


@pytest.fixture
def things() -> dict[str, UUID | str]:
    """The id of each thing by a word for it."""
    person = member("somebody", "moderator")
    cases = {name: make.submitted(pictures=(), links=1).case for name in ("case", "held", "locked", "done", "gone")}
    actions.lease(cases["held"], person)
    for name in ("done", "gone"):
        make.decided(cases[name], person)
    notice = {name: UploaderNotice.objects.get(action__item__case=cases[name]) for name in ("done", "gone")}
    appeals = {name: actions.appeal(each, words="Look again.") for name, each in notice.items()}
    acted = {name: Action.objects.get(item__case=cases[name]) for name in ("done", "gone")}
    for name in ("locked", "gone"):
        minors.suspect_minor(cases[name], person)
    return {
        **{name: cases[name].public_id for name in ("case", "held", "locked")},
        "action": acted["done"].public_id,
        "action of a minor": acted["gone"].public_id,
        "appeal": appeals["done"].public_id,
        "appeal of a minor": appeals["gone"].public_id,
        **entries(),
        **endpoints(),
        "absent": uuid4(),
    }


def entries() -> dict[str, UUID]:
    house, other = (banks.open_bank(name, by=SYSTEM) for name in ("house", "other"))
    made = [
        banks.add_entry(bank, make.pdq(seed), source="import", by=SYSTEM)
        for seed, bank in ((71, house), (72, house), (73, other))
    ]
    banks.enforce(made[1], by=SYSTEM)
    names = ("entry", "entry that blocks", "entry of another bank")
    return dict(zip(names, (entry.public_id for entry in made), strict=True))


def endpoints() -> dict[str, UUID]:
    live, gone = (sharing.add_endpoint(name, "https://platform.test/hooks", by=SYSTEM) for name in ("a", "b"))
    sharing.remove_endpoint(gone, by=SYSTEM)
    now = timezone.now()
    given = {"event": "case.decided", "payload": {}, "created_at": now, "next_at": now}
    sent = Delivery.objects.create(endpoint=live, **given)
    return {"endpoint": live.public_id, "removed endpoint": gone.public_id, "delivery": sent.public_id}


def asked(caller, door, thing=None):
    """What is answered, and how many lines that wrote to the log; nothing of it is kept."""
    method, path = door
    body = BODIES.get(door)
    if door[1].endswith("/decisions"):
        version = Case.objects.filter(public_id=thing).values_list("version", flat=True).first()
        body = {"verdict": "remove", "regime": "uk-osa-10-3A", "reason": "So.", "version": version or 1}
    found = []
    with suppress(Undo), transaction.atomic():
        before = Line.objects.count()
        answer = caller.ask(method, re.sub(r"\{\w+\}", str(thing), path), body)
        found = [answer, Line.objects.count() - before]
        raise Undo
    return found


def test_every_operation_that_names_a_thing_has_its_row():
    assert {door for door in NEEDS if "{" in door[1]} == set(MATRIX)


@pytest.mark.parametrize("scope", [*SCOPES, None])
def test_a_key_of_one_scope_opens_its_operations_and_no_other(program, scope, things):
    caller, wrong = program("screen", banks=("house",)), []
    ApiKey.objects.update(scopes=[scope] if scope else [])
    for door, needed in NEEDS.items():
        for about, wanted in (MATRIX.get(door) or {"": None}).items():
            if needed is not None and scope != needed:
                wanted = 403  # whatever the thing is
            answer, lines = asked(caller, door, things.get(about))
            if wanted is None:
                fits = answer.status_code not in {401, 403} and answer.status_code < 500
            else:
                fits = answer.status_code == wanted
            if not fits:
                wrong.append(f"{' '.join(door)} of {about}: {answer.status_code} and not {wanted}")
            if wanted in {403, 404} and lines:
                wrong.append(f"{' '.join(door)} of {about}: refused, and yet {lines} lines in the log")
    assert wrong == []


def test_without_a_key_nothing_is_told_apart(stranger, things):
    for door, row in MATRIX.items():
        answers = [asked(stranger, door, things[about])[0] for about in row]
        assert {answer.status_code for answer in answers} == {401}, door
        assert len({answer.content for answer in answers}) == 1, door
