"""The stage of the demo: a new install, its server, keys for a platform, a moderator, and the platform itself."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import httpx

from staydown.errors import StaydownError
from staydown.project import django
from staydown.project.demo.platform import Platform, free_port, wait_for
from staydown.project.listening import Address

START: Final = 60.0  # seconds that a first start may take on a slow machine

SignIn = tuple[str, str]  # name and password


@dataclass(frozen=True, slots=True)
class Stage:
    """What the story plays on."""

    origin: str
    platform: Platform
    moderator: SignIn
    admin: SignIn
    server: subprocess.Popen[bytes]

    @classmethod
    @contextmanager
    def set(cls, data: Path, port: int) -> Iterator[Self]:
        """A new install in ``data``, served on loopback; everything ends with the block."""
        port = port or free_port()
        origin = f"http://127.0.0.1:{port}"
        platform = Platform(origin)
        environment = {
            "STAYDOWN_ORIGIN": origin,
            "STAYDOWN_NAME": "Demo platform",
            "STAYDOWN_REGIMES": "uk-osa-10-3A,us-tida-3",
            "STAYDOWN_SECOND_FACTOR": "no",  # whoever looks around has no authenticator app at hand
            "STAYDOWN_WEBHOOK_PRIVATE": "yes",  # the pretend platform listens on loopback, without https
            "STAYDOWN_PREVIEW_ORIGINS": platform.origin,
        }
        os.environ.update(environment)
        moderator, admin = furnish(data, port, platform)
        platform.start()
        server = subprocess.Popen(
            [sys.executable, "-m", "staydown", "serve", "--port", str(port), "--data", str(data)],
            env={**os.environ, "STAYDOWN_DATA": str(data)},
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_for(lambda: ready(origin, server), seconds=START, said="the server did not start")
            yield cls(origin, platform, moderator, admin, server)
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()

    def doors(self) -> list[tuple[str, str]]:
        """Each door's name and address, and who may enter."""
        return [
            ("Report portal", f"{self.origin}/"),
            ("Staff console", f"{self.origin}/staff/"),
            ("  as moderator", f"{self.moderator[0]} / {self.moderator[1]}"),
            ("  as administrator", f"{self.admin[0]} / {self.admin[1]}"),
            ("API", f"{self.origin}/api/v1/openapi.json"),
            ("Screening", f"{self.origin}/v1/screen"),
            ("The platform", f"{self.platform.origin}/posts/..."),
        ]

    def try_it(self) -> str:
        """A command that asks the node about a picture."""
        return (
            f"curl -H 'Authorization: Bearer {self.platform.screen_key}' -F file=@picture.jpg {self.origin}/v1/screen"
        )

    def wait(self) -> None:
        """Return when the server ends."""
        while self.server.poll() is None:
            threading.Event().wait(0.5)


def furnish(data: Path, port: int, platform: Platform) -> tuple[SignIn, SignIn]:
    """Make the install in ``data`` with what the story needs; return the sign-ins of moderator and administrator."""
    django.setup_server(data, Address("127.0.0.1", port))
    from staydown.project.demo import props  # only now: its rows need Django

    return props.furnish(platform)


def ready(origin: str, server: subprocess.Popen[bytes]) -> bool:
    """Whether the server answers and its node has read the feed. Raises `StaydownError` when it ended."""
    if server.poll() is not None:
        raise StaydownError("the server ended at its start")
    try:
        return httpx.get(f"{origin}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
