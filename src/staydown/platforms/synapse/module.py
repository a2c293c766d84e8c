"""The module that Synapse loads: each upload is ruled on before it is stored. Nothing else imports this file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from synapse.media._base import FileInfo
from synapse.media.media_storage import ReadableFileWrapper
from synapse.module_api import NOT_SPAM, ModuleApi
from synapse.module_api.errors import Codes, ConfigError, SynapseError
from twisted.internet import reactor
from twisted.python.threadpool import ThreadPool

from staydown.errors import SettingError
from staydown.platforms.synapse.screening import Ruling, Screener, ScreeningSettings, name_of

WAITING: Final = 4  # uploads for each process that decodes: some wait for the node meanwhile
LATER: Final = "This upload could not be checked. Try again in a moment."


class Screening:
    """Screens local uploads, media that is fetched from other homeservers, and pictures of link previews."""

    def __init__(self, config: ScreeningSettings, api: ModuleApi) -> None:
        self._api = api
        self._screener = Screener(config)
        # Threads of our own: uploads that wait for a node must not take those that the rest of Synapse works with.
        self._threads = ThreadPool(0, WAITING * config.workers, "staydown")
        loop: Any = reactor
        loop.callWhenRunning(self._threads.start)
        loop.addSystemEventTrigger("during", "shutdown", self._end)
        api.register_spam_checker_callbacks(check_media_file_for_spam=self.check)

    @staticmethod
    def parse_config(config: Mapping[str, Any]) -> ScreeningSettings:
        """The settings; Synapse does not start with wrong ones, nor with a key that cannot be read."""
        try:
            settings = ScreeningSettings.read(config)
            settings.key()
        except SettingError as error:
            raise ConfigError(error.message) from None
        return settings

    async def check(self, file: ReadableFileWrapper, info: FileInfo) -> Codes | Literal["NOT_SPAM"]:
        """Whether Synapse may store a file. Raises a 503 when that is not known and the operator chose to refuse.

        The file is opened in the thread that hashes it: not even reading it keeps the reactor from its other work.
        """
        if info.thumbnail is not None:
            return NOT_SPAM  # made here, of a picture that was screened
        name = name_of(self._api.server_name, info.file_id, info.server_name, is_preview=info.url_cache)
        ruling = await self._api.defer_to_threadpool(self._threads, self._screener.rule, Path(file.path), name)
        if ruling is Ruling.LATER:
            raise SynapseError(503, LATER, Codes.UNKNOWN)
        return Codes.FORBIDDEN if ruling is Ruling.REFUSE else NOT_SPAM

    def _end(self) -> None:
        """Waits for the uploads that are being looked at, which is a matter of seconds."""
        self._threads.stop()
        self._screener.close()
