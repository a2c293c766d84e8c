"""Role by address by thing: what each role may see and do of each thing that an address of the console can name.

Read off the URL configuration: an address with a thing in it and without rows here is a fault, and so is a kind of
thing of which nobody is refused one.
"""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from django.db import transaction
from django.urls import reverse

from staydown.apps.accounts.models import Role
from staydown.apps.audit.models import Line
from staydown.apps.console import urls
from staydown.apps.console.doors import ROLES
from tests.apps.console.conftest import signed_in
from tests.apps.console.test_doors import MAY
from tests.apps.console.world import World
from tests.people import member

pytestmark = pytest.mark.django_db

GONE = {"absent": 404}
#: What of a case that is worked on somebody may do, and that a case of a minor is not there for any of them.
HIDDEN = {"locked": 404, "child": 404, **GONE}

#: Each address, each thing, and what a role that may use the address is answered: a status, or one for each role. For
#: every other role it is 403, whatever the thing is, so that nobody learns whether it is there.
MATRIX = {
    ("GET", "case"): {"open": 200, "held": 200, "done": 200, **HIDDEN},
    ("POST", "decide"): {"open": 302, "held": 409, "done": 422, **HIDDEN},
    ("POST", "renew"): {"open": 302, "held": 302, "done": 302, **HIDDEN},
    ("POST", "release"): {"open": 302, "held": 302, "done": 302, **HIDDEN},
    ("POST", "take_over"): {"open": 302, "held": 302, "done": 302, **HIDDEN},
    ("POST", "assign"): {"open": 302, "held": 302, "done": 302, **HIDDEN},
    ("POST", "note"): {"open": 302, "held": 302, "done": 302, **HIDDEN},
    ("POST", "unfounded"): {"open": 302, "held": 302, "done": 302, **HIDDEN},
    ("POST", "suspect"): {"open": 302, "held": 302, "done": 302, **HIDDEN},
    ("POST", "ask"): {"open": 302, "held": 302, "done": 302, **HIDDEN},
    ("GET", "restore"): {"open": 200, "taken": 200, **HIDDEN},
    ("POST", "restore"): {"open": 422, "taken": 302, **HIDDEN},
    ("GET", "erase"): {"open": 200, "done": 200, **HIDDEN},
    ("POST", "erase"): {"open": 409, "done": 409, "closed": 302, **HIDDEN},
    ("GET", "minor"): {"locked": 200, "child": 200, "open": 404, "done": 404, **GONE},
    ("POST", "minor_remove"): {"locked": 302, "child": 302, "open": 404, "done": 404, **GONE},
    ("POST", "minor_refer"): {"locked": 302, "child": 302, "open": 404, "done": 404, **GONE},
    ("POST", "minor_unlock"): {"locked": 302, "child": 302, "open": 404, "done": 404, **GONE},
    ("POST", "minor_answer"): {"locked": 302, "child": 404, "open": 404, "done": 404, **GONE},
    ("POST", "proposal"): {"proposal": {"admin": 404, "*": 302}, "own proposal": 302, "unlock": 404, **GONE},
    ("GET", "appeal"): {"appeal": 200, "own decision": 200, "locked appeal": 404, **GONE},
    ("POST", "appeal"): {"appeal": 302, "own decision": 409, "locked appeal": 404, **GONE},
    ("GET", "law"): {"law": 200, "no law": 404},
    ("GET", "endpoint"): {"endpoint": 200, "removed endpoint": 404, **GONE},
    ("POST", "endpoint"): {"endpoint": 302, "removed endpoint": 404, **GONE},
    ("POST", "replay"): {"delivery": 302, **GONE},
    ("GET", "source"): {"followed source": 200, "removed source": 404, **GONE},
    ("POST", "source_do"): {"followed source": 302, "removed source": 404, **GONE},
    ("GET", "source_change"): {"followed source": 200, "removed source": 404, **GONE},
    ("POST", "source_change"): {"followed source": 302, "removed source": 404, **GONE},
    ("GET", "source_remove"): {"followed source": 200, "removed source": 404, **GONE},
    ("POST", "source_remove"): {"followed source": 302, "removed source": 404, **GONE},
    ("POST", "source_say"): {"record of followed": 302, "record of removed": 404, **GONE},
    ("GET", "key_revoke"): {"key": 200, "revoked key": 404, **GONE},
    ("POST", "key_revoke"): {"key": 302, "revoked key": 404, **GONE},
    ("GET", "member"): {"person": 200, **GONE},
    ("POST", "member"): {"person": 302, **GONE},
    ("POST", "view_change"): {"view": 302, "view of another": 404, **GONE},
}
#: What is refused although the thing is there and shown: nothing is changed by it.
REFUSED = {403, 404, 409, 422}
#: What comes back with the case on it says so in the log, for the report was read.
READING = {"decide": 1, "appeal": 1}


class Undo(Exception):  # noqa: N818 - not an error
    """Takes back what one request did, so that the next one finds the same world."""


def expected(row: dict[str, object], about: str, role: str) -> int:
    status = row[about]
    return status.get(role, status["*"]) if isinstance(status, dict) else status


def asked(client, method, name, thing, body):
    """What is answered, and how many lines that wrote to the log; nothing of it is kept."""
    found = []
    with suppress(Undo), transaction.atomic():
        before = Line.objects.count()
        answer = (
            client.generic("GET", reverse(f"console:{name}", args=[thing]))
            if method == "GET"
            else client.post(reverse(f"console:{name}", args=[thing]), body)
        )
        found = [answer, Line.objects.count() - before]
        raise Undo
    return found


def test_every_address_that_names_a_thing_has_its_rows():
    named = {pattern.name for pattern in urls.urlpatterns if re.search(r"<\w+:\w+>", str(pattern.pattern))}
    assert {(method, name) for method, name in MAY if name in named} == set(MATRIX)


def test_of_every_kind_of_thing_one_is_refused_and_one_is_not():
    for door, row in MATRIX.items():
        answers = set()
        for status in row.values():
            answers |= set(status.values()) if isinstance(status, dict) else {status}
        assert 404 in answers, door
        assert answers & {200, 302}, door


@pytest.mark.parametrize("role", Role.values)
def test_role_by_address_by_thing(role):
    visitor = member("visitor", role)
    world, client, wrong = World(visitor), signed_in(visitor), []
    for (method, name), row in MATRIX.items():
        not_there = set()  # what is hidden and what is not there look the same
        for about in row:
            wanted = expected(row, about, role) if role in ROLES[name] else 403
            answer, lines = asked(client, method, name, world.ids[about], world.body(name, about))
            if answer.status_code != wanted:
                wrong.append(f"{method} {name} of {about}: {answer.status_code} and not {wanted}")
            if answer.status_code in REFUSED and method == "POST" and lines > READING.get(name, 0):
                wrong.append(f"{method} {name} of {about}: refused, and yet {lines} lines in the log")
            if answer.status_code in {403, 404}:
                not_there.add(visible(answer))
        if len(not_there) > 1:
            wrong.append(f"{method} {name}: it shows whether a thing is there")
    assert wrong == []


def visible(answer) -> str:
    """The page without what differs on every answer."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
