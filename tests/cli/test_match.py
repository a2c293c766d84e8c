"""`staydown match`: copies are found, other pictures are not, and a file that cannot be read is never called clean."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from staydown.cli import files, match
from staydown.cli.hash import command as hash_command
from staydown.core.bank import Action, Entry
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.digest import md5
from staydown.core.hashing.picture import hash_picture
from staydown.core.matching import snapshot
from staydown.core.matching.multi_index import MultiIndex
from staydown.core.matching.video import VideoEntry, VideoIndex
from tests import clips, pictures

ZERO, NEAR, FAR = "00" * 32, "00" * 29 + "ffffff", "00" * 28 + "ffffffff"


def run(*args: object) -> Result:
    return CliRunner().invoke(match.command, list(map(str, args)))


def lines(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def listing(tmp_path):
    """A list with one hash, of 24 ones."""
    path = tmp_path / "known.txt"
    path.write_text(f"# ours\n{NEAR}\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Copies of one photograph in several shapes, another photograph, and files that are none."""
    path = tmp_path_factory.mktemp("pictures")
    cat = pictures.photograph("chelsea.png")
    (path / "deeper").mkdir()
    files = {
        "a-copy.jpg": pictures.encoded(cat.resize((300, 200)), quality=70),
        "b-mirrored.png": pictures.encoded(cat.transpose(0), "PNG"),
        "deeper/c-turned.jpg": pictures.encoded(cat.transpose(2)),
        "d-other.jpg": pictures.encoded(pictures.photograph("coffee.png")),
        "e-note.txt": b"not a picture at all",
        "f-cut.jpg": pictures.encoded(cat)[:5000],
    }
    for name, data in files.items():
        (path / name).write_bytes(data)
    return path


@pytest.fixture(scope="module")
def cat_list(tmp_path_factory):
    """What `staydown hash --json` prints of the photograph."""
    path = tmp_path_factory.mktemp("lists") / "banked.jsonl"
    found = hash_picture(pictures.encoded(pictures.photograph("chelsea.png")))
    fields = {"file": "cat.jpg", "algorithm": "pdq", "hash": found.pdq.hex(), "quality": found.quality}
    path.write_text(json.dumps(fields) + "\n")
    return path


def test_a_folder_is_walked_and_every_copy_found(folder, cat_list):
    result = run("--against", cat_list, "--json", folder)
    by_name = {Path(line["file"]).name: line for line in lines(result)}
    assert sorted(by_name) == ["a-copy.jpg", "b-mirrored.png", "c-turned.jpg", "d-other.jpg", "f-cut.jpg"]
    for name in ("a-copy.jpg", "b-mirrored.png", "c-turned.jpg"):
        [found] = by_name[name]["matches"]
        assert (found["line"], found["label"], found["algorithm"]) == (1, "cat.jpg", "pdq")
        assert found["distance"] <= 16
    assert by_name["d-other.jpg"]["matches"] == []
    assert by_name["f-cut.jpg"]["error"] == "truncated"
    assert result.exit_code == 1


def test_for_people(folder, cat_list):
    result = run("--against", cat_list, folder / "a-copy.jpg", folder / "d-other.jpg", folder / "e-note.txt")
    assert f"{folder / 'a-copy.jpg'}: 1 match\n    banked.jsonl, line 1 (cat.jpg): pdq, " in result.stdout
    assert f"{folder / 'd-other.jpg'}: no match\n" in result.stdout
    assert "e-note.txt: This file is not a picture." in result.stderr
    assert result.stderr.endswith("1 matches, 1 does not, 1 could not be hashed.\n")
    assert result.exit_code == 1


def test_a_picture_without_detail_is_only_looked_for_as_it_is(tmp_path):
    data = pictures.encoded(pictures.Image.new("RGB", (200, 200), "teal"), "PNG")
    (tmp_path / "plain.png").write_bytes(data)
    plain = hash_picture(data)
    (tmp_path / "list").write_text(f"{plain.pdq.hex()}\nsha256:{plain.sha256.hex()}\n")
    [line] = lines(run("--against", tmp_path / "list", "--json", tmp_path / "plain.png"))
    assert line["hashable"] is False
    assert [(found["line"], found["distance"]) for found in line["matches"]] == [(2, 0)]


def test_a_hash_by_hand(listing):
    result = run("--against", listing, "--json", "--hash", ZERO, "--hash", FAR, "--radius", 23)
    match_of_far = {"line": 2, "label": "", "algorithm": "pdq", "distance": 8}
    assert lines(result) == [
        {"hash": 1, "hashable": True, "matches": []},
        {"hash": 2, "hashable": True, "matches": [match_of_far]},
    ]
    assert result.exit_code == 0


@pytest.mark.parametrize(("radius", "found"), [(None, True), (24, True), (23, False), (0, False)])
def test_the_radius_is_31_unless_said(listing, radius, found):
    options = [] if radius is None else ["--radius", radius]
    result = run("--against", listing, "--hash", ZERO, "--fail-on-match", *options)
    assert result.exit_code == found
    assert (": no match" in result.stdout) is not found


def test_a_snapshot_names_bank_entry_and_action(tmp_path):
    entry = Entry(UUID(int=5), "reports", Hash.from_hex(Algorithm.PDQ, NEAR), 24, Action.REVIEW)
    snapshot.save(MultiIndex([entry]), tmp_path / "index")
    [line] = lines(run("--against", tmp_path / "index", "--json", "--hash", ZERO))
    what = {"bank": "reports", "action": "review", "algorithm": "pdq", "distance": 24}
    assert line["matches"] == [{"entry": str(entry.id), **what}]
    shown = run("--against", tmp_path / "index", "--hash", ZERO).stdout
    assert f"reports, entry {entry.id} (review): pdq, 24 bits away" in shown
    assert run("--against", tmp_path / "index", "--hash", ZERO, "--radius", 5).exit_code == 2


def test_a_snapshot_with_videos_knows_a_still_of_one(tmp_path):
    video = VideoEntry(
        UUID(int=6), "reports", [[Hash.from_hex(Algorithm.PDQ, NEAR)], [Hash.from_hex(Algorithm.PDQ, "f0" * 32)]]
    )
    snapshot.save(MultiIndex(), tmp_path / "index", VideoIndex([video]))
    [line] = lines(run("--against", tmp_path / "index", "--json", "--hash", ZERO))
    [found] = line["matches"]
    assert (found["entry"], found["bank"], found["algorithm"]) == (str(video.id), "reports", "vpdq")


def test_sha256_means_equality(tmp_path):
    (tmp_path / "list").write_text(f"{NEAR}\n")
    options = ["--against", tmp_path / "list", "--algorithm", "sha256", "--radius", 40, "--json"]
    same, other = lines(run(*options, "--hash", NEAR, "--hash", ZERO))
    assert [found["distance"] for found in same["matches"]] == [0]
    assert other["matches"] == []


def test_a_picture_and_a_video_are_known_by_their_md5_alone(tmp_path):
    files = {"a.jpg": pictures.path("rocket.jpg").read_bytes(), "b.mp4": clips.film(clips.scene(seconds=1))}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    known = tmp_path / "sums.md5"
    known.write_text("".join(f"{md5(data).hex()}  {name}\n" for name, data in files.items()))
    found = lines(run("--against", known, "--json", *(tmp_path / name for name in files)))
    assert [[(m["line"], m["label"], m["algorithm"]) for m in each["matches"]] for each in found] == [
        [(1, "a.jpg", "md5")],
        [(2, "b.mp4", "md5")],
    ]
    by_hand = run("--against", known, "--algorithm", "md5", "--hash", md5(files["b.mp4"]).hex())
    assert "line 2 (b.mp4): md5, the same" in by_hand.stdout


def test_hashes_without_detail_are_left_out_and_said(tmp_path):
    (tmp_path / "list").write_text(f"hash,quality\n{ZERO},20\n{NEAR},80\n")
    result = run("--against", tmp_path / "list", "--hash", ZERO)
    assert "1 hashes have too little detail" in result.stderr
    assert "line 3: pdq, 24 bits away" in result.stdout
    assert "line 2" not in result.stdout


def test_files_that_the_list_has_no_hash_of_are_said(tmp_path):
    fields = [{"file": "a.txt", "error": "not_an_image"}, {"algorithm": "pdq", "hash": NEAR}]
    (tmp_path / "list").write_text("".join(json.dumps(each) + "\n" for each in fields))
    result = run("--against", tmp_path / "list", "--hash", ZERO)
    assert result.stderr.startswith("1 file of the list was never hashed and cannot match.\n")
    assert "too little detail" not in result.stderr
    assert "line 2: pdq, 24 bits away" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [["--hash", "0f"], ["--hash", ZERO, "photo"], [], ["--hash", ZERO, "--radius", "64"], ["absent.jpg"]],
)
def test_a_wrong_call_has_status_2(listing, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo").touch()
    assert run("--against", listing, *arguments).exit_code == 2


def whole(*args: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "staydown", "match", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_bad_line_stops_everything_and_is_named(tmp_path):
    (tmp_path / "list").write_text(f"{ZERO}\n{ZERO}00\nhello\n")
    result = whole("--against", tmp_path / "list", "--hash", ZERO)
    assert result.returncode == 1
    assert "No valid hash on line 2, 3 of the list." in result.stderr
    assert ZERO[:16] not in result.stderr + result.stdout


def test_a_list_that_is_no_text(tmp_path):
    (tmp_path / "list").write_bytes(b"\xff\xfe\x00hello\x80")
    result = whole("--against", tmp_path / "list", "--hash", ZERO)
    assert result.returncode == 1
    assert "The list is not text" in result.stderr


def test_a_file_too_large_is_not_read(tmp_path, listing):
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff\xe0")
        file.truncate(files.LIMITS.max_bytes + 1)
    [line] = lines(run("--against", listing, "--json", tmp_path / "huge.jpg"))
    assert line["error"] == "too_large"


def test_a_copy_in_borders_meets_the_bare_picture_and_the_other_way_round(tmp_path):
    photograph = pictures.photograph("coffee.png")
    framed = pictures.Image.new("RGB", (photograph.width, photograph.height + 160))
    framed.paste(photograph, (0, 80))
    folder = tmp_path / "files"
    folder.mkdir()
    for name, image in (("bare.jpg", photograph), ("framed.jpg", framed)):
        (folder / name).write_bytes(pictures.encoded(image, quality=70))
        listed = CliRunner().invoke(hash_command, ["--json", str(folder / name)])
        (tmp_path / f"{name}.jsonl").write_text(listed.stdout)
    for banked in ("bare.jpg", "framed.jpg"):
        found = lines(run("--against", tmp_path / f"{banked}.jsonl", "--json", folder))
        assert [bool(line["matches"]) for line in found] == [True, True]


def test_videos_and_pictures_meet_in_every_direction(tmp_path):
    frames = clips.scene(seconds=4, size=(640, 360))
    still = tmp_path / "still.jpg"
    still.write_bytes(pictures.encoded(pictures.Image.fromarray(frames[10]), quality=80))
    (tmp_path / "film.mp4").write_bytes(clips.film(frames))
    (tmp_path / "clip.webm").write_bytes(clips.film(frames[4:18], "webm"))
    (tmp_path / "other.mp4").write_bytes(clips.film(clips.scene("rocket.jpg", 1, size=(640, 360))))
    banked = tmp_path / "banked.jsonl"
    banked.write_text(CliRunner().invoke(hash_command, ["--json", str(tmp_path / "film.mp4"), str(still)]).stdout)
    clip, film, other, photo = lines(
        run("--against", banked, "--json", *(tmp_path / name for name in ("clip.webm", "film.mp4", "other.mp4")), still)
    )
    assert other["matches"] == []
    for asked, entry_percent in ((clip, 60), (film, 100)):
        video, picture = asked["matches"]
        assert (video["line"], video["algorithm"], video["query_percent"]) == (1, "vpdq", 100)
        assert video["entry_percent"] >= entry_percent
        assert (picture["line"], picture["algorithm"]) == (2, "pdq")
    assert film["matches"][1]["time"] == 2, "when the banked picture is shown"
    assert {(found["line"], found["algorithm"]) for found in photo["matches"]} == {(1, "vpdq"), (2, "pdq")}
    shown = run("--against", banked, tmp_path / "film.mp4").stdout
    assert "video, 100 % of this and 100 % of that" in shown
    assert ", at 2.0 s" in shown
    by_hand = lines(run("--against", banked, "--json", "--hash", hash_picture(still.read_bytes()).pdq.hex()))
    assert [found["algorithm"] for found in by_hand[0]["matches"]] == ["pdq", "vpdq"]
