"""`staydown hash`: hashes on the standard output, faults on the other, and an exit status that a script can use."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from staydown.cli import files
from staydown.cli import hash as cli
from staydown.core.hashing.digest import md5
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.pdq import VARIANTS
from staydown.core.hashing.picture import hash_picture
from tests import clips, pictures

ROCKET = pictures.path("rocket.jpg")
FILM = clips.film(clips.scene(seconds=2))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.command, [str(each) for each in arguments])


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, one of them flat, one that breaks off, and what is no picture."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "whole.png").write_bytes(pictures.encoded(pictures.pattern(1, 120, 90), "PNG"))
    (tmp_path / "b" / "broken.png").write_bytes(pictures.encoded(pictures.pattern(2, 120, 90), "PNG")[:5000])
    (tmp_path / "a-flat.jpg").write_bytes(pictures.encoded(Image.new("RGB", (80, 60), "teal")))
    (tmp_path / "notes.txt").write_text("no picture")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_a_line_for_each_file() -> None:
    result = run(ROCKET)
    expected = hash_picture(ROCKET.read_bytes())
    assert result.exit_code == 0
    assert result.stdout == f"{expected.pdq.hex()}  quality 100      640x427  {ROCKET}\n"
    assert result.stderr == ""


def test_json_has_the_documented_keys_in_their_order() -> None:
    result = run("--json", ROCKET)
    (line,) = lines(result)
    assert list(line) == ["file", "algorithm", "hash", "quality", "width", "height"]
    expected = hash_picture(ROCKET.read_bytes())
    assert line == {
        "file": str(ROCKET),
        "algorithm": "pdq",
        "hash": expected.pdq.hex(),
        "quality": 100,
        "width": 640,
        "height": 427,
    }


def test_the_md5_is_a_line_of_its_own_where_it_is_asked_for(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(FILM)
    for file in (ROCKET, film):
        plain, told = lines(run("--json", file)), lines(run("--json", "--md5", file))
        assert told == [*plain, {"file": str(file), "algorithm": "md5", "hash": md5(file.read_bytes()).hex()}]
        assert run("--md5", file).stdout.splitlines()[-1] == f"{md5(file.read_bytes()).hex()}  md5"


def test_variants_are_named() -> None:
    expected = dict(zip(VARIANTS, (v.hex() for v in hash_picture(ROCKET.read_bytes()).variants), strict=True))
    (line,) = lines(run("--json", "--variants", ROCKET))
    assert line["variants"] == expected
    text = run("--variants", ROCKET).stdout.splitlines()
    assert [tuple(each.split("  ", 1)) for each in text[1:]] == [(h, n) for n, h in expected.items()][1:]
    assert text[0].startswith(expected["original"])


def test_a_folder_is_walked_in_order_and_what_is_no_picture_passed_over(folder: Path) -> None:
    result = run("--json", folder)
    assert result.exit_code == 1
    found = lines(result)
    assert [Path(str(line["file"])).relative_to(folder).as_posix() for line in found] == [
        "a-flat.jpg",
        "b/broken.png",
        "b/whole.png",
    ]
    assert [line.get("error") for line in found] == [None, "truncated", None]
    assert list(found[1]) == ["file", "error", "message"]
    assert f"{folder}/b/broken.png: This picture file ends too early." in result.stderr
    assert "(truncated)" in result.stderr
    assert "Passed over 1 " in result.stderr


def test_low_quality_is_said_in_words(folder: Path) -> None:
    result = run(folder / "a-flat.jpg")
    assert result.exit_code == 0
    assert result.stdout.endswith("(low quality: too little detail to tell it from other pictures)\n")


def test_a_file_named_by_hand_must_be_a_picture(folder: Path) -> None:
    result = run(folder / "notes.txt", folder / "b" / "whole.png")
    assert result.exit_code == 1
    assert "not_an_image" in result.stderr
    assert result.stdout.count("\n") == 1  # the other one is hashed all the same


def test_a_file_larger_than_the_limit_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = folder / "large.png"
    with large.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(files.LIMITS.max_bytes + 1)
    with (folder / "backup.tar").open("wb") as file:
        file.truncate(files.LIMITS.max_bytes + 1)  # no picture, so it is passed over like any other
    result = run("--json", folder)
    faults = {Path(str(line["file"])).name: line["error"] for line in lines(result) if "error" in line}
    assert faults == {"broken.png": "truncated", "large.png": "too_large"}
    assert "Passed over 2 " in result.stderr


def test_a_file_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: str = "r") -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    result = run("--json", folder / "b" / "whole.png")
    assert result.exit_code == 1
    (line,) = lines(result)
    assert line["error"] == "media"
    assert "Permission denied" in str(line["message"])


def test_a_folder_without_pictures_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    result = run(tmp_path)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "There are no pictures and no videos here." in result.stderr


@pytest.mark.parametrize("arguments", [(), ("/nowhere/at/all.jpg",), ("--jobs", "0", ROCKET), ("--nonsense", ROCKET)])
def test_a_wrong_call_is_status_2(arguments: tuple[object, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_name_that_is_no_text_is_printed_all_the_same(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"sch\xf6n.png")
    odd.write_bytes(pictures.encoded(pictures.pattern(1, 64, 64), "PNG"))
    assert run(odd).exit_code == 0
    (line,) = lines(run("--json", odd))
    assert str(line["file"]).endswith("n.png")


def test_a_video_has_a_line_in_json_and_one_a_frame_for_people(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(FILM)
    expected = hash_video(FILM)
    (line,) = lines(run("--json", film))
    assert list(line) == ["file", "algorithm", "width", "height", "duration", "frames"]
    assert (line["algorithm"], line["width"], line["height"], line["duration"]) == ("vpdq", 256, 192, 2)
    assert line["frames"] == [
        {"time": frame.time, "hash": frame.hash.hex(), "quality": frame.quality} for frame in expected.frames
    ]
    first, *others = run(film).stdout.splitlines()
    assert first == f"video of 0:02.0, 3 frames      256x192  {film}"
    assert others[0] == f"{expected.frames[0].hash.hex()}  quality 100  at 0.000 s"
    assert len(others) == 3
    assert [frame["time"] for frame in lines(run("--json", "--every", 0.4, film))[0]["frames"]] == [
        *(0, 0.4, 0.8, 1.2, 1.6),
        1.8,
    ]
    assert len(lines(run("--json", "--quick", film))[0]["frames"]) == 1


def test_a_folder_has_videos_and_pictures_that_move_in_it_too(tmp_path: Path) -> None:
    moving = clips.drawn(clips.scene(seconds=1), "WEBP")
    files_ = {"a.mp4": FILM, "b.webp": moving, "c.jpg": pictures.encoded(pictures.pattern(1)), "d.mp4": FILM[:9000]}
    for name, data in files_.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "e.avi").write_bytes(b"RIFF\0\0\0\0AVI LIST")
    result = run("--json", tmp_path)
    kinds = [line.get("algorithm") or line["error"] for line in lines(result)]
    assert kinds == ["vpdq", "vpdq", "pdq", "truncated", "unsupported_format"]
    assert "d.mp4: This video file ends too early." in result.stderr


def test_a_letterboxed_video_has_the_inside_of_its_bars_beside_each_frame(tmp_path: Path) -> None:
    frames = [np.pad(each, ((60, 60), (0, 0), (0, 0))) for each in clips.scene(size=(640, 360))[:2]]
    (tmp_path / "boxed.mp4").write_bytes(clips.film(frames))
    (line,) = lines(run("--json", tmp_path / "boxed.mp4"))
    assert [part["part"] for part in line["frames"][0]["parts"]] == ["inside"]


def test_many_files_show_a_bar_on_a_terminal_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for number in range(files.MANY):
        (tmp_path / f"{number}.bmp").write_bytes(pictures.encoded(Image.new("L", (8, 8), number), "BMP"))
    assert "Hashing" not in run(tmp_path).stderr
    monkeypatch.setenv("FORCE_COLOR", "1")  # what stands for a terminal
    assert "Hashing" in run(tmp_path).stderr


def test_it_needs_neither_django_nor_numba(folder: Path) -> None:
    program = f"""
import sys
from staydown.cli.main import group
try:
    group(["hash", {str(folder / "b" / "whole.png")!r}], prog_name="staydown")
except SystemExit as end:
    assert end.code == 0
print([name for name in ("django", "numba", "httpx", "starlette", "av") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)  # in a folder it would have been passed over, not opened
