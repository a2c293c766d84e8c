"""The webhook receivers of the how-to page, started as they stand there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from staydown.exchange import webhooks
from staydown.exchange.webhooks import SigningKey
from staydown.project.demo.platform import free_port
from tests.journeys.protocols.pages import commands
from tests.screening.nodes import eventually

KEY = SigningKey(bytes(range(32)))
BODY = b'{"type": "action.requested", "data": {"action": "1"}}'


@pytest.fixture(scope="module", params=["from standardwebhooks", "import base64"])
def receiver(request) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The receiver's address, and its process."""
    (code,) = [block for block in commands("receive-webhooks.md") if request.param in block]
    port = free_port()
    keys = {"WEBHOOK_KEY": KEY.public.text(), "WEBHOOK_SECRET": KEY.shared_text()}
    environment = os.environ | {**keys, "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    address = f"http://127.0.0.1:{port}"

    def is_up() -> bool:
        try:
            return httpx.post(address, trust_env=False).status_code == 401
        except httpx.TransportError:
            return False

    eventually(is_up)
    yield address, process
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def sent(address: str, *, key: SigningKey = KEY, at: int | None = None, body: bytes = BODY) -> int:
    """The status that a webhook is answered with; its signature is always over `BODY`."""
    headers = webhooks.headers("msg_1", int(time.time()) if at is None else at, BODY, key)
    return httpx.post(address, content=body, headers=headers, trust_env=False).status_code


def test_it_takes_what_is_genuine_once_and_refuses_the_rest(receiver):
    address, process = receiver
    assert sent(address, key=SigningKey(bytes(32))) == 401
    assert sent(address, at=int(time.time()) - 400) == 401
    assert sent(address, body=BODY + b" ") == 401
    assert [sent(address), sent(address)] == [204, 204]
    process.kill()
    assert process.communicate()[0].splitlines() == [BODY.decode()]
