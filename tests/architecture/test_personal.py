"""Nobody adds a column to the models without saying whether it holds something of a person."""

from __future__ import annotations

from tests.personal import undeclared, unknown


def test_every_column_is_declared_personal_or_harmless():
    assert undeclared() == set()


def test_nothing_is_declared_that_no_model_has():
    assert unknown() == set()
