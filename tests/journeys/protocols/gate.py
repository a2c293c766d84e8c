"""A way to a server on this machine that a test can shut, as if that server were down, or hold, as if it were stuck."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Final

HOST: Final = "127.0.0.1"


class Gate:
    """Open from the start. ``port`` leads to ``beyond``; both are ports of this machine."""

    def __init__(self, beyond: int) -> None:
        self._beyond = beyond
        self._passing: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._may_pass = asyncio.Event()
        self._waiting = threading.Semaphore(0)
        self.port = 0
        self._listen()
        self.open()

    def open(self) -> None:
        """Let everybody through, also those that were held."""
        if not self._server.is_serving():
            self._listen()
        self._loop.call_soon_threadsafe(self._may_pass.set)

    def hold(self) -> None:
        """Let everybody in and nobody on, until it is opened."""
        self.shut()
        self._loop.call_soon_threadsafe(self._may_pass.clear)
        self._listen()

    def await_somebody(self) -> None:
        """Returns once somebody is held."""
        assert self._waiting.acquire(timeout=30)

    def shut(self) -> None:
        """Let nobody through, and cut off who is."""
        self._do(self._shut())

    def end(self) -> None:
        """Shut for good."""
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _listen(self) -> None:
        self._server = self._do(asyncio.start_server(self._pass, HOST, self.port))
        self.port = self._server.sockets[0].getsockname()[1]

    def _do(self, what):
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _shut(self) -> None:
        self._server.close()
        for writer in self._passing:
            writer.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._may_pass.is_set():
            self._waiting.release()
            await self._may_pass.wait()
        there, back = await asyncio.open_connection(HOST, self._beyond)
        ends = {writer, back}
        self._passing |= ends
        try:
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        finally:
            self._passing -= ends
            for end in ends:
                end.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while part := await reader.read(65_536):
                writer.write(part)
                await writer.drain()
            writer.close()
