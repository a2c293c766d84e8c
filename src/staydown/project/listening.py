"""Where a server listens. Comes before Django: the address is part of its settings."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final

from staydown.errors import SettingError

EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - what is listened on


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, and where it is reached from this machine."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """The host as this machine may call it, without the port."""
        host = EVERYWHERE.get(self.host, self.host)
        return f"[{host}]" if ":" in host else host

    @property
    def url(self) -> str:
        """The address as this machine may call it."""
        return f"http://{self.name}:{self.port}"


def listen(host: str, port: int) -> tuple[socket.socket, Address]:
    """A socket that others can connect to from now on, and its address; port 0 takes any free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        found = socket.create_server((host, port), family=family, backlog=2048)
    except OSError:
        raise SettingError(f"Port {port} of {host} cannot be used. Another program may have it; try --port.") from None
    found.set_inheritable(True)
    return found, Address(host, found.getsockname()[1])
