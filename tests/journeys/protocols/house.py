"""An install for the journeys of other people's programs: one `staydown serve`, keys for it, and pictures."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
from PIL import Image

from tests import pictures
from tests.journeys.conftest import clean

MAKE_KEYS = """
import sys
from pathlib import Path
from staydown.project import django
django.setup(Path(sys.argv[1]))
from staydown.apps.accounts.actions import create_key
from staydown.apps.audit.actor import Actor
for wanted in sys.argv[2:]:
    scopes, _, banks = wanted.partition("@")
    print(create_key("journey", scopes.split(","), banks.split(",") if banks else [], by=Actor.system())[1])
"""
HMA = "screen,screen:explain,entry:read,entry:write,entry:enforce,feed:read"


@dataclass(frozen=True)
class House:
    """A running install."""

    url: str
    data: Path

    def keys(self, *wanted: str) -> list[str]:
        """A new key for each of ``wanted``, written ``scope,scope@bank,bank``."""
        words = [sys.executable, "-c", MAKE_KEYS, str(self.data), *wanted]
        done = subprocess.run(words, env=clean(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def web(self, key: str) -> httpx.Client:
        """A client that asks with ``key``."""
        return httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {key}"}, timeout=30, trust_env=False)


def file(name: str) -> bytes:
    """The bytes of a picture by its name in the golden calls, or of what is none."""
    if name == "text":
        return b"this is no picture"
    if name == "flat":
        return pictures.encoded(Image.new("RGB", (320, 240), (120, 120, 120)), "PNG")
    name, _, turned = name.partition(", ")
    if not turned:
        return pictures.path(name).read_bytes()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise, so it is stored a quarter turn anticlockwise
    return pictures.encoded(pictures.photograph(name).rotate(90, expand=True), quality=95, exif=exif)
