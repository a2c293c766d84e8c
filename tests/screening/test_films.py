"""Videos at POST /v1/screen: a banked picture inside one is a match, and what cannot be looked at is never clean."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from staydown.core.bank import Action
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Hash
from staydown.core.hashing.digest import md5, sha256
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.picture import hash_picture
from staydown.screening import films
from tests import clips, pictures
from tests.screening.nodes import EXPLAINER, Stepped, entry

SIZE = (480, 270)
SCENE = clips.scene(seconds=2, size=SIZE)
AROUND = clips.scene("rocket.jpg", 2, size=SIZE)
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


def test_a_video_is_known_by_its_md5_whether_it_can_be_decoded_or_not(stepped):
    for data in (FILM, FILM[:4000]):
        stepped.publisher.add(entry(md5(data), action=Action.REVIEW))
    stepped.sync()
    assert sent(stepped, FILM).json()["action"] == "review"
    assert sent(stepped, FILM[:4000]).json()["action"] == "review"
    assert sent(stepped, clips.film(AROUND)).json()["action"] == "allow"


def test_a_video_that_takes_too_long_is_a_problem():
    slow = Stepped(video_seconds=0.01).sync()
    reply = sent(slow, FILM)
    assert (reply.status_code, reply.json()["code"]) == (422, "too_slow")
    slow.node.films.close()


def test_videos_that_wait_leave_room_for_pictures(stepped, monkeypatch):
    monkeypatch.setattr(films, "WAITING_EACH", 0)
    assert sent(stepped, FILM).json()["code"] == "busy"
    assert sent(stepped, pictures.encoded(pictures.pattern(3))).status_code == 200


def banked(frames: object) -> Hash:
    """A video as it is banked: one frame a second."""
    return bag.packed(frame.banked for frame in hash_video(clips.film(frames)).frames)  # type: ignore[arg-type]


LONG = clips.scene("coffee.png", 5, size=SIZE)
LONG_HASH = banked(LONG)
CLIP_HASH = banked(LONG[5:16])


def explained(stepped: Stepped, data: bytes) -> dict[str, object]:
    headers = {"authorization": f"Bearer {EXPLAINER}"}
    return sent(stepped, data, "/v1/screen?explain=1", headers=headers).json()  # type: ignore[attr-defined]


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(
    ("banked_as", "frames", "options"),
    [
        (LONG_HASH, LONG, {"quality": 38}),
        (LONG_HASH, LONG[::5], {"rate": 1}),
        (LONG_HASH, [np.ascontiguousarray(each[:, ::-1]) for each in LONG], {}),
        (LONG_HASH, [np.pad(each, ((60, 60), (0, 0), (0, 0))) for each in LONG], {}),
        (LONG_HASH, LONG[6:20], {}),
        (CLIP_HASH, [*AROUND, *LONG[3:18], *AROUND], {}),
    ],
    ids=["compressed", "a lower rate", "mirrored", "letterboxed", "a clip of it", "a banked clip inside"],
)
def test_a_banked_video_does_what_its_entry_says(stepped, action, banked_as, frames, options):
    stepped.publisher.add(one := entry(banked_as, action=action, radius=31))
    stepped.sync()
    reply = explained(stepped, clips.film(frames, **options))
    assert reply["action"] == action.value
    (match,) = reply["matches"]
    assert (match["entry"], match["algorithm"], match["action"]) == (str(one.id), "vpdq", action.value)
    assert max(match["query_percent"], match["entry_percent"]) >= 80
    assert [hit.action for hit in stepped.node.hits._waiting.values()] == [action]


@pytest.mark.parametrize("kind", ["webm", "mov", "matroska", "GIF", "WEBP"])
def test_a_copy_in_another_format_is_found(stepped, kind):
    stepped.publisher.add(entry(LONG_HASH, radius=31))
    stepped.sync()
    part = LONG[3:19]
    copy = clips.drawn(part, kind) if kind.isupper() else clips.film(part, kind)
    assert sent(stepped, copy).json()["action"] == "block"


def test_a_frame_of_a_banked_video_asks_for_a_review_at_most(stepped):
    stepped.publisher.add(entry(LONG_HASH, radius=31))
    stepped.sync()
    still = explained(stepped, pictures.encoded(clips.Image.fromarray(LONG[10]), quality=80))
    assert (still["action"], still["matches"][0]["query_percent"]) == ("review", 100)
    with_one = explained(stepped, clips.film([*AROUND, *LONG[10:12], *AROUND]))
    assert with_one["action"] == "review"
    assert 0 < with_one["matches"][0]["entry_percent"] < 80
    assert explained(stepped, clips.film(AROUND))["action"] == "allow"


def test_a_banked_video_lets_go_at_once(stepped):
    stepped.publisher.add(one := entry(LONG_HASH, radius=31))
    stepped.sync()
    data = clips.film(LONG[6:20])
    assert sent(stepped, data).json()["action"] == "block"
    assert stepped.web.get("/v1/index").json() | {"lag_seconds": 0} == {
        "entries": 1, "videos": 1, "cursor": 1, "lag_seconds": 0,
    }  # fmt: skip
    stepped.publisher.withdraw(one.id)
    stepped.sync()
    assert sent(stepped, data).json() == {"action": "allow", "hashable": True, "hit_id": None}
    assert len(stepped.node.videos) == 0


def test_a_client_is_answered_from_its_own_banks(stepped):
    stepped.publisher.add(entry(LONG_HASH, radius=31, bank="other"))
    stepped.publisher.allow("sdn_live_house", "screen", banks=["house"])
    stepped.sync()
    data = clips.film(LONG[6:20])
    assert sent(stepped, data).json()["action"] == "block"
    house = {"authorization": "Bearer sdn_live_house"}
    assert sent(stepped, data, headers=house).json()["action"] == "allow"
    still = {"hashes": [{"algorithm": "pdq", "value": bag.frames_of(LONG_HASH)[2][0].hex()}]}
    assert stepped.web.post("/v1/screen", json=still).json()["action"] == "review"
    assert stepped.web.post("/v1/screen", json=still, headers=house).json()["action"] == "allow"


def at_home(data: bytes, **options: object) -> dict[str, object]:
    """The question of a platform that hashes videos itself."""
    frames = [
        {"time": frame.time, "hash": frame.hash.hex(), "quality": frame.quality} for frame in hash_video(data).frames
    ]
    return {"hashes": [{"algorithm": "vpdq", "frames": frames}], **options}


def test_a_video_that_was_hashed_elsewhere(stepped):
    stepped.publisher.add(entry(LONG_HASH, radius=31))
    stepped.sync()
    copy, other = at_home(clips.film(LONG)), at_home(clips.film(AROUND))
    assert stepped.web.post("/v1/screen", json=copy).json()["action"] == "block"
    assert stepped.web.post("/v1/screen", json=other).json()["action"] == "allow"
    answers = stepped.web.post("/v1/screen/batch", json={"items": [other, copy]}).json()["answers"]
    assert [each["action"] for each in answers] == ["allow", "block"]
    told = stepped.node.metrics.text().decode()
    assert [f'answers_total{{action="{each}",of="video"}} 2.0' in told for each in ("allow", "block")] == [True, True]
    stepped.publisher.add(entry(hash_picture(pictures.encoded(clips.Image.fromarray(AROUND[5]))).pdq))
    stepped.sync()
    assert stepped.web.post("/v1/screen", json=other).json()["action"] == "block", "a banked picture in it"
    flat = {"hashes": [{"algorithm": "vpdq", "frames": [f"{'00' * 32},3,0.0"]}]}
    assert stepped.web.post("/v1/screen", json=flat).json() == {"action": "allow", "hashable": False, "hit_id": None}


@pytest.mark.parametrize(
    "video",
    [
        {"frames": []},
        {"frames": "x"},
        {},
        {"frames": ["x"]},
        {"frames": [{"hash": "0f" * 32}]},
        {"frames": [{"hash": "0f" * 32, "quality": 90, "time": -1}]},
        {"frames": [{"hash": "0f" * 32, "quality": 90, "time": "soon"}]},
        {"frames": [{"hashes": [f"{number:064x}" for number in range(33)]}]},
        {"frames": ["0f" * 32], "value": "0f"},
        {"frames": ["0f" * 32] * 5001},
    ],
)
def test_a_video_that_is_not_whole_is_refused(stepped, video):
    reply = stepped.web.post("/v1/screen", json={"hashes": [{"algorithm": "vpdq", **video}]})
    assert reply.status_code == 422
    assert "0f0f" not in reply.text
    two = {"hashes": [{"algorithm": "vpdq", "frames": ["0f" * 32]}] * 2}
    assert stepped.web.post("/v1/screen", json=two).status_code == 422
