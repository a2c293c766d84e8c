"""Asking an ASGI app without a network."""

from __future__ import annotations

import asyncio

from starlette.responses import PlainTextResponse


async def ask(app, path, *, method="GET", body=(b"",), headers=(), never_ends=False, goes=False):
    """The status, the headers and the body that ``app`` answers."""
    parts = list(body)
    sent = []

    async def receive():
        if not parts:
            if not goes:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts) or never_ends}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "headers": [(b"host", b"127.0.0.1"), *headers],
    }  # fmt: skip
    await app(scope, receive, send)
    if not sent:
        return None
    start = sent[0]
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], found, b"".join(message.get("body", b"") for message in sent[1:])


def named(name):
    """An app that answers with its name and what it was sent."""

    async def app(scope, receive, send):
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await PlainTextResponse(f"{name} {len(body)}")(scope, receive, send)

    return app
