"""Videos at POST /v1/screen: a banked picture inside one is a match, and what cannot be looked at is never clean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from staydown.core.bank import Action
from staydown.core.hashing.digest import sha256
from staydown.core.hashing.picture import hash_picture
from staydown.screening import films
from tests import clips, pictures
from tests.screening.nodes import EXPLAINER, Stepped, entry

SIZE = (480, 270)
SCENE = clips.scene(seconds=2, size=SIZE)
FILM = clips.film(SCENE)
STILL = hash_picture(pictures.encoded(clips.Image.fromarray(SCENE[6]), quality=80))


@pytest.fixture
def stepped() -> Iterator[Stepped]:
    stepped = Stepped().sync()
    yield stepped
    stepped.node.films.close()


def sent(stepped: Stepped, data: bytes, url: str = "/v1/screen", **options: object) -> object:
    return stepped.web.post(url, files={"file": ("film.mp4", data)}, **options)


@pytest.mark.parametrize("action", list(Action))
def test_a_banked_picture_in_a_video_is_a_match(stepped, action):
    stepped.publisher.add(one := entry(STILL.pdq, action=action))
    stepped.sync()
    reply = sent(stepped, FILM, "/v1/screen?explain=1", headers={"authorization": f"Bearer {EXPLAINER}"}).json()
    assert (reply["action"], reply["hashable"]) == (action.value, True)
    assert [found["entry"] for found in reply["matches"]] == [str(one.id)]
    assert stepped.node.hits.waiting == 1
    assert 'answers_total{action="' + action.value + '",of="video"} 1.0' in stepped.node.metrics.text().decode()


def test_a_video_without_one_is_allowed(stepped):
    stepped.publisher.add(entry(STILL.pdq))
    stepped.sync()
    other = clips.film(clips.scene("rocket.jpg", 1, size=SIZE))
    assert sent(stepped, other).json() == {"action": "allow", "hashable": True, "hit_id": None}


def test_a_picture_that_moves_is_looked_at_whole(stepped):
    stepped.publisher.add(entry(STILL.pdq))
    stepped.sync()
    moving = clips.drawn([np.zeros_like(SCENE[0]), *SCENE[5:8]], "WEBP")
    assert sent(stepped, moving).json()["action"] == "block"


def test_a_damaged_video_blocks_by_what_it_shows_and_is_never_called_clean(stepped):
    whole = clips.film(SCENE, container_options={"movflags": "frag_keyframe+empty_moov"}, every_key=3)
    part = whole[: len(whole) * 8 // 10]
    reply = sent(stepped, part)
    assert (reply.status_code, reply.json()["code"]) == (422, "corrupt")
    stepped.publisher.add(entry(STILL.pdq))
    stepped.sync()
    assert sent(stepped, part).json()["action"] == "block"


def test_a_video_that_cannot_be_decoded_is_a_problem_unless_its_bytes_are_known(stepped):
    broken = FILM[:4000]
    reply = sent(stepped, broken)
    assert (reply.status_code, reply.json()["code"]) == (422, "truncated")
    stepped.publisher.add(entry(sha256(broken)))
    stepped.sync()
    assert sent(stepped, broken).json()["action"] == "block"


def test_a_video_that_takes_too_long_is_a_problem():
    slow = Stepped(video_seconds=0.01).sync()
    reply = sent(slow, FILM)
    assert (reply.status_code, reply.json()["code"]) == (422, "too_slow")
    slow.node.films.close()


def test_videos_that_wait_leave_room_for_pictures(stepped, monkeypatch):
    monkeypatch.setattr(films, "WAITING_EACH", 0)
    assert sent(stepped, FILM).json()["code"] == "busy"
    assert sent(stepped, pictures.encoded(pictures.pattern(3))).status_code == 200
