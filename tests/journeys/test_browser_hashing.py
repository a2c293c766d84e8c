"""Hashing in the page against the server's: the same files through a real Chromium and through `hash_picture`.

The page's modules are served to Chromium from the source folder under the product's own headers; no server is needed.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route

import staydown.apps.portal
from staydown.apps.ui.security import static_headers
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.picture import hash_picture
from staydown.errors import MediaError
from tests import pictures
from tests.golden.pdq.make import HERE as GOLDEN
from tests.golden.pdq.make import stored
from tests.journeys.browser import watched

pytestmark = pytest.mark.journey

SCRIPTS = Path(staydown.apps.portal.__file__).parent / "static" / "portal"
SECURE = "https://portal.test/"
TOLERANCE = 10  # bits, of 256; entries match within 31

HASH_FILES = """async () => {
  const { Hasher } = await import("/hasher.js");
  const { policy } = await import("/policy.js");
  const hasher = new Hasher(policy.createScriptURL("/worker.js"));
  const tell = (error) => ({ code: error.code ?? String(error) });
  return Promise.all([...document.querySelector("input").files].map((file) => hasher.hash(file).catch(tell)));
}"""


@contextmanager
def bench(browser: Browser, address: str = SECURE, *, missing: str = "") -> Iterator[Page]:
    """A page that can import the portal's modules; the module ``missing`` cannot be loaded."""

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(address)
        if not name:
            body = b"<!doctype html><title>bench</title><input type=file multiple>"
            route.fulfill(body=body, headers={**static_headers(), "Content-Type": "text/html"})
        elif name == missing or not (SCRIPTS / name).is_file():
            route.fulfill(status=404, body="")
        else:
            body = (SCRIPTS / name).read_bytes()
            route.fulfill(body=body, headers={**static_headers(), "Content-Type": "text/javascript"})

    with watched(browser) as page:
        page.route("**/*", answer)
        page.goto(address)
        yield page


def hashed(page: Page, *files: tuple[str, bytes]) -> list[dict]:
    """What the page's own hasher says of these files, in order."""
    payloads = [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
    page.set_input_files("input", payloads)
    return page.evaluate(HASH_FILES)


def distance(found: dict, wanted: Hash) -> int:
    return Hash.from_hex(Algorithm.PDQ, found["pdq"]).distance(wanted)


def assert_agree(page: Page, files: dict[str, bytes]) -> None:
    """Page and server agree on each file: on the hash within the tolerance, on quality, and on the digest exactly."""
    found = dict(zip(files, hashed(page, *files.items()), strict=True))
    for name, data in files.items():
        server = hash_picture(data)
        told = found[name]
        assert "pdq" in told, f"{name}: the page says {told.get('code')}"
        bits = distance(told, server.pdq)
        assert bits <= TOLERANCE, f"{name}: {bits} bits apart"
        assert abs(told["quality"] - server.quality) <= 2, name
        assert told["sha256"] == server.sha256.hex(), name


PHOTOGRAPHS = sorted(
    each.name for each in pictures.FOLDER.iterdir() if each.suffix in (".png", ".jpg", ".gif") and each.is_file()
)


#: The formula of tests/golden/pdq/README.md: pixels that any language can rebuild.
PIXELS_OF_A_PATTERN = """({ kind, seed, width, height }) => {
  const div = (a, b) => Math.floor(a / b);
  const corner = (i, j, s) => (31 * i * i + 17 * i * j + 57 * j * j + 73 * i + 151 * j + 211 * s) % 251;
  const layer = (x, y, n, s) => {
    const [u, v] = [div(x * n * 256, width), div(y * n * 256, height)];
    const [i, f, j, g] = [div(u, 256), u % 256, div(v, 256), v % 256];
    const above = corner(i, j, s) * (256 - f) + corner(i + 1, j, s) * f;
    const below = corner(i, j + 1, s) * (256 - f) + corner(i + 1, j + 1, s) * f;
    return div(above * (256 - g) + below * g, 65536);
  };
  const value = (x, y, tone) => {
    if (kind === "flat") return 10 * seed;
    const [dx, dy] = [2 * x - width, 2 * y - height];
    if (kind === "rings") return div(dx * dx * (seed + tone) + dy * dy * 9, 8 * width) % 256;
    const noise = [3, 7, 15, 31].reduce((sum, n) => sum + layer(x, y, n, 100 * seed + 7 * tone), 0);
    if (kind === "haze") return div(noise, 40) + 100;
    if (kind === "mist") return div(noise, 12) + 80;
    return Math.min(Math.max(div(noise * 3, 8) - 60, 0), 255);
  };
  const rgba = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let c = 0; c < 3; c += 1) {
        rgba[4 * (y * width + x) + c] = value(x, y, kind === "clouds" || kind === "rings" ? c : 0);
      }
    }
  }
  return rgba;
}"""


def test_the_golden_patterns_to_the_bit(browser):
    vectors = json.loads((GOLDEN / "patterns.json").read_text())
    with bench(browser) as page:
        for vector in vectors:
            found = page.evaluate(
                f"""async (vector) => {{
                  const {{ pdq }} = await import("/pdq.js");
                  return pdq(({PIXELS_OF_A_PATTERN})(vector), vector.width, vector.height);
                }}""",
                vector,
            )
            about = [vector[name] for name in ("kind", "seed", "width", "height")]
            assert found["quality"] == vector["quality"], about
            if vector["hash"] is not None:
                assert found["hash"] == vector["hash"], about


@pytest.mark.parametrize("name", ["photographs.json", "files.json"])
def test_the_golden_files(browser, name):
    vectors = json.loads((GOLDEN / name).read_text())
    files = []
    for vector in vectors:
        if "orientation" in vector:
            photo = pictures.photograph(vector["file"])
            files.append((vector["file"], stored(photo, vector["orientation"], vector["jpeg_quality"])))
        else:
            folder = GOLDEN if name == "files.json" else pictures.FOLDER
            files.append((vector["file"], (folder / vector["file"]).read_bytes()))
    with bench(browser) as page:
        for vector, found in zip(vectors, hashed(page, *files), strict=True):
            bits = distance(found, Hash.from_hex(Algorithm.PDQ, vector["hash"]))
            assert bits <= TOLERANCE, f"{vector['file']}: {bits} bits from the reference"
            assert found["quality"] == vector["quality"]


def test_photographs_as_they_are(browser):
    assert len(PHOTOGRAPHS) >= 20
    with bench(browser) as page:
        assert_agree(page, {name: pictures.path(name).read_bytes() for name in PHOTOGRAPHS})


@pytest.mark.parametrize("name", ["astronaut.png", "coffee.png", "rocket.jpg"])
def test_all_eight_orientations_of_a_camera(browser, name):
    photo = pictures.photograph(name)
    files = {f"{orientation}.jpg": stored(photo, orientation, 92) for orientation in range(1, 9)}
    with bench(browser) as page:
        assert_agree(page, files)
        upright = hash_picture(pictures.encoded(pictures.photograph(name))).pdq
        for orientation, told in enumerate(hashed(page, *files.items()), start=1):
            bits = distance(told, upright)
            assert bits <= TOLERANCE, f"orientation {orientation} is {bits} bits from the upright picture"


def test_kinds_and_modes(browser):
    photo = pictures.photograph("chelsea.png")
    clear = photo.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(photo.size))
    deep = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    files = {
        "jpeg.jpg": pictures.encoded(photo, "JPEG", quality=60),
        "progressive.jpg": pictures.encoded(photo, "JPEG", progressive=True),
        "cmyk.jpg": pictures.encoded(photo.convert("CMYK"), "JPEG", quality=95),
        "grey.jpg": pictures.encoded(photo.convert("L"), "JPEG"),
        "webp.webp": pictures.encoded(photo, "WEBP", quality=80),
        "lossless.webp": pictures.encoded(photo, "WEBP", lossless=True),
        "avif.avif": pictures.encoded(photo, "AVIF", quality=80),
        "gif.gif": pictures.encoded(photo.convert("P"), "GIF"),
        "bmp.bmp": pictures.encoded(photo, "BMP"),
        "palette.png": pictures.encoded(photo.convert("P"), "PNG"),
        "clear.png": pictures.encoded(clear, "PNG"),
        "clear.webp": pictures.encoded(clear, "WEBP", lossless=True),
        "deep.png": pictures.encoded(deep, "PNG"),
        "one-bit.png": pictures.encoded(photo.convert("1"), "PNG"),
    }
    with bench(browser) as page:
        assert_agree(page, files)


def test_first_frame_of_an_animation(browser):
    frames = [pictures.pattern(seed, 320, 240) for seed in range(3)]
    data = pictures.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with bench(browser) as page:
        assert_agree(page, {"moving.gif": data})


def test_a_twelve_megapixel_photograph(browser):
    large = pictures.photograph("hubble_deep_field.jpg").resize((4000, 3000), Image.Resampling.BICUBIC)
    with bench(browser) as page:
        assert_agree(page, {"large.jpg": pictures.encoded(large, "JPEG", quality=88)})


def test_sizes_at_the_edges_of_the_operator(browser):
    sizes = [(5, 5), (64, 64), (65, 63), (127, 128), (129, 512), (1024, 31), (31, 1024)]
    files = {f"{w}x{h}.png": pictures.encoded(pictures.pattern(7, w, h), "PNG") for w, h in sizes}
    with bench(browser) as page:
        assert_agree(page, files)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises this size and holds almost nothing."""
    data = bytearray(pictures.encoded(Image.new("1", (8, 8)), "PNG"))
    data[16:24] = width.to_bytes(4) + height.to_bytes(4)
    return bytes(data)


def broken() -> dict[str, tuple[bytes, str]]:
    """Files that cannot be hashed, and the code that both sides give them."""
    jpeg = pictures.path("rocket.jpg").read_bytes()
    png = pictures.path("chelsea.png").read_bytes()
    tiff = io.BytesIO()
    pictures.pattern(1, 64, 64).save(tiff, "TIFF")
    garbled = bytearray(png)
    garbled[2000:6000] = bytes(4000)
    return {
        "words.txt": (b"this is not a picture at all", "not_an_image"),
        "empty.jpg": (b"", "not_an_image"),
        "film.mp4": (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + bytes(64), "not_an_image"),
        "half.jpg": (jpeg[: len(jpeg) // 2], "truncated"),
        "half.png": (png[: len(png) // 2], "truncated"),
        "garbled.png": (bytes(garbled), "corrupt"),
        "bomb.png": (png_header(60_000, 60_000), "too_large"),
        "nothing.png": (png_header(0, 10), "empty_picture"),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_format"),
        "photoshop.psd": (b"8BPS\0\1" + bytes(64), "unsupported_format"),
    }


@pytest.mark.parametrize("name", broken())
def test_a_file_that_cannot_be_hashed_gets_the_server_s_name_for_it(browser, name):
    data, code = broken()[name]
    with pytest.raises(MediaError) as refused:
        hash_picture(data)
    assert refused.value.code == code
    good = pictures.path("coins.png").read_bytes()
    with bench(browser) as page:
        told, after = hashed(page, (name, data), ("good.png", good))
    assert told == {"code": code}
    assert distance(after, hash_picture(good).pdq) <= TOLERANCE, "a bad file cost the good one beside it"


def test_too_many_bytes_are_refused_unread(browser):
    with bench(browser) as page:
        told = page.evaluate(
            """async () => {
              const { hashPicture } = await import("/picture.js");
              const blob = new Blob([new Uint8Array(50_000_001)]);
              blob.arrayBuffer = () => { throw new Error("it was read"); };
              return hashPicture(blob, null).catch((error) => error.code ?? String(error));
            }"""
        )
    assert told == "too_large"


def test_a_picture_that_no_browser_here_opens_is_named(browser):
    tiff = io.BytesIO()
    pictures.pattern(1, 64, 64).save(tiff, "TIFF")
    with bench(browser) as page:
        assert hashed(page, ("scan.tif", tiff.getvalue())) == [{"code": "unsupported_format"}]


def test_without_workers_the_page_does_the_work(browser):
    files = {name: pictures.path(name).read_bytes() for name in ("coffee.png", "rocket.jpg")}
    with bench(browser, missing="worker.js") as page:
        assert_agree(page, files)


def test_over_plain_http_there_is_no_digest_and_the_hash_is_the_same(browser):
    data = pictures.path("coffee.png").read_bytes()
    with bench(browser, "http://portal.test/") as page:
        (told,) = hashed(page, ("coffee.png", data))
    assert told["sha256"] is None
    assert distance(told, hash_picture(data).pdq) <= TOLERANCE


def test_cancelling_ends_what_is_waiting_and_the_next_pictures_work(browser):
    large = pictures.encoded(pictures.pattern(3, 3000, 2000), "JPEG")
    with bench(browser) as page:
        page.set_input_files("input", [{"name": f"{n}.png", "mimeType": "", "buffer": large} for n in range(6)])
        told = page.evaluate(
            """async () => {
              const { Hasher } = await import("/hasher.js");
              const { policy } = await import("/policy.js");
              const hasher = new Hasher(policy.createScriptURL("/worker.js"));
              const files = [...document.querySelector("input").files];
              const all = files.map((file) => hasher.hash(file).then(() => "hashed", (error) => error.code));
              hasher.cancel();
              const after = await hasher.hash(files[0]);
              return { all: await Promise.all(all), after };
            }"""
        )
    assert told["all"] == ["cancelled"] * 6
    assert distance(told["after"], hash_picture(large).pdq) <= TOLERANCE


def test_a_browser_that_hands_out_noise_is_noticed(browser):
    """Some browsers disturb what pages read from a canvas; a hash of that would protect nobody."""
    with bench(browser) as page:
        told = page.evaluate(
            """async () => {
              const { hashPicture, isHonest } = await import("/picture.js");
              const make = (width, height) => new OffscreenCanvas(width, height);
              const honest = isHonest(make(64, 8).getContext("2d"));
              const read = OffscreenCanvasRenderingContext2D.prototype.getImageData;
              OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...place) {
                const got = read.apply(this, place);
                got.data.forEach((_value, at) => { if (at % 4 < 3) got.data[at] = (at * 97) % 256; });
                return got;
              };
              const canvas = make(64, 64);
              canvas.getContext("2d").fillRect(8, 8, 40, 40);
              const blob = await canvas.convertToBlob();
              const code = await hashPicture(blob, make).then(() => "hashed", (error) => error.code);
              return { honest, code };
            }"""
        )
    assert told == {"honest": True, "code": "canvas_blocked"}


def test_the_worker_never_learns_a_file_s_name():
    """The one place where a file enters: it is cut out of its name there, whatever comes after."""
    hasher = (SCRIPTS / "hasher.js").read_text()
    assert "blob: file.slice()" in hasher
    assert all(not re.search(r"\bfile\.name\b|\.webkitRelativePath", each.read_text()) for each in SCRIPTS.glob("*.js"))
