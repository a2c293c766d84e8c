"""An install for the journeys of other people's programs: one `staydown serve`, keys for it, and pictures."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
from PIL import Image

from tests import clips, pictures
from tests.environment import clean
from tests.screening.nodes import eventually

MAKE_KEYS = """
import sys
from pathlib import Path
from staydown.project import django
django.setup(Path(sys.argv[1]))
from staydown.apps.accounts.actions import create_key
from staydown.apps.accounts.models import SCOPES
from staydown.apps.audit.actor import Actor
for wanted in sys.argv[2:]:
    scopes, _, banks = wanted.partition("@")
    scopes = SCOPES if scopes == "*" else scopes.split(",")
    print(create_key("journey", scopes, banks.split(",") if banks else [], by=Actor.system())[1])
"""
HMA = "screen,screen:explain,entry:read,entry:write,entry:enforce,feed:read"
KEYS = {
    "curator": HMA,
    "golden": f"{HMA}@golden-bank,house",
    "banker": "screen,screen:explain,entry:write",
    "partner": "feed:read@shared",
    "giver": "feed:read,entry:write@shared",
    "screener": "screen",
    "adapter": "action:read,outcome:write",
    "hooks": "webhook:write",
    "everything": "*",
    "source": "feed:read@followed",
}


@dataclass(frozen=True)
class House:
    """A running install, and the keys of `KEYS`."""

    url: str
    data: Path
    keys: dict[str, str]

    @classmethod
    def of(cls, url: str, data: Path) -> House:
        """The install at ``url``, with new keys."""
        words = [sys.executable, "-c", MAKE_KEYS, str(data), *KEYS.values()]
        done = subprocess.run(words, env=clean(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        house = cls(url, data, dict(zip(KEYS, done.stdout.split(), strict=True)))
        with house.web("curator") as web:
            eventually(lambda: web.get("/m/index/status").status_code == 200)
        return house

    def web(self, name: str) -> httpx.Client:
        """A client that asks with the key of this name."""
        return httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {self.keys[name]}"},
            timeout=30,
            trust_env=False,
        )


@cache
def film() -> bytes:
    """A short video."""
    return clips.film(clips.scene("coffee.png", 2, size=(480, 270)))


def file(name: str) -> bytes:
    """The bytes of a picture or a video by its name in the golden calls, or of what is none."""
    if name == "text":
        return b"this is no picture"
    if name == "film":
        return film()
    if name == "flat":
        return pictures.encoded(Image.new("RGB", (320, 240), (120, 120, 120)), "PNG")
    name, _, turned = name.partition(", ")
    if not turned:
        return pictures.path(name).read_bytes()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise, so it is stored a quarter turn anticlockwise
    return pictures.encoded(pictures.photograph(name).rotate(90, expand=True), quality=95, exif=exif)
