"""What becomes of an upload: by what the node says, by what the file is, and by the operator's settings."""

from __future__ import annotations

import logging
import os

import httpx
import pytest

from staydown.core.bank import Action
from staydown.core.hashing.digest import sha256
from staydown.core.hashing.image import Limits
from staydown.core.hashing.picture import Picture, hash_picture
from staydown.errors import SettingError
from staydown.platforms.synapse.screening import Ruling, Screener, ScreeningSettings, name_of
from tests import pictures
from tests.screening.nodes import KEY, Stepped, entry

PHOTOGRAPH = pictures.path("chelsea.png").read_bytes()
MXC = "mxc://matrix.test/abc"
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(200)


class Local:
    """A hashing pool without processes, for what the test itself made."""

    def __init__(self, config: dict) -> None:
        self._limits = Limits(max_bytes=ScreeningSettings.read(config).longest)

    def hash(self, data: bytes, *, with_md5: bool = False) -> Picture:
        return hash_picture(data, self._limits, with_md5=with_md5)

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def ruled(tmp_path):
    """Rules on bytes as the module does on a file, by a node in this process or by ``node``."""
    key_file = tmp_path / "key"
    key_file.write_text(f"{KEY}\n")
    stepped = Stepped()

    def rule(data: bytes, *, node=None, **settings) -> Ruling:
        def answer(request: httpx.Request) -> httpx.Response:
            rule.asked.append(request.content)
            said = stepped.web.post(request.url.path, content=request.content, headers=dict(request.headers))
            return httpx.Response(said.status_code, content=said.content)

        given = {
            "node": "http://node.test",
            "key_file": str(key_file),
            "seconds": 30 if node is None else 0.05,
            **settings,
        }
        (tmp_path / "upload").write_bytes(data)
        with Screener(
            ScreeningSettings.read(given), httpx.MockTransport(node or answer), pool=Local(given)
        ) as screener:
            return screener.rule(tmp_path / "upload", MXC)

    rule.asked = []
    rule.bank = stepped.publisher.add
    rule.sync = stepped.sync
    stepped.sync()
    return rule


def down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("down")


def test_a_banked_picture_is_refused_and_its_copies_too(ruled):
    ruled.bank(entry(hash_picture(PHOTOGRAPH).pdq))
    ruled.sync()
    assert ruled(PHOTOGRAPH) is Ruling.REFUSE
    assert ruled(pictures.encoded(pictures.photograph("chelsea.png"), quality=50)) is Ruling.REFUSE
    assert ruled(pictures.path("coffee.png").read_bytes()) is Ruling.STORE


@pytest.mark.parametrize(("word", "ruling"), [("allow", Ruling.STORE), ("refuse", Ruling.REFUSE)])
def test_what_nobody_has_confirmed_is_stored_or_not_as_set(ruled, word, ruling):
    ruled.bank(entry(hash_picture(PHOTOGRAPH).pdq, action=Action.REVIEW))
    ruled.sync()
    assert ruled(PHOTOGRAPH, review=word) is ruling


def test_hashes_and_the_name_are_all_that_is_sent(ruled):
    ruled(PHOTOGRAPH)
    (asked,) = ruled.asked
    assert MXC.encode() in asked
    assert len(asked) < 8000
    assert PHOTOGRAPH[1000:1040] not in asked


@pytest.mark.parametrize(("word", "ruling"), [("refuse", Ruling.LATER), ("allow", Ruling.STORE)])
@pytest.mark.parametrize(
    "node",
    [
        down,
        lambda _: httpx.Response(503),
        lambda _: httpx.Response(403),
        lambda _: httpx.Response(200, text="a proxy's page"),
    ],
)
def test_while_nobody_answers_it_fails_closed_or_open_as_set_and_says_so(ruled, caplog, node, word, ruling):
    caplog.set_level(logging.WARNING)
    assert ruled(PHOTOGRAPH, node=node, unanswered=word) is ruling
    assert "was not screened" in caplog.text
    assert ruled(VIDEO, node=node, unanswered=word) is ruling


def test_it_fails_closed_unless_it_is_set(ruled):
    assert ruled(PHOTOGRAPH, node=down) is Ruling.LATER


@pytest.mark.parametrize("data", [b"", b"a text", os.urandom(5000), b"%PDF-1.7 " + bytes(100), b"<html>" + bytes(2000)])
def test_what_is_neither_picture_nor_video_is_stored_unasked(ruled, data):
    assert ruled(data, node=down) is Ruling.STORE
    assert ruled(data) is Ruling.STORE
    assert ruled.asked == []


@pytest.mark.parametrize(("word", "ruling"), [("refuse", Ruling.REFUSE), ("allow", Ruling.STORE)])
@pytest.mark.parametrize(
    "data", [PHOTOGRAPH[:5000], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n" + bytes(99)]
)
def test_a_picture_that_cannot_be_hashed_is_refused_or_not_as_set(ruled, data, word, ruling):
    assert ruled(data, unreadable=word) is ruling


def test_a_picture_that_is_too_large_cannot_be_hashed_and_is_not_asked_about(ruled):
    data = PHOTOGRAPH + bytes(100)
    assert ruled(data, longest=len(PHOTOGRAPH)) is Ruling.REFUSE
    assert ruled(data, longest=len(PHOTOGRAPH), unreadable="allow") is Ruling.STORE
    assert ruled.asked == []
    assert ruled(data, longest=len(data)) is Ruling.STORE


def test_a_video_is_known_at_least_by_its_bytes(ruled):
    assert ruled(VIDEO, unreadable="allow") is Ruling.STORE
    ruled.bank(entry(sha256(VIDEO)))
    ruled.sync()
    assert ruled(VIDEO, unreadable="allow") is Ruling.REFUSE


def test_no_hash_reaches_the_log(ruled, caplog):
    caplog.set_level(logging.DEBUG)
    ruled.bank(entry(hash_picture(PHOTOGRAPH).pdq))
    ruled.sync()
    ruled(PHOTOGRAPH)
    ruled(PHOTOGRAPH[:5000])
    found = hash_picture(PHOTOGRAPH)
    assert "refused" in caplog.text
    assert found.pdq.hex() not in caplog.text
    assert found.sha256.hex() not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"unanswerd": "refuse"}, "unanswerd"),
        ({"unanswered": "perhaps"}, "unanswered"),
        ({"review": True}, "review"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": "5"}, "seconds"),
        ({"seconds": float("inf")}, "seconds"),
        ({"workers": 1.5}, "workers"),
        ({"workers": True}, "workers"),
        ({"longest": -1}, "longest"),
        ({"node": ""}, "node"),
        ({"key_file": None}, "key_file"),
    ],
)
def test_a_wrong_setting_is_named(wrong, named):
    with pytest.raises(SettingError) as raised:
        ScreeningSettings.read({"node": "http://node.test", "key_file": "/key"} | wrong)
    assert raised.value.message.split()[0] == named or named in raised.value.message


@pytest.mark.parametrize("missing", ["node", "key_file"])
def test_a_missing_setting_is_named(missing):
    given = {"node": "http://node.test", "key_file": "/key"}
    del given[missing]
    with pytest.raises(SettingError, match=missing):
        ScreeningSettings.read(given)


def test_a_key_that_cannot_be_read_is_said(tmp_path):
    settings = ScreeningSettings.read({"node": "http://node.test", "key_file": str(tmp_path / "none")})
    with pytest.raises(SettingError, match="key_file"):
        settings.key()


def test_only_a_local_upload_has_a_name_by_which_it_is_found_later():
    assert name_of("matrix.test", "abc", None, is_preview=False) == MXC
    assert name_of("matrix.test", "of_its_own", "other.test", is_preview=False) == ""
    assert name_of("matrix.test", "2026-11-28_abc", None, is_preview=True) == ""
