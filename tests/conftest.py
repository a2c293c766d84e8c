"""What every test may use: the people, and a database that can be emptied although its log only grows."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from django.utils import translation

from staydown.apps.audit import guards
from tests.settings import POSTGRES

pytest_plugins = ["tests.people"]


def run(statements: list[str]) -> None:
    """Run these statements on the test's database."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(scope="session", autouse=True)
def log_can_be_emptied():
    """Tests with real transactions are cleaned up by emptying every table, which the log's guards rightly refuse."""
    emptied = TransactionTestCase._fixture_teardown

    def teardown(self):
        run(guards.lift(connection))
        emptied(self)
        run(guards.lay(connection))

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = emptied


@pytest.fixture(autouse=True)
def in_english():
    """A page in another language leaves the thread speaking it; no test may begin like that."""
    translation.activate(settings.LANGUAGE_CODE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the other database can do; `make test` runs the records' tests on both."""
    other = "sqlite" if POSTGRES else "postgres"
    left_out = [item for item in items if item.get_closest_marker(other)]
    items[:] = [item for item in items if not item.get_closest_marker(other)]
    config.hook.pytest_deselected(items=left_out)
