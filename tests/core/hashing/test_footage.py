"""Videos to the hashes of their frames: every container, every way in which frames are stored, the frames chosen."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from staydown.core.hashing.algorithm import LEAST_QUALITY, USUAL_RADIUS
from staydown.core.hashing.digest import sha256
from staydown.core.hashing.footage import hash_video
from staydown.core.hashing.pdq import pdq
from staydown.core.hashing.picture import hash_picture
from staydown.core.hashing.video import Video, VideoLimits
from staydown.errors import UnsupportedFormatError
from tests import clips, pictures

SCENE = clips.scene()
GIF = clips.drawn(SCENE, "GIF")
NEAR = 10  # bits that compression may cost


def distances(video: Video, frames: tuple[clips.Pixels, ...] = SCENE, rate: int = 5) -> list[int]:
    """How far each hashed frame is from the frame that was filmed at its time."""
    return [each.hash.distance(pdq(frames[round(each.time * rate)]).hash) for each in video.frames]


@pytest.mark.parametrize("kind", ["mp4", "mov", "matroska", "webm", "GIF", "WEBP", "PNG", "AVIF"])
def test_every_container_is_read(kind: str) -> None:
    data = GIF if kind == "GIF" else clips.drawn(SCENE, kind) if kind.isupper() else clips.film(SCENE, kind)
    video = hash_video(data)
    assert [frame.time for frame in video.frames] == [0, 1, 2, 3, 3.8], "one a second, and the last"
    assert max(distances(video)) <= NEAR
    assert (video.width, video.height, video.duration) == (256, 192, 4)
    assert video.sha256 == sha256(data)
    assert video.is_whole
    assert all(frame.quality >= LEAST_QUALITY for frame in video.frames)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_frames_without_a_time_are_shown_for_a_tenth_of_a_second_as_in_browsers(kind: str) -> None:
    """A picture that says nothing of time would otherwise be known by its first and last frame alone."""
    video = hash_video(clips.drawn(SCENE, kind, rate=1000))
    assert [frame.time for frame in video.frames] == [0, 1, 1.9]
    assert max(distances(video, rate=10)) <= NEAR


@pytest.mark.parametrize(
    ("codec", "kind", "pix_fmt"),
    [
        ("libvpx-vp9", "webm", "yuv420p"),
        ("libsvtav1", "mp4", "yuv420p"),
        ("mpeg4", "mp4", "yuv420p"),
        ("prores", "mov", "yuv422p10le"),
        ("mjpeg", "mov", "yuvj420p"),
        ("libx264", "mp4", "yuv444p"),
        ("libx264", "mp4", "yuv420p10le"),
    ],
)
def test_every_codec_and_depth_is_read(codec: str, kind: str, pix_fmt: str) -> None:
    video = hash_video(clips.film(SCENE, kind, codec=codec, pix_fmt=pix_fmt))
    assert len(video.frames) == 5
    assert max(distances(video)) <= NEAR


def test_a_codec_that_is_not_on_the_list_does_not_run() -> None:
    with pytest.raises(UnsupportedFormatError):
        hash_video(clips.film(SCENE[:3], "matroska", codec="ffv1"))


@pytest.mark.proof
@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("colours", ["ITU601", "ITU709"])
@pytest.mark.parametrize("name", ["coffee.png", "astronaut.png", "chelsea.png"])
def test_the_first_plane_is_what_luma_of_rgb_would_be(name: str, colours: str, full_range: bool) -> None:
    data = clips.film(clips.scene(name, size=(640, 360))[:6:2], full_range=full_range, quality=23)
    video = hash_video(data, every=0.2)
    with av.open(io.BytesIO(data)) as container:
        decoded = list(container.decode(video=0))
    assert len(video.frames) == len(decoded) == 3
    for ours, frame in zip(video.frames, decoded, strict=True):
        through_rgb = pdq(frame.reformat(format="rgb24", src_colorspace=colours).to_ndarray())
        assert ours.hash.distance(through_rgb.hash) <= (4 if colours == "ITU601" else NEAR)
        assert abs(ours.quality - through_rgb.quality) <= 3


@pytest.mark.parametrize(
    ("matrix", "upright"),
    [
        ((1, 0, 0, 1), lambda a: a),
        ((-1, 0, 0, 1), np.fliplr),
        ((-1, 0, 0, -1), lambda a: np.rot90(a, 2)),
        ((1, 0, 0, -1), np.flipud),
        ((0, 1, 1, 0), lambda a: a.transpose(1, 0, 2)),
        ((0, 1, -1, 0), lambda a: np.rot90(a, -1)),
        ((0, -1, -1, 0), lambda a: np.rot90(a, 2).transpose(1, 0, 2)),
        ((0, -1, 1, 0), lambda a: np.rot90(a, 1)),
    ],
)
def test_a_video_is_hashed_as_it_is_shown(matrix: tuple[int, int, int, int], upright: object) -> None:
    video = hash_video(clips.turned(clips.film(SCENE[:2]), matrix))
    shown = np.ascontiguousarray(upright(SCENE[0]))  # type: ignore[operator]
    assert (video.height, video.width) == shown.shape[:2]
    assert video.frames[0].hash.distance(pdq(shown).hash) <= 2


def test_frames_are_chosen_by_time_whatever_the_rate() -> None:
    frames = clips.scene(seconds=2.5, rate=24)
    assert [frame.time for frame in hash_video(clips.film(frames, rate=24)).frames] == [0, 1, 2, 2.458]
    assert [frame.time for frame in hash_video(clips.film(frames, "webm", rate=24)).frames] == [0, 1, 2, 2.458]
    assert [frame.time for frame in hash_video(clips.film(frames, rate=24), every=0.5).frames] == [
        *(0, 0.5, 1, 1.5, 2),
        2.458,
    ]


def test_a_video_slower_than_one_frame_a_second_gives_every_frame() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height = 256, 192
        for number, pixels in enumerate(SCENE[::5]):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = 3 * number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert [frame.time for frame in hash_video(out.getvalue()).frames] == [0, 3, 6, 9]


def test_the_quick_mode_decodes_key_frames_only() -> None:
    data = clips.film(SCENE, every_key=10)
    quick = hash_video(data, quick=True)
    exact = {frame.time: frame for frame in hash_video(data, every=0.2).frames}
    assert [frame.time for frame in quick.frames] == [0, 2]
    assert all(frame == exact[frame.time] for frame in quick.frames)


@pytest.mark.parametrize("kind", ["mov", "GIF"])
def test_the_quick_mode_of_a_video_of_nothing_but_key_frames_still_takes_one_a_second(kind: str) -> None:
    data = clips.film(SCENE, kind, codec="mjpeg", pix_fmt="yuvj420p") if kind == "mov" else GIF
    quick = hash_video(data, quick=True)
    assert [frame.time for frame in quick.frames] == [0, 1, 2, 3, 3.8]
    assert quick.frames == hash_video(data).frames


def test_a_frame_and_the_still_of_it_have_one_hash() -> None:
    frames = clips.scene("astronaut.png", size=(640, 480))[:6]
    still = hash_picture(pictures.encoded(clips.Image.fromarray(frames[0]), quality=90))
    assert hash_video(clips.film(frames)).frames[0].hash.distance(still.pdq) <= NEAR


def test_what_is_transparent_is_white() -> None:
    cut = clips.Image.fromarray(SCENE[0]).convert("RGBA")
    cut.putalpha(clips.Image.new("L", cut.size, 255))
    cut.paste((0, 0, 0, 0), (0, 0, 128, 192))
    white = clips.Image.alpha_composite(clips.Image.new("RGBA", cut.size, "white"), cut).convert("RGB")
    out = io.BytesIO()
    cut.save(out, "WEBP", save_all=True, append_images=[cut.rotate(3)], duration=500, lossless=True)
    assert hash_video(out.getvalue()).frames[0].hash.distance(pdq(np.asarray(white)).hash) <= 2


def test_a_letterboxed_frame_is_also_looked_for_without_its_bars() -> None:
    frames = clips.scene(size=(640, 360))[:2]
    boxed = [np.pad(each, ((60, 60), (0, 0), (0, 0))) for each in frames]
    bare, inside = hash_video(clips.film(frames)).frames[0], hash_video(clips.film(boxed)).frames[0]
    assert inside.hash.distance(bare.hash) > USUAL_RADIUS
    assert min(each.distance(bare.hash) for each in inside.asked) <= USUAL_RADIUS


def test_nothing_but_flat_frames_leaves_nothing_to_look_for() -> None:
    video = hash_video(clips.film([np.full((64, 64, 3), 90, np.uint8)] * 8))
    assert len(video.frames) == 3
    assert not video.is_hashable
    assert all(frame.asked == frame.banked == () for frame in video.frames)


def test_no_hash_shows_in_a_repr() -> None:
    video = hash_video(clips.film(SCENE[:2]), VideoLimits(max_seconds=10))
    assert video.frames[0].hash.hex()[:8] not in repr(video)
    assert video.sha256.hex()[:8] not in repr(video)
