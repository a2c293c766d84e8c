"""Notes for colleagues, sealed and in the log without a word of them; and the count of what a person uncovered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps

from staydown.apps.audit.querysets import history
from staydown.apps.cases.actions import noting
from staydown.apps.cases.models import Exposure, Note
from staydown.errors import DeniedError, InvalidError

pytestmark = pytest.mark.django_db


def test_a_note_is_for_colleagues_alone(at_bea, at_cem, at_uli, sent, case, client):
    address = f"/staff/cases/{case.public_id}/"
    page = at_bea.post(f"{address}note/", {"words": "canary: ask her helpline"}, follow=True).content.decode()
    assert "canary: ask her helpline" in page
    assert "left a note for colleagues" in page
    assert "canary" in at_cem.get(address).content.decode()
    assert "canary" not in at_uli.get(address).content.decode()
    assert "canary" not in client.post("/status/", {"code": sent.code}).content.decode()
    assert "canary" not in str([(line.facts, line.about) for line in history(case)])
    note = Note.objects.get()
    assert b"canary" not in bytes(Note.objects.filter(pk=note.pk).values_list("words", flat=True)[0].data)


def test_a_note_says_something(at_bea, bea, uli, case):
    assert "write something" in at_bea.post(f"/staff/cases/{case.public_id}/note/", {}, follow=True).content.decode()
    with pytest.raises(InvalidError):
        noting.note(case, "x" * 5_001, staff=bea)
    with pytest.raises(DeniedError):
        noting.note(case, "hello", staff=uli)
    assert not Note.objects.exists()


def test_what_is_uncovered_is_counted_and_a_pause_offered(at_bea, at_cem, bea):
    said = [at_bea.post("/staff/reveals/").json() for _ in range(noting.PAUSE_EVERY)]
    assert [each["reveals"] for each in said] == list(range(1, noting.PAUSE_EVERY + 1))
    assert [each["pause"] for each in said] == [False] * (noting.PAUSE_EVERY - 1) + [True]
    assert at_cem.post("/staff/reveals/").json() == {"reveals": 1, "pause": False}
    assert Exposure.objects.get(staff=bea).reveals == noting.PAUSE_EVERY


def test_nothing_in_the_console_has_a_sound_or_starts_by_itself(at_bea, case):
    policy = at_bea.get(f"/staff/cases/{case.public_id}/")["Content-Security-Policy"]
    media = next(part.split()[1:] for part in policy.split("; ") if part.startswith("media-src"))
    assert media == ["blob:"]  # no address at all
    console = Path(apps.get_app_config("staydown_console").path)
    files = [path for kind in ("*.html", "*.js") for path in console.rglob(kind)]
    assert len(files) > 30
    found = [path.name for path in files if re.search(r"<video|<audio|new Audio|autoplay|\"video\"", path.read_text())]
    assert found == []
