"""Forms as browsers send them, and clients that ask a node in this process."""

from __future__ import annotations

import httpx

from staydown.client import AsyncClient, Client, Policy
from staydown.core.bank import Action
from staydown.core.hashing.picture import hash_picture
from tests import pictures
from tests.screening.nodes import KEY, LocalPool, Stepped, entry

NODE = "https://node.test"
BANKED = pictures.path("chelsea.png").read_bytes()
AGAIN = pictures.encoded(pictures.photograph("chelsea.png"), quality=40)
OTHER = pictures.path("coffee.png").read_bytes()
CUT = BANKED[: len(BANKED) // 2]
QUICK = Policy(first_pause=0.0001, seconds=2.0, tries=1)


def node(action: Action = Action.BLOCK) -> Stepped:
    """A node with an entry of `BANKED`."""
    found = Stepped()
    found.publisher.add(entry(hash_picture(BANKED).pdq, action=action))
    return found.sync()


def answered(by: Stepped | None, request: httpx.Request) -> httpx.Response:
    """What a node says; None: nobody is there."""
    if by is None:
        raise httpx.ConnectError("nobody")
    headers = {name: request.headers[name] for name in ("authorization", "content-type")}
    reply = by.web.post(request.url.path, content=request.content, headers=headers)
    return httpx.Response(reply.status_code, content=reply.content)


def client(by: Stepped | None, key: str = KEY) -> Client:
    """A client for threads that asks ``by``."""
    transport = httpx.MockTransport(lambda request: answered(by, request))
    return Client(NODE, key, policy=QUICK, pool=LocalPool(), transport=transport)


def async_client(by: Stepped | None, key: str = KEY) -> AsyncClient:
    """A client for an event loop that asks ``by``."""
    transport = httpx.MockTransport(lambda request: answered(by, request))
    return AsyncClient(NODE, key, policy=QUICK, pool=LocalPool(), transport=transport)


def form(*files: bytes, title: str = "a title") -> tuple[bytes, str]:
    """A form with these files, and its content type."""
    heads = [f'name="photo"; filename="{at}.jpg"\r\nContent-Type: image/jpeg' for at in range(len(files))]
    parts = [b'name="title"\r\n\r\n' + title.encode()]
    parts += [head.encode() + b"\r\n\r\n" + data for head, data in zip(heads, files, strict=True)]
    edge = "a-boundary-that-no-file-holds"
    body = b"".join(f"--{edge}\r\nContent-Disposition: form-data; ".encode() + part + b"\r\n" for part in parts)
    return body + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
