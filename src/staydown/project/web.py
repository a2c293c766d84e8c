"""The portal, the console and the API without screening and worker."""

from __future__ import annotations

import socket
from collections.abc import Callable

from staydown.project import asgi, install, server
from staydown.project.install import Installed


def web(listener: socket.socket, started: Callable[[Installed], None]) -> None:
    """Run portal, console and API in this process until a signal comes."""
    installed = install.ensure()
    server.run(asgi.compose(), listener, [], lambda: started(installed))
