"""The whole product in one process."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import ExitStack

from django.conf import settings

from staydown.apps.vault import files
from staydown.core.hashing.pool import HashingPool
from staydown.exchange.peer import FeedClient
from staydown.project import asgi, install, server
from staydown.project.install import Installed
from staydown.project.listening import Address
from staydown.project.worker import Worker
from staydown.screening import app as screening
from staydown.screening.hma.settings import HmaSettings
from staydown.screening.settings import Settings


def everything(listener: socket.socket, address: Address, started: Callable[[Installed], None]) -> None:
    """Run portal, console, API, screening and worker in this process until a signal comes."""
    node_settings, hma = Settings.read(os.environ), HmaSettings.read(os.environ)
    installed = install.ensure()
    node_key = install.ensure_node()
    files.write(settings.STAYDOWN_DATA / "address", address.url + "\n")  # for the doctor
    with ExitStack() as stack:
        client = stack.enter_context(FeedClient(address.url, node_key.key, node_key.verifier))
        pool = stack.enter_context(HashingPool(node_settings.workers))
        app = screening.build(node_settings, feed_client=client, pool=pool, hma=hma)
        doors = asgi.compose(app, screening.PATHS, screening.PREFIXES)
        server.run(doors, listener, [app.state.node, Worker()], lambda: started(installed))
