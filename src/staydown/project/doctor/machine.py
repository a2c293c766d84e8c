"""The machine: files and who may read them, the disk, the clock, the decoders."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from PIL import Image

from staydown.core.hashing.pool import HashingPool
from staydown.errors import StaydownError
from staydown.project.doctor.finding import Finding, fail, ok, warn

LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}
SCARCE: Final = 1_000_000_000  # bytes free
NONE_LEFT: Final = 100_000_000
OLDEST_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)  # this program is younger

_NAMESPACE: Final = """
import ctypes, os
from staydown.core.hashing import sandbox
before = os.readlink("/proc/self/ns/net")
sandbox._leave_the_network(ctypes.CDLL(None, use_errno=True))
print(os.readlink("/proc/self/ns/net") != before)
"""


def private_files() -> Iterator[Finding]:
    """Whether someone else on this machine can read the keys or the database."""
    data = settings.STAYDOWN_DATA
    database = settings.DATABASES["default"]
    paths = [data, settings.STAYDOWN_KEYRING_FILE, data / "secret-key", data / "screening.toml"]
    if "sqlite" in database["ENGINE"]:
        paths += [Path(database["NAME"] + ending) for ending in ("", "-wal", "-shm")]
    loose = [path.name for path in paths if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077]
    folder_is_private = not stat.S_IMODE(data.stat().st_mode) & 0o077
    outside = [path for path in paths if path.exists() and path.name in loose and not path.is_relative_to(data)]
    if loose and (not folder_is_private or outside):
        yield fail(
            "files_readable",
            f"Other users of this machine can read: {', '.join(sorted(loose))}.",
            "Give them to staydown's user alone: chmod 600 for files, chmod 700 for the data folder.",
        )
    else:
        yield ok("files_readable", "Keys and database are readable by their owner alone.")
    strangers = [path.name for path in paths if path.exists() and path.stat().st_uid not in {os.geteuid(), 0}]
    if strangers:
        yield warn(
            "files_owner",
            f"These belong to another user: {', '.join(sorted(strangers))}.",
            "Run staydown and its doctor as the user that owns the data folder.",
        )


def keyring_apart() -> Iterator[Finding]:
    """Whether a copy of the database brings its key along."""
    keyring = settings.STAYDOWN_KEYRING_FILE
    if not keyring.exists():
        yield fail(
            "keyring_missing",
            "There is no keyring: nothing sealed can be opened.",
            "Restore the keyring from its backup, or correct STAYDOWN_KEYRING_FILE.",
        )
    elif keyring.resolve().is_relative_to(settings.STAYDOWN_DATA.resolve()):
        yield warn(
            "keyring_in_data",
            "The keyring lies in the data folder: whoever gets a backup of that folder gets the key with the lock.",
            "Move it elsewhere, name it in STAYDOWN_KEYRING_FILE, and back it up apart from the database.",
        )
    else:
        yield ok("keyring_in_data", "The keyring lies apart from the database.")


def configuration(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Settings that make an install unsafe, and settings that nothing reads."""
    if settings.DEBUG:
        yield fail(
            "debug", "Debug mode is on: error pages show what people wrote.", "Remove STAYDOWN_DEBUG and restart."
        )
    host = urlsplit(settings.STAYDOWN_ORIGIN).hostname or ""
    if not settings.HTTPS and host not in LOOPBACK:
        yield fail(
            "origin_http",
            "The portal is reached without encryption: anyone on the way can read reports and receipt codes.",
            "Put it behind a TLS proxy and set STAYDOWN_ORIGIN to its https address.",
        )
    elif not settings.HTTPS:
        yield warn(
            "origin_local",
            "The portal is reached from this machine alone.",
            "For others, put it behind a TLS proxy and set STAYDOWN_ORIGIN to its https address.",
        )
    else:
        yield ok("origin_http", "The portal's address is encrypted.")
    if settings.STAYDOWN_WEBHOOK_PRIVATE:
        yield warn(
            "webhook_private",
            "Webhooks may go to private addresses: whoever adds one can reach into your network.",
            "Remove STAYDOWN_WEBHOOK_PRIVATE, unless your platform is only reached there.",
        )
    if settings.STAYDOWN_SOURCES_PRIVATE:
        yield warn(
            "sources_private",
            "Sources may be at private addresses: whoever adds one can reach into your network.",
            "Remove STAYDOWN_SOURCES_PRIVATE, unless a source is only reached there.",
        )
    known = settings.ENVIRONMENT.asked
    unread = [name for name in environment if name.startswith("STAYDOWN_") and name not in known]
    unread = sorted(name for name in unread if not name.startswith(("STAYDOWN_SCREEN_", "STAYDOWN_TEST_")))
    if unread:
        yield warn(
            "settings_unknown", f"No setting is called {', '.join(unread)}.", "Correct the spelling, or remove it."
        )
    if (settings.STAYDOWN_DATA / "first-sign-in").exists():
        yield warn(
            "first_password",
            "The first administrator's password is still in the data folder: nobody was shown it.",
            "Start `staydown serve` once more to be shown it, and change it.",
        )


def disk() -> Iterator[Finding]:
    """Whether reports can still be written."""
    free = shutil.disk_usage(settings.STAYDOWN_DATA).free
    says = f"{free / 1e9:.1f} GB are free where the data is."
    if free < NONE_LEFT:
        yield fail("disk", says, "Make room now: reports will be lost when nothing is left.")
    elif free < SCARCE:
        yield warn("disk", says, "Make room soon.")
    else:
        yield ok("disk", says)


def clock(now: datetime) -> Iterator[Finding]:
    """Whether the clock can be right: deadlines are computed from it."""
    if now < OLDEST_TIME:
        yield fail("clock", "The clock of this machine is wrong by years.", "Set it, and let NTP keep it.")
    else:
        yield ok("clock", f"The clock says {now:%d %B %Y, %H:%M} UTC.")


def decoders() -> Iterator[Finding]:
    """Whether pictures are decoded, and decoded in a cage."""
    picture = io.BytesIO()
    Image.linear_gradient("L").save(picture, "PNG")
    try:
        with HashingPool(workers=1) as pool:
            pool.hash(picture.getvalue())
        yield ok("decoder", "The process that decodes pictures works.")
    except StaydownError as error:
        yield fail("decoder", f"No picture can be hashed here: {error.message}", "Look into the log of the process.")
    if _leaves_the_network():
        yield ok("decoder_network", "The process that decodes pictures has no network.")
    else:
        yield warn(
            "decoder_network",
            "The process that decodes pictures cannot leave the network: this system forbids network namespaces.",
            "Allow unprivileged user namespaces, or run screening where no other service can be reached.",
        )
    if importlib.util.find_spec("pillow_heif") is None:
        yield warn("heic", "HEIC pictures, as iPhones make them, cannot be hashed.", "Install staydown[heic].")


def _leaves_the_network() -> bool:
    """Whether the sandbox's own step works on this system, tried in a process that ends at once."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _NAMESPACE], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == "True"
