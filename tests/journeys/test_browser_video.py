"""Videos hashed in the page against the server's: the same frames, and no byte of the file leaves."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from staydown.apps.portal import wording
from staydown.apps.ui.security import static_headers
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.footage import hash_video
from tests import clips, pictures
from tests.journeys.browser import assert_accessible, watched
from tests.journeys.portal import Portal
from tests.journeys.test_browser_hashing import SCRIPTS, SECURE, TOLERANCE

pytestmark = pytest.mark.journey

SCENE = clips.scene(seconds=2.4, size=(640, 360))
HASH_FILE = """async ([stopAfter, isAnimated]) => {
  const { hashVideo } = await import("/video.js");
  const { hashAnimation, isAnimation, canRead } = await import("/animation.js");
  const { policy } = await import("/policy.js");
  const stopper = new AbortController();
  const seen = [];
  const progress = (share) => { seen.push(share); if (seen.length === stopAfter) stopper.abort(); };
  const options = { progress, signal: stopper.signal };
  const [file] = document.querySelector("input").files;
  const tell = (error) => ({ code: error.code ?? String(error) });
  const hash = isAnimated && (await isAnimation(file)) && (await canRead(file)) ? hashAnimation : hashVideo;
  return { ...(await hash(file, policy.createScriptURL("/frames.js"), options).catch(tell)), seen };
}"""


@contextmanager
def bench(browser: Browser) -> Iterator[Page]:
    """A page that can import the portal's modules and open its own blobs as videos, under the product's headers."""
    headers = static_headers()
    asked: list[str] = []

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(SECURE)
        asked.append(f"{route.request.method} {name}")
        if not name:
            body = b"<!doctype html><title>bench</title><input type=file>"
            route.fulfill(body=body, headers={**headers, "Content-Type": "text/html"})
        elif (SCRIPTS / name).is_file():
            body = (SCRIPTS / name).read_bytes()
            route.fulfill(body=body, headers={**headers, "Content-Type": "text/javascript"})
        else:
            route.fulfill(status=404, body="")

    with watched(browser) as page:
        page.route("**/*", answer)
        page.goto(SECURE)
        yield page
    sent = {each for each in asked if not each.endswith(".js")} - {"GET ", "GET favicon.ico"}
    assert not sent, "something left the page"


def hashed(page: Page, data: bytes, *, stop_after: int = 0, is_animated: bool = False) -> dict:
    page.set_input_files("input", {"name": "somebody's name.mp4", "mimeType": "video/mp4", "buffer": data})
    return page.evaluate(HASH_FILE, [stop_after, is_animated])


@pytest.mark.parametrize(
    ("kind", "matrix"), [("mp4", None), ("webm", None), ("mp4", (0, 1, -1, 0))], ids=["mp4", "webm", "turned"]
)
def test_page_and_server_hash_the_same_frames(browser, kind, matrix):
    data = clips.film(SCENE, kind)
    data = clips.turned(data, matrix) if matrix else data
    server = hash_video(data)
    with bench(browser) as page:
        found = hashed(page, data)
    assert "code" not in found, found
    assert (found["width"], found["height"]) == (server.width, server.height)
    assert abs(found["duration"] - server.duration) < 0.3
    assert len(found["frames"]) == len(server.frames) == 4
    for ours, theirs in zip(found["frames"], server.frames, strict=True):
        assert Hash.from_hex(Algorithm.PDQ, ours["hash"]).distance(theirs.hash) <= TOLERANCE
        assert abs(ours["quality"] - theirs.quality) <= 3
    assert [round(frame["time"]) for frame in found["frames"][:3]] == [0, 1, 2]
    assert found["seen"] == [0.25, 0.5, 0.75, 1]


LATE = """() => {
  const { requestVideoFrameCallback: ask } = HTMLVideoElement.prototype;
  const draw = window.createImageBitmap;
  const waiting = [];
  let isLate = true;
  let isBehind = false;
  let first;
  HTMLVideoElement.prototype.requestVideoFrameCallback = function (take) {
    if (!isLate) return ask.call(this, (...told) => setTimeout(() => take(...told), isBehind ? 300 : 0));
    waiting.push(take);
    const tell = () => {
      isLate = false;
      isBehind = true;
      setTimeout(() => { isBehind = false; }, 200);
      for (const each of waiting.splice(0)) each(0, { mediaTime: 0 });
    };
    this.addEventListener("seeking", tell, { once: true });
    return 0;
  };
  window.createImageBitmap = async (video) => {
    first ??= await draw(video);
    return draw(isBehind || isLate ? first : video);
  };
}"""
SILENT = "() => { HTMLVideoElement.prototype.requestVideoFrameCallback = () => 0; }"


@pytest.mark.parametrize("device", [LATE, SILENT], ids=["late", "silent"])
def test_a_frame_that_is_shown_late_is_not_taken_for_the_next(browser, device):
    data = clips.film(SCENE)
    with bench(browser) as page:
        page.evaluate(device)
        found = hashed(page, data)
    server = hash_video(data)
    assert len(found["frames"]) == len(server.frames)
    for ours, theirs in zip(found["frames"], server.frames, strict=True):
        assert Hash.from_hex(Algorithm.PDQ, ours["hash"]).distance(theirs.hash) <= TOLERANCE


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_a_picture_that_moves_has_the_frames_that_the_server_sees(browser, kind):
    with bench(browser) as page:
        for rate in (5, 1000):  # the latter asks for no time at all, and gets a tenth of a second a frame
            data = clips.drawn(SCENE, kind, rate=rate)
            server = hash_video(data)
            found = hashed(page, data, is_animated=True)
            assert "code" not in found, found
            assert (found["width"], found["height"]) == (server.width, server.height)
            assert found["duration"] == pytest.approx(server.duration, abs=0.001)
            assert [each["time"] for each in found["frames"]] == [frame.time for frame in server.frames]
            for ours, theirs in zip(found["frames"], server.frames, strict=True):
                assert Hash.from_hex(Algorithm.PDQ, ours["hash"]).distance(theirs.hash) <= TOLERANCE
                assert abs(ours["quality"] - theirs.quality) <= 3
        assert hashed(page, data, stop_after=2, is_animated=True)["code"] == "cancelled"
        assert hashed(page, data[: len(data) // 2], is_animated=True).get("code") == "corrupt"


def test_a_video_is_looked_at_once_a_second_unless_it_is_longer_than_a_report_can_hold(browser):
    asked = "async (seconds) => (await import('/video.js')).timesOf(seconds, 1)"
    with bench(browser) as page:
        assert [round(each) for each in page.evaluate(asked, 3.5)] == [0, 1, 2, 3, 3]
        hour, three = page.evaluate(asked, 3600), page.evaluate(asked, 3 * 3600)
    assert (len(hour), round(hour[1], 3), round(hour[-1])) == (3601, 1.001, 3600)
    assert len(three) == 4500
    assert max(after - before for before, after in itertools.pairwise(three)) < 2.5


def test_stop_means_stop(browser):
    with bench(browser) as page:
        found = hashed(page, clips.film(SCENE), stop_after=2)
        assert (found["code"], found["seen"]) == ("cancelled", [0.25, 0.5])
        assert len(hashed(page, clips.film(SCENE))["frames"]) == 4, "and the next one is hashed all the same"


def test_a_file_that_no_browser_plays_is_named(browser):
    with bench(browser) as page:
        assert hashed(page, b"no video at all")["code"] == "unsupported_format"
        flat = clips.film([np.full((64, 64, 3), 90, np.uint8)] * 3)
        assert {frame["quality"] for frame in hashed(page, flat)["frames"]} == {0}


def test_a_video_is_hashed_on_the_device_and_stands_among_the_pictures(page, site):
    amara = Portal(page, site.url)
    amara.begins_with_pictures()
    film = clips.film(clips.scene("coffee.png", 2, size=(640, 360)))
    named = {"a name.mp4": film, "b.mp4": b"no video at all"}
    films = [{"name": name, "mimeType": "video/mp4", "buffer": data} for name, data in named.items()]
    amara.chooses(pictures.path("coins.png"))
    amara.chooses(*films)
    assert amara.states() == [
        "Picture 1 fingerprint ready",
        "Video 2 fingerprint ready",
        f"File 3 of your choice cannot be used {wording.of_pictures()['video_codes']['unsupported_format']}",
    ]
    frames = json.loads(page.locator("[name=found]").input_value())[1]["frames"]
    server = hash_video(film).frames
    assert len(frames) == len(server) == 3
    for ours, theirs in zip(frames, server, strict=True):
        assert Hash.from_hex("pdq", ours["hash"]).distance(theirs.hash) <= 10
    amara.go_on("Is there anything you want to tell us?")
    amara.press("Back")
    amara.reads("Choose the pictures")
    assert [each[:9] for each in amara.states()] == ["Picture 1", "Video 2 f"]
    assert_accessible(page)
    page.get_by_role("button", name="Remove picture 1").click()
    expect(page.locator("#pictures > li")).to_have_count(1)


MOVING = [
    {"name": f"a.{kind.lower()}", "mimeType": f"image/{kind.lower()}", "buffer": clips.drawn(SCENE, kind)}
    for kind in ("GIF", "WEBP")
]


def test_a_picture_that_moves_stands_among_the_others_as_a_video(page, site):
    amara = Portal(page, site.url)
    amara.begins_with_pictures()
    amara.chooses(*MOVING)
    amara.chooses(pictures.path("coins.png"))
    assert amara.states() == [
        "Video 1 fingerprint ready",
        "Video 2 fingerprint ready",
        "Picture 3 fingerprint ready",
    ]
    found = json.loads(page.locator("[name=found]").input_value())
    assert [len(each.get("frames", ())) for each in found] == [4, 4, 0]
    amara.go_on("Is there anything you want to tell us?")


def test_where_a_browser_shows_the_first_moment_only_the_page_says_so(page, site):
    page.add_init_script("delete window.ImageDecoder")
    amara = Portal(page, site.url)
    amara.begins_with_pictures()
    amara.chooses(MOVING[0])
    assert amara.states() == [f"Picture 1 fingerprint ready {wording.of_pictures()['still']}"]
    [found] = json.loads(page.locator("[name=found]").input_value())
    first = hash_video(MOVING[0]["buffer"]).frames[0].hash
    assert Hash.from_hex("pdq", found["pdq"]).distance(first) <= 10
    assert_accessible(page)
