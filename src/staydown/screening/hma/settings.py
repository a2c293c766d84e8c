"""How a node answers clients of Hasher-Matcher-Actioner."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from staydown.errors import SettingError
from staydown.exchange.guarded import is_public

PREFIX: Final = "STAYDOWN_SCREEN_HMA_"
_WORDS: Final = {
    "yes": True,
    "true": True,
    "1": True,
    "on": True,
    "no": False,
    "false": False,
    "0": False,
    "off": False,
}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, repr=False)
class HmaSettings:
    """Everything is off unless it is asked for. Each is also a variable ``STAYDOWN_SCREEN_HMA_...``."""

    review: bool = False  # tell of entries that only ask for a review too, as bank NAME_REVIEW
    fetch_from: frozenset[str] = frozenset()  # hosts that ``url=`` may name; none: no address is fetched
    keyless_from: tuple[Network, ...] = ()  # private networks whose clients need send no key...
    key: str = ""  # ...and the key in whose name they ask

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings in ``environment``. Raises `SettingError`."""

        def given(name: str) -> str:
            return environment.get(PREFIX + name, "").strip()

        review = given("REVIEW").lower() or "no"
        if review not in _WORDS:
            raise SettingError(f"{PREFIX}REVIEW must be yes or no.")
        hosts = frozenset(host.strip().lower() for host in given("FETCH_FROM").split(",") if host.strip())
        if any("/" in host or ":" in host for host in hosts):
            raise SettingError(f"{PREFIX}FETCH_FROM is a list of host names, separated by commas.")
        networks = tuple(_network(text.strip()) for text in given("KEYLESS_FROM").split(",") if text.strip())
        key = _key(given("KEY_FILE"))
        if bool(networks) != bool(key):
            raise SettingError(
                f"{PREFIX}KEYLESS_FROM and {PREFIX}KEY_FILE go together: the networks, and the key that they ask with."
            )
        return cls(_WORDS[review], hosts, networks, key)

    def may_be_keyless(self, host: str) -> bool:
        """Whether a client at this address need send no key."""
        if not self.keyless_from:
            return False
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self.keyless_from if network.version == address.version)

    def __repr__(self) -> str:
        return "<HmaSettings>"


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise SettingError(
            f"{PREFIX}KEYLESS_FROM is a list of networks such as 10.1.0.0/16, separated by commas."
        ) from None
    if network.prefixlen == 0 or is_public(network.network_address) or is_public(network.broadcast_address):
        raise SettingError(f"{PREFIX}KEYLESS_FROM must be private networks: anybody could ask without a key.")
    return network


def _key(path: str) -> str:
    if not path:
        return ""
    try:
        key = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingError(f"{PREFIX}KEY_FILE cannot be read. Check its path and its permissions.") from None
    if not (key and key.isascii() and key.isprintable() and " " not in key):
        raise SettingError(f"{PREFIX}KEY_FILE holds no key. Put one key into it, and nothing else.")
    return key
