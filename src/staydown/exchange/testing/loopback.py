"""Serves what a function answers on loopback."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

Respond = Callable[[httpx.Request], httpx.Response]


@contextmanager
def serving(respond: Respond, *, stop: Callable[[], None] = lambda: None) -> Iterator[str]:
    """The address at which ``respond`` answers for as long as the block runs; ``stop`` frees those that still wait."""
    server = _Server(("127.0.0.1", 0), _handler(respond))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        stop()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Says nothing of followers that went away before their answer, as one that is stopped does."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    """The class that answers over a socket."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            url = f"http://{self.headers['host']}{self.path}"
            try:
                response = respond(httpx.Request(self.command, url, headers=dict(self.headers), content=body))
            except httpx.HTTPError:
                self.close_connection = True
                return
            is_whole = "content-length" in response.headers or response.is_closed
            self.send_response(response.status_code)
            self.send_header("content-type", response.headers.get("content-type", "text/plain"))
            if "retry-after" in response.headers:
                self.send_header("retry-after", response.headers["retry-after"])
            if is_whole:
                self.send_header("content-length", str(len(response.content)))
            else:  # as long as it is: one part after the other, and the end of the connection ends it
                self.send_header("connection", "close")
                self.close_connection = True
            self.end_headers()
            for part in [response.content] if is_whole else response.iter_raw():
                self.wfile.write(part)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            """Nothing: tests read no access log."""

    return Handler
