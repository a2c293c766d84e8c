"""Who may ask this node: Bearer keys, checked here against a list of their SHA-256 that the publisher hands out."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Iterable
from typing import Final

from staydown.errors import FeedError
from staydown.exchange.peer import FeedClient, ScreeningKey
from staydown.screening.loop import back_off

log = logging.getLogger(__name__)

SCREEN: Final = "screen"
EXPLAIN: Final = "screen:explain"
_SCHEME: Final = b"bearer "
_LONGEST: Final = 512
_MOST_MET: Final = 1000


class ClientKeys:
    """The client keys that are good now. Read in the event loop, replaced as a whole by another thread.

    A key is found by the digest of what was sent, so how long the search takes says nothing about any real key; the
    digests are then compared in constant time all the same. A header with a good key is remembered until the list is
    replaced, which is every few seconds.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, ScreeningKey] | None = None
        self._met: dict[bytes, ScreeningKey] = {}  # by the whole header, as it was sent before; only with a good key

    @property
    def is_known(self) -> bool:
        """Whether the list was ever fetched."""
        return self._known is not None

    def replace(self, keys: Iterable[ScreeningKey]) -> None:
        """From now on exactly ``keys`` are good."""
        self._known = {key.digest: key for key in keys}
        self._met = {}

    @property
    def listed(self) -> list[ScreeningKey]:
        """The keys that are good now."""
        return list((self._known or {}).values())

    def find(self, authorization: bytes) -> ScreeningKey | None:
        """The key in an ``Authorization`` header, or None when it is no key of ours."""
        met = self._met  # taken before the list is looked at: a key that is revoked meanwhile is not remembered
        found = met.get(authorization)
        if found is None:
            found = self._search(authorization)
            if found is not None and len(met) < _MOST_MET:
                met[authorization] = found
        return found

    def _search(self, authorization: bytes) -> ScreeningKey | None:
        if len(authorization) > _LONGEST or authorization[: len(_SCHEME)].lower() != _SCHEME or not self._known:
            return None
        digest = hashlib.sha256(authorization[len(_SCHEME) :].strip()).digest()
        found = self._known.get(digest)
        if found is None or not hmac.compare_digest(found.digest, digest):
            return None
        return found


class KeyList:
    """Keeps `ClientKeys` as the publisher has them. When it does not answer, the last list stays good."""

    def __init__(self, client: FeedClient, keys: ClientKeys, *, every: float) -> None:
        self._client = client
        self._keys = keys
        self._every = every
        self._failures = 0

    def step(self) -> float:
        """Fetch the list once; the seconds until the next look."""
        try:
            self._keys.replace(self._client.screening_keys())
        except FeedError as error:
            self._failures += 1
            if self._failures == 1:
                log.warning("The list of client keys could not be fetched: %s", error.message)
            return max(back_off(self._failures), self._every if self._keys.is_known else 0)
        self._failures = 0
        return self._every
