"""Which of the core's tests are proofs: those that show a claim over many examples instead of one."""

from __future__ import annotations

from pathlib import Path

import pytest

WHOLE = "\npytestmark = pytest.mark.proof"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even load a file of proofs for the unit tests: making its videos and loading numba takes seconds."""
    if config.option.markexpr != "not proof" or collection_path.suffix != ".py":
        return None
    return True if WHOLE in collection_path.read_text() else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count each property test among the proofs, so that the unit tests stay a matter of seconds."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("proof")
