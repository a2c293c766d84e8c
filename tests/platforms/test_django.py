"""A Django site's validator and storage, with a node in this process."""

from __future__ import annotations

import io

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.files.base import ContentFile, File

from staydown.client import Verdict
from staydown.errors import UploadRefusedError, UploadUncheckedError
from staydown.platforms import django
from staydown.platforms.rules import Rules
from tests.platforms.uploads import AGAIN, BANKED, CUT, OTHER, client, node

OPEN = Rules(unreachable=Verdict.ALLOW, unhashable=Verdict.ALLOW)
SETTINGS = {"NODE": "https://node.test", "KEY": "sdn_live_x"}


class Pipe(io.BytesIO):
    """What can be read once."""

    def seekable(self) -> bool:
        return False


@pytest.fixture
def behind(monkeypatch, tmp_path):
    """Puts the doors of this process before a node, and hands out a storage behind them."""

    def made(by, rules=Rules()):  # noqa: B008 - frozen
        monkeypatch.setattr(django, "door", lambda: django.Door(client(by), rules))
        return django.ScreenedFileSystemStorage(tmp_path)

    return made


@pytest.mark.parametrize("data", [BANKED, AGAIN])
def test_a_banked_picture_is_refused_by_the_form_and_by_the_storage(behind, tmp_path, data):
    storage = behind(node())
    with pytest.raises(ValidationError) as raised:
        django.validate_upload(ContentFile(data, "a.jpg"))
    assert raised.value.code == "upload_refused"
    with pytest.raises(UploadRefusedError):
        storage.save("a.jpg", ContentFile(data))
    assert list(tmp_path.iterdir()) == []


def test_what_passes_is_stored_whole(behind, tmp_path):
    storage = behind(node())
    for name, data in (("a.png", OTHER), ("b.txt", b"words"), ("c.txt", b"")):
        django.validate_upload(ContentFile(data))
        assert (tmp_path / storage.save(name, ContentFile(data))).read_bytes() == data
    assert (tmp_path / storage.save("d.txt", ContentFile("words as text"))).read_text() == "words as text"


def test_while_nobody_answers_it_is_closed_or_open_as_the_operator_chose(behind):
    with pytest.raises(UploadUncheckedError):
        behind(None).save("a.png", ContentFile(OTHER))
    assert behind(None, OPEN).save("a.png", ContentFile(OTHER)) == "a.png"


def test_what_cannot_be_looked_at_is_no_clean_file(behind, tmp_path):
    storage = behind(node())
    for content in (ContentFile(CUT), File(Pipe(OTHER), "a.png")):
        with pytest.raises(UploadUncheckedError):
            storage.save("a.png", content)
    with pytest.raises(UploadUncheckedError):
        behind(node(), Rules(longest=1000)).save("a.png", ContentFile(OTHER))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_stored_already_is_not_looked_at_again(behind):
    behind(node())
    stored = ContentFile(BANKED)
    stored._committed = True
    django.validate_upload(stored)


def test_the_settings_are_read_once_they_are_needed(settings):
    django._door.cache_clear()
    settings.STAYDOWN_SCREENING = {**SETTINGS, "UNREACHABLE": "allow", "REFUSED": ["block", "review"], "LONGEST": 9}
    door = django.door()
    assert door.rules == Rules(frozenset({Verdict.BLOCK, Verdict.REVIEW}), Verdict.ALLOW, Verdict.BLOCK, 9)
    assert django.door() is door
    door.client.close()
    django._door.cache_clear()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"NODE": SETTINGS["NODE"]},
        {"KEY": SETTINGS["KEY"]},
        {**SETTINGS, "NODE": "node.test"},
        {**SETTINGS, "UNREACHABLE": "perhaps"},
        {"NODE": SETTINGS["NODE"], "KEY_FILE": "/nowhere/screen.key"},
    ],
)
def test_settings_that_are_none_are_named(settings, given):
    django._door.cache_clear()
    settings.STAYDOWN_SCREENING = given
    with pytest.raises(ImproperlyConfigured, match="STAYDOWN_SCREENING: "):
        django.door()
