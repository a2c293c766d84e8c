"""Which of the core's tests are proofs: those that show a claim over many examples instead of one."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count each property test among the proofs, so that the unit tests stay a matter of seconds."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("proof")
