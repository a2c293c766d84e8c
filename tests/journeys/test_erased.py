"""What is erased is nowhere: not in the database, not beside it, not in a copy of it, not in what was printed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys

import pytest

from tests.journeys.conftest import clean, start

pytestmark = pytest.mark.journey

STORY = """
import json, sys
from datetime import date, timedelta
from pathlib import Path
from staydown.project import django
django.setup(Path(sys.argv[1]))
from django.apps import apps
from django.db import connection
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import actions, keeping
from staydown.apps.cases.actions import forgetting
from staydown.apps.cases.models import Action, Case, Report
from tests import factories

def columns():
    sealed = set()
    for names in keeping.ARTEFACTS.values():
        for name in names:
            model, field = name.split(".")
            table = apps.get_model("staydown_cases", model)._meta.db_table
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {field} FROM {table} WHERE {field} IS NOT NULL")
                sealed |= {bytes(value).hex() for (value,) in cursor.fetchall()}
    return sealed

system = Actor.system()
given = factories.submitted(links=["https://platform.test/canary-link"], contact="canary-contact")
case = Case.objects.get(pk=given.case.pk)
said = {"verdict": "remove", "regime_id": "uk-osa-10-3A", "reason": "canary-reason"}
actions.decide(case, **said, version=case.version, by=system)
entry = case.items.exclude(pdq_entry=None).get().pdq_entry
for asked in Action.objects.all():
    actions.record_outcome(asked, result="removed", detail="canary-detail", by=system)
actions.record_hits([factories.hit(entry, content_ref="canary-upload")], by=system)
before = columns()
forgetting.tick(by=system, today=date.today())
done = forgetting.tick(by=system, today=date.today() + timedelta(days=4000))
connection.close()
print(json.dumps({"done": done, "sealed": sorted(before)}))
"""


def test_nothing_of_a_forgotten_case_is_left_in_any_file(tmp_path):
    process, site = start(tmp_path / "data")
    process.kill()
    process.communicate()
    told = subprocess.run(
        [sys.executable, "-c", STORY, str(site.data)], env=clean(), capture_output=True, text=True, check=True
    )
    said = json.loads(told.stdout.splitlines()[-1])
    assert said["done"] == 4  # three artefacts of the case, and the uploads
    sealed = [bytes.fromhex(each) for each in said["sealed"]]
    assert len(sealed) >= 7

    copy = tmp_path / "backup.sqlite3"
    with sqlite3.connect(site.data / "staydown.sqlite3") as database, sqlite3.connect(copy) as backup:
        database.backup(backup)
    files = [path for path in (*site.data.rglob("*"), copy) if path.is_file()]
    assert len(files) >= 3
    for path in files:
        whole = path.read_bytes()
        assert b"canary" not in whole, path.name
        assert [each for each in sealed if each in whole] == [], path.name
    assert "canary" not in told.stderr

    verified = subprocess.run(
        [sys.executable, "-m", "staydown", "audit", "verify", "--data", str(site.data)],
        env=clean(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr


def test_the_search_finds_what_is_not_erased(tmp_path):
    """The same search, before anything is erased: else it would prove nothing."""
    process, site = start(tmp_path / "data")
    process.kill()
    process.communicate()
    story = STORY.replace("forgetting.tick(by=system, today=date.today() + timedelta(days=4000))", "0")
    told = subprocess.run(
        [sys.executable, "-c", story, str(site.data)], env=clean(), capture_output=True, text=True, check=True
    )
    sealed = [bytes.fromhex(each) for each in json.loads(told.stdout.splitlines()[-1])["sealed"]]
    held = b"".join(path.read_bytes() for path in site.data.iterdir() if path.is_file())
    assert all(each in held for each in sealed)
