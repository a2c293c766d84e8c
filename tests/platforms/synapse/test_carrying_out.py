"""What the adapter does to media and answers, whatever is down, in the way, or taken back meanwhile."""

from __future__ import annotations

import threading

import pytest

from staydown.errors import DeniedError, SettingError, UnreachableError
from staydown.platforms.synapse.carrying_out import (
    EMPTY,
    NOT_DONE,
    OTHERS,
    PROTECTED,
    SEALED,
    Begun,
    CarryingOut,
    Round,
    Rounds,
)
from staydown.platforms.synapse.casework import Casework
from staydown.platforms.synapse.homeserver import SYSTEM, Homeserver
from tests.platforms.synapse.sides import US, House, Office

NAME = "matrix.test/abc"
MXC = f"mxc://{NAME}"
BOSS = "@boss:matrix.test"


class Between:
    """The adapter between the two; `again` is one that starts anew on the same folder."""

    def __init__(self, folder) -> None:
        self.house, self.office, self._folder = House(), Office(), folder
        self.again()

    def again(self) -> None:
        casework = Casework("https://staydown.test", "sdn_live_key", transport=self.office.transport)
        homeserver = Homeserver("https://matrix.test", "syt_token", transport=self.house.transport)
        self.begun = Begun(self._folder / "begun")
        self.work = CarryingOut(casework, homeserver, self.begun)


@pytest.fixture
def between(tmp_path) -> Between:
    return Between(tmp_path)


@pytest.mark.parametrize(
    ("kind", "before", "result", "after"),
    [
        ("remove", None, "removed", US),
        ("disable", None, "disabled", US),
        ("remove", BOSS, "removed", BOSS),
        ("restore", US, "restored", None),
        ("restore", SYSTEM, "restored", None),
        ("restore", None, "restored", None),
        ("restore", BOSS, "failed", BOSS),
    ],
)
def test_media_ends_as_it_was_asked_and_the_answer_says_so(between, kind, before, result, after):
    between.house.media[NAME] = before
    action = between.office.ask(kind, MXC)
    assert between.work.round() == (1, 0, 0)
    assert (action["result"], between.house.media[NAME]) == (result, after)
    assert between.office.details == [OTHERS if result == "failed" else ""]
    assert list(between.begun) == []


def test_media_that_is_not_here_is_not_found(between):
    action = between.office.ask("remove", MXC)
    between.work.round()
    assert action["result"] == "not_found"


def test_protected_media_and_a_homeserver_that_does_nothing_are_failures_with_a_name(between):
    between.house.media = {NAME: None, "matrix.test/deaf": None}
    between.house.protected.add(NAME)
    between.office.ask("remove", MXC)
    between.work.round()
    between.house.is_deaf = True
    between.office.ask("remove", "mxc://matrix.test/deaf")
    between.work.round()
    assert between.office.details == [PROTECTED, NOT_DONE]
    assert {action["result"] for action in between.office.actions.values()} == {"failed"}


def test_a_round_that_is_repeated_changes_nothing(between):
    between.house.media[NAME] = None
    between.office.ask("remove", MXC)
    between.work.round()
    changes = [call for call in between.house.calls if call.startswith("POST")]
    between.work.round()
    assert [call for call in between.house.calls if call.startswith("POST")] == changes
    assert len(between.office.details) == 1


@pytest.mark.parametrize("side", ["house", "office"])
def test_what_is_decided_while_one_of_them_is_down_is_done_afterwards(between, side):
    between.house.media[NAME] = None
    action = between.office.ask("remove", MXC)
    getattr(between, side).down = True
    with pytest.raises(UnreachableError):
        between.work.round()
    assert action["state"] == "asked"
    getattr(between, side).down = False
    between.again()
    between.work.round()
    assert (action["result"], between.house.media[NAME]) == ("removed", US)


def test_what_was_done_and_taken_back_before_it_could_be_answered_is_answered_by_the_next_process(between):
    between.house.media[NAME] = None
    action = between.office.ask("remove", MXC)
    quarantine = between.house.answer

    def last_words(request, path):
        between.office.down = (path.endswith(NAME) and request.method == "POST") or between.office.down
        return quarantine(request, path)

    between.house.answer = last_words
    with pytest.raises(UnreachableError):
        between.work.round()
    assert between.house.media[NAME] == US
    between.office.down, between.house.answer = False, quarantine
    action["state"] = "cancelled"
    between.again()
    between.work.round()
    assert (action["state"], action["result"]) == ("cancelled", "removed")
    assert list(between.begun) == []


def test_what_was_taken_back_before_it_was_done_is_left_alone(between):
    between.house.media[NAME] = None
    action = between.office.ask("remove", MXC)
    between.begun.note(action["id"])
    action["state"] = "cancelled"
    between.work.round()
    assert (action["result"], between.house.media[NAME], list(between.begun)) == ("", None, [])


def test_other_files_in_its_folder_are_none_of_its_business(between, tmp_path):
    (tmp_path / "begun" / ".DS_Store").touch()
    assert between.work.round() == (0, 0, 0)


def test_a_fault_about_one_action_does_not_hold_up_the_others(between):
    between.house.media = {NAME: None, "matrix.test/odd": 7}
    between.office.ask("remove", "mxc://matrix.test/odd")
    other = between.office.ask("remove", MXC)
    assert between.work.round() == (1, 1, 0)
    assert other["result"] == "removed"


@pytest.mark.parametrize(("side", "status", "error"), [("house", 403, DeniedError), ("office", 401, DeniedError)])
def test_a_key_that_is_not_taken_is_said_and_nothing_is_answered(between, side, status, error):
    between.house.media[NAME] = None
    action = between.office.ask("remove", MXC)
    getattr(between, side).status = status
    with pytest.raises(error):
        between.work.round()
    assert action["result"] == ""


@pytest.mark.parametrize("status", [404, 500, 502, 429, 302])
def test_a_proxys_error_page_is_never_taken_for_media_that_is_gone(between, status):
    action = between.office.ask("remove", MXC)
    between.house.status = status
    assert between.work.round() == (0, 1, 0)
    assert action["result"] == ""


def test_what_is_not_in_matrix_is_left_to_others_and_said_once(between, caplog):
    between.office.ask("remove", "post/123")
    between.office.ask("remove", None, url="https://forum.test/post/123")
    for _ in range(2):
        assert between.work.round() == (0, 0, 2)
    assert len([each for each in caplog.records if "left to whoever" in each.message]) == 2
    assert between.house.calls == []


def test_lists_of_many_pages_are_read_to_their_end(between):
    between.office.page = 2
    for number in range(5):
        between.house.media[f"matrix.test/m{number}"] = None
        between.office.ask("remove", f"mxc://matrix.test/m{number}")
    assert between.work.round() == (5, 0, 0)
    assert set(between.house.media.values()) == {US}


def shows(*media: str) -> dict:
    """A message that shows a picture with its thumbnail, or with one name or none."""
    url, small = (*media, None, None)[:2]
    return {"type": "m.room.message", "content": {"msgtype": "m.image", "url": url, "info": {"thumbnail_url": small}}}


LINK = "https://matrix.to/#/!room:matrix.test/$event?via=matrix.test"


def test_what_a_message_shows_is_hidden_with_its_thumbnail(between):
    between.house.media = {NAME: None, "matrix.test/small": None}
    between.house.messages["$event"] = shows(MXC, "mxc://matrix.test/small")
    action = between.office.ask("remove", None, url=LINK)
    between.work.round()
    assert action["result"] == "removed"
    assert set(between.house.media.values()) == {US}


@pytest.mark.parametrize(
    ("message", "result", "detail"),
    [
        (None, "not_found", ""),
        (shows(), "failed", EMPTY),
        ({"type": "m.room.encrypted", "content": {"ciphertext": "..."}}, "failed", SEALED),
        (shows("mxc://matrix.test/gone"), "not_found", ""),
        (shows("mxc://matrix.test/gone", MXC), "removed", ""),
        (shows(MXC, "mxc://matrix.test/kept"), "failed", PROTECTED),
    ],
)
def test_a_message_that_is_unknown_sealed_empty_or_half_done(between, message, result, detail):
    between.house.media = {NAME: None, "matrix.test/kept": None}
    between.house.protected.add("matrix.test/kept")
    if message:
        between.house.messages["$event"] = message
    action = between.office.ask("remove", None, url=LINK)
    assert between.work.round() == (1, 0, 0)
    assert (action["result"], between.office.details) == (result, [detail])


@pytest.mark.parametrize("url", ["", "matrix.test", "ftp://matrix.test", "https://me:pw@matrix.test", "https://x?y=1"])
def test_an_address_that_is_none_is_refused_without_being_quoted(url):
    with pytest.raises(SettingError) as raised:
        Homeserver(url, "syt_token")
    assert not url or url not in raised.value.message


@pytest.mark.parametrize("token", ["", "two words", "tökén", "line\n"])
def test_a_key_that_is_none_is_refused_without_being_quoted(token):
    with pytest.raises(SettingError) as raised:
        Casework("https://staydown.test", token)
    assert not token or token not in raised.value.message


def test_a_folder_that_cannot_be_used_is_a_setting_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError):
        Begun(tmp_path / "file" / "begun")


class Told:
    """Work that counts its rounds, and fails as it is told to."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.rounds = threading.Semaphore(0)

    def round(self) -> Round:
        """Nothing to do, or the fault."""
        self.rounds.release()
        if self.fault:
            raise self.fault
        return Round(0, 0, 0)


def test_a_webhook_leads_to_a_round_at_once_and_a_fault_to_another_one_soon():
    work = Told()
    work.fault = RuntimeError("nobody foresaw this")
    rounds = Rounds(work, every=3600, pauses=(0.001, 0.01))
    rounds.start()
    try:
        for _ in range(3):
            assert work.rounds.acquire(timeout=10)
        assert rounds.fault == "error"
        work.fault = UnreachableError()
        while rounds.fault != "unreachable":
            assert work.rounds.acquire(timeout=10)
        work.fault = None
        while rounds.fault is not None:
            rounds.wake()
            assert work.rounds.acquire(timeout=10)
        rounds.wake()
        assert work.rounds.acquire(timeout=10)
    finally:
        rounds.end()
