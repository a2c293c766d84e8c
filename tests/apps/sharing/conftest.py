"""What the tests of sources share."""

from __future__ import annotations

import pytest

from staydown.apps.banks import actions as banks
from staydown.apps.sharing import sources


@pytest.fixture
def shared(system):
    """The bank that sources bring to."""
    return banks.open_bank("shared", by=system)


@pytest.fixture
def policy(shared):
    """The usual policy."""
    return sources.Policy(bank=shared)
