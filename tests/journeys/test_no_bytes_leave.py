"""The promise of the portal: no byte of the picture and no letter of its name ever leaves the device.

A relay stands between browser and server and keeps every byte that the browser sends during a whole report, whichever
page or worker sends it and however. It is searched for the picture's bytes and name, also where they are spelt in
percent, base64 or hexadecimal. Planted leaks show that the search finds what it looks for.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from binascii import Error as NotBase64
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import pytest
from playwright.sync_api import expect

from tests import clips, pictures
from tests.journeys.portal import LINK, Portal

pytestmark = pytest.mark.journey

RUN = 16  # bytes
STEM = "amara-and-the-lake-2019"
FIELDS = {
    "draft", "step", "go", "code", "minor", "role", "relation", "situation", "have", "found", "pasted", "links",
    "words", "way", "contact",
    "content_is_intimate", "made_by_subject_or_agent", "good_faith_and_true", "non_consent_statement", "signature",
}  # fmt: skip


@dataclass
class Relay:
    """Hands bytes on between a browser and the server, and keeps what the browser sent, one stream a connection."""

    target: tuple[str, int]
    streams: list[bytearray] = field(default_factory=list)
    door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        """The address to open instead of the server's."""
        return f"http://127.0.0.1:{self.door.getsockname()[1]}"

    def serve(self) -> None:
        """Accept connections until the door is closed."""
        while True:
            try:
                browser, _address = self.door.accept()
            except OSError:
                return
            server = socket.create_connection(self.target)
            kept = bytearray()
            self.streams.append(kept)
            threading.Thread(target=pump, args=(browser, server, kept), daemon=True).start()
            threading.Thread(target=pump, args=(server, browser, None), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()


def pump(source: socket.socket, sink: socket.socket, kept: bytearray | None) -> None:
    """Hand bytes from one side to the other, keeping them if asked, until one of them ends."""
    try:
        while data := source.recv(65_536):
            if kept is not None:
                kept += data
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for side in (source, sink):
            side.close()


@dataclass
class Search:
    """Whether bytes hold a run of the picture, or its name."""

    picture: bytes
    names: tuple[str, ...]
    runs: set[bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        windows = (self.picture[at : at + RUN] for at in range(len(self.picture) - RUN + 1))
        self.runs = {window for window in windows if len(set(window)) > RUN // 2}  # not the filling of a header

    def finds(self, data: bytes) -> bool:
        """Whether ``data``, in any spelling, gives something away."""
        return any(self._holds(spelt) for spelt in spellings(data))

    def _holds(self, data: bytes) -> bool:
        lowered = data.lower()
        if any(name.encode().lower() in lowered for name in self.names):
            return True
        return any(data[at : at + RUN] in self.runs for at in range(len(data) - RUN + 1))


def spellings(data: bytes) -> Iterator[bytes]:
    """The data as it is, and read as percent, base64 and hexadecimal."""
    plain = unquote_to_bytes(data.replace(b"+", b" "))
    yield data
    yield plain
    for token in re.findall(rb"[A-Za-z0-9+/_-]{20,}", data + b"\n" + unquote_to_bytes(data)):
        usual = token.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            whole = usual[start:]
            try:
                yield base64.b64decode(whole[: len(whole) // 4 * 4], validate=True)
            except (NotBase64, ValueError):
                continue
        if re.fullmatch(rb"[0-9a-fA-F]+", token):
            yield bytes.fromhex(token[: len(token) // 2 * 2].decode())


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph under a name that would give someone away."""
    file = tmp_path / f"{STEM}.jpg"
    file.write_bytes(pictures.path("rocket.jpg").read_bytes())
    return file


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A video under such a name."""
    file = tmp_path / f"{STEM}.mp4"
    file.write_bytes(clips.film(clips.scene("coffee.png", 1, size=(320, 240))))
    return file


@pytest.fixture
def search(photo: Path, film: Path) -> Search:
    return Search(photo.read_bytes() + film.read_bytes(), (photo.name, film.name, STEM))


@pytest.fixture
def relay(site) -> Iterator[Relay]:
    address = urlsplit(site.url)
    relay = Relay((address.hostname, address.port))
    thread = threading.Thread(target=relay.serve)
    thread.start()
    yield relay
    relay.close()
    thread.join()


def posted(streams: list[bytearray]) -> list[dict[str, str]]:
    """The forms that were posted."""
    bodies = re.findall(
        rb"content-type: application/x-www-form-urlencoded.*?\r\n\r\n(\S*)", b"\n".join(streams), re.I | re.S
    )
    return [dict(parse_qsl(body.decode(), keep_blank_values=True)) for body in bodies]


def test_a_whole_report_sends_neither_picture_nor_video_nor_name(page, relay, photo, film, search):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    amara = Portal(page, relay.url)
    amara.begins_for_myself()
    amara.has_pictures(photo, film, also_links=True)
    amara.gives_links(LINK)
    amara.says("Please be quick.", "amara@reporter.test")
    amara.states_all("Amara N.")
    code = amara.sends()
    amara.looks_up(code)
    expect(page.get_by_text("Video 2").first).to_be_visible()
    amara.press("Take my report back")
    amara.reads("Take your report back?")
    amara.press("Take it back")
    amara.reads("You took your report back")

    sent = b"\n".join(relay.streams)
    assert not search.finds(sent)
    assert all(url.removeprefix("blob:").startswith(relay.url) for url in asked), "something went elsewhere"
    for script in (b"worker.js", b"frames.js"):
        assert script in sent, "what the worker asked for was not kept"
    lines = re.findall(rb"^(?:GET|POST) \S+", sent, re.M)
    assert not [line for line in lines if b"?" in line or code.encode() in line], "an address holds something"
    forms = posted(relay.streams)
    assert len(forms) >= 12, "the journey was not kept"
    assert {name for form in forms for name in form} <= FIELDS
    found, video = [one for form in forms for one in json.loads(form.get("found") or "[]")]
    assert set(video) == {"frames", "quality", "sha256"}
    assert {name for frame in video["frames"] for name in frame} == {"hash", "quality"}
    assert set(found) == {"pdq", "quality", "sha256"}, "a picture is its hashes and its quality, and nothing else"
    assert re.fullmatch(r"[0-9a-f]{64}", found["pdq"])
    assert re.fullmatch(r"[0-9a-f]{64}", found["sha256"])


#: Each is a function of the file that lets something out. A slice of 20 bytes is enough to be found.
LEAKS = {
    "bytes in a body": "(file) => fetch('/livez', { method: 'POST', body: file.slice(5000, 5020) })",
    "the whole file in a form": """(file) => {
      const form = new FormData();
      form.append("x", file);
      return fetch("/livez", { method: "POST", body: form });
    }""",
    "base64 in a field": """async (file) => {
      const bytes = new Uint8Array(await file.slice(7000, 7060).arrayBuffer());
      const body = new URLSearchParams({ x: "ab" + btoa(String.fromCharCode(...bytes)) });
      return fetch("/livez", { method: "POST", body });
    }""",
    "hexadecimal in an address": """async (file) => {
      const bytes = new Uint8Array(await file.slice(9000, 9020).arrayBuffer());
      return fetch("/livez?x=" + Array.from(bytes, (n) => n.toString(16).padStart(2, "0")).join(""));
    }""",
    "the name in an address": "(file) => fetch('/livez?name=' + encodeURIComponent(file.name))",
    "the name in a header": "(file) => fetch('/livez', { headers: { 'X-Name': file.name.toUpperCase() } })",
    "bytes from a worker": """(file) => {
      const post = "onmessage = async ({ data }) => {"
        + " await fetch(data.to, { method: 'POST', body: data.file }); postMessage(1); }";
      const worker = new Worker(URL.createObjectURL(new Blob([post])));
      worker.postMessage({ file: file.slice(11000, 11040), to: location.origin + "/livez" });
      return new Promise((done) => { worker.onmessage = done; });
    }""",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_the_search_finds_a_planted_leak(browser, relay, photo, search, leak):
    # Without the page's own policy, which would stop some of these before they are sent.
    with browser.new_context(bypass_csp=True) as context:
        page = context.new_page()
        page.goto(f"{relay.url}/report/")
        page.evaluate("() => { const f = document.createElement('input'); f.type = 'file'; document.body.append(f); }")
        page.set_input_files("body > input", photo)
        assert not search.finds(b"\n".join(relay.streams))
        page.evaluate(f"async () => {{ await ({LEAKS[leak]})(document.querySelector('body > input').files[0]); }}")
        assert search.finds(b"\n".join(relay.streams))


def test_the_search_finds_nothing_in_what_is_harmless(search):
    assert not search.finds(b"found=%5B%7B%22pdq%22%3A%22" + b"f0" * 32 + b"%22%7D%5D&words=hello")
