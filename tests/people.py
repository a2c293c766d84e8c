"""The people of the tests. Every test knows who must be refused.

Amara reports; Bea moderates; Cem leads and is the second person; Dora reports too and must see nothing of Amara's; Uli
audits and changes nothing; Ada administers.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit.actor import Actor

PASSWORD = "correct horse battery 9"


@dataclass(frozen=True)
class Reporter:
    """Someone who reports. Everything in here is made up."""

    relation: str
    contact: str
    words: str
    signature: str


AMARA = Reporter(
    relation="These are pictures of me",
    contact="amara.canary@reporter.test",
    words="My former partner put these pictures online. I never agreed to that.",
    signature="Amara Canary Nwosu",
)
DORA = Reporter(
    relation="These are pictures of me",
    contact="dora.canary@reporter.test",
    words="Someone took these from my phone.",
    signature="Dora Canary Lind",
)


def member(name: str, role: str) -> Staff:
    """A saved member of staff who signs in as ``name`` with `PASSWORD`."""
    return Staff.objects.create_user(username=name, password=PASSWORD, role=role, pseudonym=f"{name}-at-work")


@pytest.fixture
def amara() -> Reporter:
    """A reporter."""
    return AMARA


@pytest.fixture
def dora() -> Reporter:
    """Another reporter, who must see nothing of Amara's."""
    return DORA


@pytest.fixture
def bea(db) -> Staff:
    """A moderator."""
    return member("bea", Role.MODERATOR)


@pytest.fixture
def cem(db) -> Staff:
    """A lead, and the second person where two are needed."""
    return member("cem", Role.LEAD)


@pytest.fixture
def uli(db) -> Staff:
    """An auditor."""
    return member("uli", Role.AUDITOR)


@pytest.fixture
def ada(db) -> Staff:
    """An administrator."""
    return member("ada", Role.ADMIN)


@pytest.fixture
def system() -> Actor:
    """staydown itself."""
    return Actor.system()
