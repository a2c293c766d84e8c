"""Typed readers of the environment. Each refuses a bad value with an error that names the setting, never its value."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from staydown.errors import SettingError

T = TypeVar("T")
LANGUAGES: Final = {
    "es": "Español", "fr": "Français", "de": "Deutsch", "ar": "العربية", "ko": "한국어", "hi": "हिन्दी",
}  # fmt: skip
WORDS: Final = {"yes": True, "true": True, "1": True, "on": True, "no": False, "false": False, "0": False, "off": False}
_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]*")
_HOST = re.compile(r"\*|\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\]")


class Environment:
    """Reads settings by name and remembers which it was asked for, so that the documentation can be checked."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.asked: set[str] = set()

    def text(self, name: str, default: str) -> str:
        """The text of a setting. An empty one counts as not given."""
        self.asked.add(name)
        return self._variables.get(name, "").strip() or default

    def secret(self, name: str, default: str = "", *, file: Path | None = None) -> str:
        """A secret from the setting itself, or from the file that ``NAME_FILE`` (else ``file``, if there) names."""
        given = self.text(name, "")
        path = self.text(f"{name}_FILE", "")
        if given and path:
            raise SettingError(f"{name} and {name}_FILE are both set. Keep one of them.")
        if given:
            return given
        if not path and (file is None or not file.exists()):
            return default
        try:
            found = (Path(path) if path else file or Path()).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise SettingError(
                f"{name}_FILE names a file that cannot be read. Check its path and permissions."
            ) from None
        if not found:
            raise SettingError(f"{name}_FILE names an empty file. Put the secret into it.")
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        """Yes or no."""
        given = self.text(name, "").lower()
        if given and given not in WORDS:
            raise SettingError(f"{name} must be yes or no.")
        return WORDS.get(given, default)

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number between two bounds."""
        given = self.text(name, str(default))
        if not given.isascii() or not given.isdigit() or not least <= int(given) <= most:
            raise SettingError(f"{name} must be a whole number from {least} to {most}.")
        return int(given)

    def path(self, name: str, default: Path) -> Path:
        """An absolute path; ``~`` is the home folder."""
        return Path(self.text(name, str(default))).expanduser().absolute()

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of a few words."""
        given = self.text(name, default).lower()
        if given not in allowed:
            raise SettingError(f"{name} must be one of: {', '.join(allowed)}.")
        return given

    def origin(self, name: str, default: str) -> str:
        """A scheme, a host and perhaps a port: ``https://takedown.example``."""
        return _origin(name, self.text(name, default))

    def origins(self, name: str) -> list[str]:
        """Origins, separated by commas."""
        return [_origin(name, each) for each in self._parts(name)]

    def hosts(self, name: str, default: list[str]) -> list[str]:
        """Host names without scheme or port, separated by commas."""
        return self._matching(name, _HOST, "host names such as takedown.example, without https:// and port") or default

    def ids(self, name: str) -> list[str]:
        """Short names, separated by commas."""
        return self._matching(name, _ID, "names such as uk-osa-10-3A")

    def choices(self, name: str, default: tuple[str, ...], among: tuple[str, ...]) -> tuple[str, ...]:
        """Words out of a closed list, separated by commas; ``none`` for none of them."""
        given = tuple(part.strip() for part in self.text(name, ",".join(default)).split(","))
        if given == ("none",):
            return ()
        if not set(given) <= set(among):
            raise SettingError(f"{name} must hold words out of: {', '.join(among)}; or none.")
        return given

    def networks(self, name: str, default: str) -> str:
        """IP addresses and networks, separated by commas."""
        parts = [part.strip() for part in self.text(name, default).split(",")]
        try:
            return ",".join(str(ipaddress.ip_network(part)).removesuffix("/32").removesuffix("/128") for part in parts)
        except ValueError:
            raise SettingError(f"{name} must hold IP addresses or networks, separated by commas.") from None

    def address(self, name: str, default: str) -> str:
        """A web address, https or http."""
        given = self.text(name, default)
        if _split(name, given).scheme not in {"http", "https"} or re.search(r"[\s\"'<>;]", given):
            raise SettingError(f"{name} must be a web address that starts with https://.")
        return given

    def _parts(self, name: str) -> list[str]:
        return [part.strip() for part in self.text(name, "").split(",") if part.strip()]

    def _matching(self, name: str, shape: re.Pattern[str], wanted: str) -> list[str]:
        parts = self._parts(name)
        if not all(shape.fullmatch(part) for part in parts):
            raise SettingError(f"{name} must hold {wanted}, separated by commas.")
        return parts


def database(name: str, text: str) -> dict[str, object]:
    """Django's connection settings for a path (SQLite) or a ``postgresql://`` address."""
    if "://" not in text:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(text).expanduser().absolute())}
    parts = _split(name, text)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SettingError(f"{name} must be a path of an SQLite file or a postgresql:// address.")
    base = unquote(parts.path.removeprefix("/"))
    if not base:
        raise SettingError(f"{name} names no database after the last slash.")
    options = dict(_pair(name, each) for each in parts.query.split("&") if each)
    found = {
        "NAME": base,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or parts.hostname or "",
        "PORT": str(_port(name, parts) or ""),
    }
    return {"ENGINE": "django.db.backends.postgresql", **found, "OPTIONS": options}


def mail(name: str, text: str) -> dict[str, object]:
    """Django's mail settings for ``smtps://`` (encrypted from the start) or ``smtp://`` (made so before anything is
    said, but for a server on this machine). Empty: no mail."""
    if not text:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    parts = _split(name, text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise SettingError(f"{name} must be an address such as smtps://user:password@mail.example.")
    is_local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    usual = 465 if parts.scheme == "smtps" else 25 if is_local else 587
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": _port(name, parts) or usual,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and not is_local,
    }


def languages(folder: Path) -> list[tuple[str, str]]:
    """The languages whose compiled catalogue is in ``folder``, each with its own name, in a fixed order."""
    return [(code, name) for code, name in LANGUAGES.items() if (folder / code / "LC_MESSAGES" / "django.mo").exists()]


def sqlite_distrusts() -> bool:
    """Whether this SQLite library can work with ``trusted_schema=OFF``.

    Before 3.41 it then refuses its own json_valid(), which Django's JSON columns check their values with.
    """
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        try:
            connection.execute("CREATE TABLE t (j CHECK (json_valid(j)))")
        except sqlite3.OperationalError:
            return False
    return True


def _pair(name: str, text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise SettingError(f"{name} has an option without a value after the question mark.")
    return key, unquote(value)


def _split(name: str, text: str) -> SplitResult:
    return _guarded(name, lambda: urlsplit(text))


def _port(name: str, parts: SplitResult) -> int | None:
    return _guarded(name, lambda: parts.port)


def _guarded(name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError:
        raise SettingError(f"{name} is not a valid address.") from None


def _origin(name: str, text: str) -> str:
    parts = _split(name, text.rstrip("/"))
    bare = f"{parts.scheme}://{parts.netloc}".lower()
    _port(name, parts)
    wrong = parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc
    if wrong or re.search(r"[\s\"'<>;,]", parts.netloc) or bare != text.rstrip("/").lower():
        raise SettingError(f"{name} must be an origin such as https://takedown.example, without a path.")
    return bare
