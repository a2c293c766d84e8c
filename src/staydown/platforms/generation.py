"""For services that make pictures: no banked picture is worked from, and none near a banked one is given out.

gate = GenerationGate(client)
gate.admit(reference)              # before the model sees it
picture = model(reference, words)
gate.release(picture)              # before the customer does
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from staydown.client import Client, Verdict
from staydown.core.hashing.containers import SNIFFED
from staydown.platforms.rules import Rules, said

STRICT: Final = Rules(refused=frozenset({Verdict.BLOCK, Verdict.REVIEW}))
"""To make a picture can wait: what nobody has decided about, and what cannot be checked, is refused as well."""


class GenerationGate:
    """Refuses pictures near a banked one, on their way into a model and out of it. Thread-safe, as the client is."""

    def __init__(self, client: Client, *, rules: Rules = STRICT) -> None:
        self._client = client
        self._rules = rules

    def admit(self, references: bytes | Iterable[bytes]) -> None:
        """Raise `UploadError` when one of the pictures that somebody sends to work from is not to be used."""
        for data in [references] if isinstance(references, bytes) else references:
            self._look(data)

    def release(self, picture: bytes) -> bytes:
        """The picture that was made; raises `UploadError` when it is near a banked one."""
        self._look(picture)
        return picture

    def _look(self, data: bytes) -> None:
        is_short = len(data) <= self._rules.longest
        self._rules.judge(said(self._client, data if is_short else None), data[:SNIFFED])
