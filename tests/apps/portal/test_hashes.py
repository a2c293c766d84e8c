"""Hashes from the page and from a paste: taken exactly, everything beside them dropped."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from django.utils.translation import override

from staydown.apps.portal import hashes
from staydown.cli.hash import command
from staydown.core.hashing.picture import hash_picture
from staydown.errors import InvalidError
from tests import pictures

PDQ = "1f" * 32
SHA = "2e" * 32


def line(**told: object) -> str:
    return json.dumps({"file": "/home/me/secret.jpg", "algorithm": "pdq", "hash": PDQ, "quality": 80, **told})


def test_json_lines_of_the_command():
    assert hashes.from_paste(line()) == [{"pdq": PDQ, "quality": 80, "sha256": None}]


def test_a_digest_on_the_same_line():
    assert hashes.from_paste(line(sha256=SHA)) == [{"pdq": PDQ, "quality": 80, "sha256": SHA}]


def test_a_digest_on_a_line_of_its_own_joins_its_file():
    digest = json.dumps({"file": "/home/me/secret.jpg", "algorithm": "sha256", "hash": SHA})
    assert hashes.from_paste(f"{line()}\n{digest}") == [{"pdq": PDQ, "quality": 80, "sha256": SHA}]


def test_plain_hash_and_quality():
    assert hashes.from_paste(f"  {PDQ.upper()}, 77 \n\n") == [{"pdq": PDQ, "quality": 77, "sha256": None}]


def test_what_the_command_prints(tmp_path, capfd):
    """Both forms of the real command, a file that it refuses among them."""
    photo = tmp_path / "secret.png"
    photo.write_bytes(pictures.encoded(pictures.pattern(1), "PNG"))
    (tmp_path / "words.png").write_text("no picture")
    wanted = hash_picture(photo.read_bytes())
    for option in ([], ["--json"]):
        said = CliRunner().invoke(command, [*option, "--jobs", "1", str(photo)]).stdout
        (found,) = hashes.from_paste(said)
        assert (found["pdq"], found["quality"]) == (wanted.pdq.hex(), wanted.quality)
    refused = CliRunner().invoke(command, ["--json", "--jobs", "1", str(tmp_path / "words.png")]).stdout
    assert hashes.from_paste(refused) == []


def test_no_name_stays():
    assert "secret" not in repr(hashes.from_paste(line()))


@pytest.mark.parametrize("read", [hashes.from_page, hashes.from_paste])
@pytest.mark.parametrize("nested", ["[" * 100_000, '{"a":' * 100_000])
def test_json_nested_too_deeply_is_refused_by_name(read, nested):
    with pytest.raises(InvalidError):
        read(nested)


def test_an_md5_beside_a_hash_is_passed_over():
    told = json.dumps({"file": "a.jpg", "algorithm": "md5", "hash": "0f" * 16})
    assert hashes.from_paste(f"{line()}\n{told}") == hashes.from_paste(line())


@pytest.mark.parametrize(
    "text", ["x", PDQ, f"{PDQ} 101", line(quality=-1), line(hash="1f"), line(algorithm="sha1"), "[]"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(InvalidError):
        hashes.from_paste(text)


def test_too_many_pictures_are_refused():
    many = [{"pdq": f"{number:064x}", "quality": 80, "sha256": None} for number in range(hashes.MOST + 1)]
    with pytest.raises(InvalidError):
        hashes.merged(many[:1], many[1:])
    assert len(hashes.merged(many[:-1], many[:-1])) == hashes.MOST


FRAMES = [{"hash": PDQ, "quality": 80}, {"hash": SHA, "quality": 20}, {"hash": SHA, "quality": 60}]
VIDEO = {"pdq": "", "quality": 100, "sha256": None, "frames": [PDQ, SHA]}


def test_a_video_is_its_frames_with_detail():
    page = json.dumps([{"frames": FRAMES, "quality": 80, "sha256": None, "name": "secret.mp4"}])
    assert hashes.from_page(page) == [VIDEO]
    pasted = {"file": "secret.mp4", "algorithm": "vpdq", "frames": [{"time": 1.0, **each} for each in FRAMES]}
    assert hashes.from_paste(json.dumps(pasted)) == [VIDEO]
    (given,) = hashes.given([VIDEO], start=3)
    assert (given.label, given.frames, given.pdq_hex) == ("Video 3", (PDQ, SHA), "")


def test_a_dark_video_is_its_digest_or_refused():
    dark = [{"hash": PDQ, "quality": 3}]
    (found,) = hashes.from_page(json.dumps([{"frames": dark, "sha256": SHA}]))
    assert found == {"pdq": "", "quality": 0, "sha256": SHA, "frames": []}
    assert hashes.rows([found, VIDEO]) == [
        {"number": 1, "index": 0, "is_video": True, "is_plain": True},
        {"number": 2, "index": 1, "is_video": True, "is_plain": False},
    ]
    with pytest.raises(InvalidError):
        hashes.from_page(json.dumps([{"frames": dark, "sha256": None}]))


def test_videos_of_hours_need_a_second_report(monkeypatch):
    monkeypatch.setattr(hashes, "MOST_FRAMES", 3)
    other = {**VIDEO, "frames": [SHA, PDQ]}
    assert hashes.merged([VIDEO], [VIDEO]) == [VIDEO]
    with pytest.raises(InvalidError, match="too long"):
        hashes.merged([VIDEO], [other])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["1 picture", "2 videos"]),
        ("de", ["1 Bild", "2 Videos"]),
        ("es", ["1 imagen", "2 vídeos"]),
        ("fr", ["1 image", "2 vidéos"]),
        ("ko", ["사진 1개", "동영상 2개"]),
    ],
)
def test_pictures_and_videos_are_counted_apart_in_words(language, words):
    picture = {"pdq": PDQ, "quality": 90, "sha256": None}
    with override(language):
        assert hashes.counted([VIDEO, picture, VIDEO]) == words
        assert hashes.counted([picture]) == words[:1]
        assert hashes.counted([VIDEO, VIDEO]) == words[1:]
    assert hashes.counted([]) == []
