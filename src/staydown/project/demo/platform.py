"""A pretend platform: it screens its uploads, publishes them, listens to webhooks and takes posts down.

It stands for the operator's own site and uses only what a real one would: its keys, HTTP, and the signature check.
"""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from staydown.errors import StaydownError
from staydown.exchange import webhooks


def free_port() -> int:
    """A port on loopback that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Platform:
    """The pretend platform on ``port``; ``staydown`` is the address of the install that protects it."""

    staydown: str
    port: int = field(default_factory=free_port)
    posts: dict[str, bytes] = field(default_factory=dict)
    webhook_key: str = ""
    screen_key: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    work: queue.Queue[str] = field(default_factory=queue.Queue)
    heard: set[str] = field(default_factory=set)
    refused: int = 0
    done: int = 0

    @property
    def origin(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Answer requests and carry out actions, each in a thread that ends with the process."""
        app = Starlette(
            routes=[
                Route("/hooks", self.hook, methods=["POST"]),
                Route("/media/{post}", self.media),
                Route("/posts/{post}", self.media),
            ]
        )
        config = uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        threading.Thread(target=server.run, name="platform", daemon=True).start()
        threading.Thread(target=self.carry_out, name="platform-work", daemon=True).start()
        while not server.started:
            time.sleep(0.01)

    async def hook(self, request: Request) -> Response:
        """Take a webhook: check its signature, remember what to do, answer at once."""
        body = await request.body()
        try:
            message = webhooks.verify(
                request.headers, body, keys=[webhooks.PublicKey.parse(self.webhook_key)], now=time.time()
            )
        except StaydownError:
            self.refused += 1
            return Response(status_code=400)
        event = json.loads(body)
        if message not in self.heard and event["type"] == "action.requested":
            self.work.put(str(event["data"]["action"]))
        self.heard.add(message)
        return Response(status_code=204)

    async def media(self, request: Request) -> Response:
        """The picture of a post, or 404 once it is taken down."""
        data = self.posts.get(request.path_params["post"])
        if data is None:
            return Response("This post was taken down.", status_code=404)
        return Response(data, media_type="image/png", headers={"Cross-Origin-Resource-Policy": "cross-origin"})

    def upload(self, data: bytes) -> tuple[str, str | None]:
        """What the screening said of ``data``, and the post's address if it was published."""
        post = uuid.uuid4().hex
        answer = httpx.post(
            f"{self.staydown}/v1/screen",
            files={"file": ("upload", data)},
            data={"content_ref": post, "preview_url": f"{self.origin}/media/{post}"},
            headers={"Authorization": f"Bearer {self.screen_key}"},
            timeout=30,
        )
        answer.raise_for_status()
        action = str(answer.json()["action"])
        if action == "block":
            return action, None
        self.posts[post] = data
        return action, f"{self.origin}/posts/{post}"

    def carry_out(self) -> None:
        """Do each action that was asked for: look it up, take the post down, say that it is done."""
        with httpx.Client(
            base_url=f"{self.staydown}/api/v1", headers={"Authorization": f"Bearer {self.api_key}"}, timeout=30
        ) as api:
            while True:
                name = self.work.get()
                action = api.get(f"/actions/{name}").raise_for_status().json()
                post = (action.get("url") or action.get("content_ref") or "").rsplit("/", 1)[-1]
                result = "removed" if self.posts.pop(post, None) is not None else "not_found"
                api.post(f"/actions/{name}/outcome", json={"result": result}).raise_for_status()
                self.done += result == "removed"


def wait_for(what: Callable[[], bool], *, seconds: float, said: str) -> float:
    """How long it took until ``what()`` held. Raises `StaydownError` with ``said`` after ``seconds``."""
    start = time.monotonic()
    while not what():
        if time.monotonic() - start > seconds:
            raise StaydownError(said)
        time.sleep(0.02)
    return time.monotonic() - start
