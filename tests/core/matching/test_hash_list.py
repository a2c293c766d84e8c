"""Lists of hashes in every form that people keep them in, and the lines that hold none."""

from __future__ import annotations

import json

import pytest

from staydown.core.hashing.algorithm import Algorithm
from staydown.core.matching.hash_list import read
from staydown.errors import HashError

ONE, TWO, MD5 = "0f" * 32, "a5" * 32, "3c" * 16


def shown(lines: list[str], **options: Algorithm) -> list[tuple]:
    found = [each for each in read(lines, **options) if each.hash]
    return [(each.line, each.hash.algorithm.value, each.hash.hex(), each.label) for each in found]


def test_one_hash_a_line():
    lines = ["\ufeff# those of March", "", ONE.upper(), f"  {TWO} \r\n", f"sha256:{ONE}"]
    assert shown(lines) == [(3, "pdq", ONE, ""), (4, "pdq", TWO, ""), (5, "sha256", ONE, "")]


def test_lines_that_name_no_algorithm_have_the_one_asked_for():
    assert shown([ONE], algorithm=Algorithm.SHA256) == [(1, "sha256", ONE, "")]


def test_a_hash_of_sixteen_bytes_is_an_md5_whatever_is_asked_for():
    assert shown([MD5.upper(), ONE, f"md5 {MD5}"]) == [(1, "md5", MD5, ""), (2, "pdq", ONE, ""), (3, "md5", MD5, "")]
    assert shown([MD5], algorithm=Algorithm.SHA256) == [(1, "md5", MD5, "")]
    assert shown([json.dumps({"hash": MD5})]) == [(1, "md5", MD5, "")]


def test_what_md5sum_and_sha256sum_write():
    sums = [f"{MD5}  a b.mp4", f"{MD5} *c.mp4", f"\\{MD5}  d\\ne.mp4"]
    assert shown(sums) == [(1, "md5", MD5, "a b.mp4"), (2, "md5", MD5, "c.mp4"), (3, "md5", MD5, "d\\ne.mp4")]
    assert shown([f"{ONE}  a.mp4"], algorithm=Algorithm.SHA256) == [(1, "sha256", ONE, "a.mp4")]


@pytest.mark.parametrize("name", ["md5", "MD5", "HASH_MD5", "HASH_VIDEO_MD5", "VideoMD5", "video_md5"])
def test_each_name_of_md5(name):
    assert shown(["signal_type,signal_value", f"{name},{MD5}"]) == [(2, "md5", MD5, "")]
    assert shown([f"{name}:{MD5}"]) == [(1, "md5", MD5, "")]


def test_csv_under_a_header():
    lines = ["Name, Hash ,algorithm,quality", f'"a, b.jpg",{ONE},pdq,90', f"c.jpg,{TWO},SHA256,", f"d.jpg,{TWO},,"]
    expected = [(2, "pdq", ONE, "a, b.jpg"), (3, "sha256", TWO, "c.jpg"), (4, "pdq", TWO, "d.jpg")]
    assert shown(lines) == expected
    assert [each.quality for each in read(lines)] == [90, None, None]


def test_csv_with_a_byte_order_mark_and_the_other_names():
    assert shown(["\ufeffname,value", f'"a, b",{ONE}']) == [(2, "pdq", ONE, "a, b")]


def test_csv_with_a_column_for_each_algorithm():
    assert shown(["pdq,sha256", f"{ONE},", f",{TWO}"]) == [(2, "pdq", ONE, ""), (3, "sha256", TWO, "")]


def test_what_the_hash_command_prints():
    lines = [
        json.dumps({"file": "a.jpg", "algorithm": "pdq", "hash": ONE, "quality": 100, "width": 5, "height": 5}),
        json.dumps({"file": "b.txt", "error": "not_an_image", "message": "This file is not a picture."}),
        json.dumps({"file": "c.png", "algorithm": "sha256", "hash": TWO}),
    ]
    assert shown(lines) == [(1, "pdq", ONE, "a.jpg"), (3, "sha256", TWO, "c.png")]
    assert [each.quality for each in read(lines)] == [100, None, None]


def test_a_file_that_could_not_be_hashed_is_there_without_a_hash():
    [found] = read([json.dumps({"file": "b.txt", "error": "not_an_image", "message": "This file is not a picture."})])
    assert (found.line, found.hash, found.label, found.is_usable) == (1, None, "b.txt", False)


def test_a_hash_beside_an_error_is_not_lost():
    assert shown(["file,pdq,error", f"a.jpg,{ONE},", f"b.jpg,{TWO},odd"]) == [
        (2, "pdq", ONE, "a.jpg"),
        (3, "pdq", TWO, "b.jpg"),
    ]
    assert [each.hash for each in read(["file,pdq,error", "c.txt,,not_an_image"])] == [None]


def test_what_the_export_of_a_bank_holds():
    fields = {"entry": "x", "algorithm": "sha256", "hash": ONE, "radius": 0, "action": "block", "state": "pending"}
    assert shown([json.dumps(fields)]) == [(1, "sha256", ONE, "")]


def test_a_picture_with_too_little_detail_is_of_no_use_for_pdq():
    lines = [json.dumps({"algorithm": name, "hash": ONE, "quality": 49}) for name in ("pdq", "sha256")]
    assert [each.is_usable for each in read(lines)] == [False, True]


def test_an_empty_list():
    assert read([]) == []
    assert read(["# nothing yet", "hash"]) == []


@pytest.mark.parametrize(
    ("lines", "bad"),
    [
        ([ONE, "hello", TWO, ONE[:-2], ONE], "2, 4"),
        (["hello"], "1"),
        ([f"md5:{ONE}", f"pdq:{MD5}", f"{ONE}  a.jpg", f"{ONE}  quality 90  8x8  a.jpg"], "1, 2, 3, 4"),
        (["hash,quality", ONE, f"{ONE},high", "x,90"], "2, 3, 4"),
        ([json.dumps({"hash": ONE}), "{", "null", "[]", "7", '"x"', '{"hash": 5}', "{}"], "2, 3, 4, 5, 6, 7, 8"),
        ([json.dumps({"hash": ONE, "error": ""}), json.dumps({"hash": ONE, "quality": []})], "2"),
        ([json.dumps({"hash": ONE}), json.dumps({"hash": ONE, "algorithm": "md5"})], "2"),
        ([json.dumps({"hash": ONE}), '{"hash": null}', '{"error": ""}', '{"error": "x", "hash": "0f"}'], "2, 3, 4"),
        (["hash,quality", f"{ONE},0", f"{ONE},100", f"{ONE},-1", f"{ONE},101"], "4, 5"),
        ([json.dumps({"hash": ONE}), f'{{"hash": "{ONE}", "quality": Infinity}}'], "2"),
        (["algorithm,hash", f"pdq,{ONE}", f"pdq,{TWO},extra", "pdq"], "3, 4"),
        ([ONE[:-1], ONE[:-1] + "g"], "1, 2"),
        (["x"] * 20, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …"),
    ],
)
def test_lines_without_a_hash_are_named_and_not_shown(lines, bad):
    with pytest.raises(HashError) as error:
        read(lines)
    assert error.value.message == f"No valid hash on line {bad} of the list. Correct or remove it."


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "list"
    path.write_bytes(b"\xff\xfe\x00hello\x80")
    with path.open(encoding="utf-8") as file, pytest.raises(HashError, match="not text"):
        read(file)


def test_nothing_of_a_hash_is_shown():
    assert repr(read([ONE])) == "[<Listed, line 1>]"


def test_a_video_is_a_line_with_its_frames_that_have_detail():
    frames = [
        {"time": 0.0, "hash": ONE, "quality": 100, "parts": [{"part": "inside", "hash": TWO, "quality": 70}]},
        {"time": 1.0, "hash": TWO, "quality": 49},
        f"{TWO},50,2.000",
    ]
    lines = [json.dumps({"file": "film.mp4", "algorithm": "vpdq", "frames": frames}), json.dumps({"hash": ONE})]
    video, picture = read(lines)
    assert (video.is_video, picture.is_video) == (True, False)
    assert (video.label, video.hash, video.is_usable) == ("film.mp4", None, False)
    assert [[each.hex() for each in frame] for frame in video.frames or ()] == [[ONE, TWO], [TWO]]


@pytest.mark.parametrize(
    "frames", [None, "x", [ONE[:-1]], [{}], [{"hash": ONE}], [{"hash": "0f", "quality": 90}], [5], 7]
)
def test_a_video_without_good_frames_is_a_bad_line(frames):
    fields = {"algorithm": "vpdq", **({} if frames is None else {"frames": frames})}
    with pytest.raises(HashError, match="line 1"):
        read([json.dumps(fields)])
