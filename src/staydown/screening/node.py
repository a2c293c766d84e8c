"""A screening node: a live index that follows a feed, the keys of its clients, and the hits that it reports."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from staydown.core.bank import Action, Verdict, verdict
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.pool import HashingPool
from staydown.core.matching.index import Match, shortened
from staydown.core.matching.live import LiveIndex
from staydown.errors import FeedUnreachableError
from staydown.exchange.peer import FeedClient
from staydown.screening.auth import ClientKeys, KeyList
from staydown.screening.films import Films
from staydown.screening.follower import Follower
from staydown.screening.hits import Hit, Hits
from staydown.screening.loop import Loop
from staydown.screening.memory import use_one_heap
from staydown.screening.metrics import Metrics
from staydown.screening.settings import Settings

log = logging.getLogger(__name__)

MOST_MATCHES: Final = 16  # entries that one upload is reported for; the verdict is that over all of them


Banks = frozenset[str]
"""The names of the banks that a client is answered from; empty stands for all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do with an upload, and the id under which the match was reported."""

    verdict: Verdict
    hit_id: str | None
    matches: Sequence[Match]


class Node:
    """Everything behind the routes. `start` and `stop` run its threads; asking it needs none of them."""

    def __init__(
        self, settings: Settings, *, feed_client: FeedClient, pool: HashingPool, index: LiveIndex | None = None
    ) -> None:
        self.settings = settings
        self.pool = pool
        self.films = Films(settings)
        self.index = LiveIndex() if index is None else index
        self.keys = ClientKeys()
        self.metrics = Metrics()
        self.follower = Follower(feed_client, self.index, settings, is_stopping=lambda: self._following.stopping)
        self.hits = Hits(feed_client, settings, wake=lambda: self._reporting.wake())
        self._following = Loop("staydown-feed", self.follower.step)
        self._reporting = Loop("staydown-hits", self.hits.step)
        self._key_list = Loop("staydown-keys", KeyList(feed_client, self.keys, every=settings.keys_every).step)
        self._watch()

    def start(self) -> None:
        """Follow the feed, fetch the keys, report hits."""
        use_one_heap()
        for loop in (self._following, self._key_list, self._reporting):
            loop.start()

    def stop(self) -> None:
        """End the threads and report the hits that wait. Blocks for some seconds when the publisher does not answer."""
        self.films.close()
        self._following.stop(0)  # it may be waiting for a line; what comes now is not applied
        self._key_list.stop(0)
        self._reporting.stop(self.settings.flush_seconds)
        self.hits.flush(self.settings.flush_seconds)

    def decide(self, hashes: Sequence[Hash], *, banks: Banks, content_ref: str, preview_url: str) -> Answer:
        """Look the hashes of one picture up in ``banks``, or in all when it is empty, and report what matches."""
        if banks and hashes:  # everything, and then the first so many: entries of other banks must not crowd ours out
            found = self.index.query(hashes)
            matches = shortened([match for match in found if match.entry.bank in banks], MOST_MATCHES)
        else:
            matches = self.index.query(hashes, most=MOST_MATCHES) if hashes else []
        return self.answer(matches, content_ref=content_ref, preview_url=preview_url)

    def answer(self, matches: Sequence[Match], *, content_ref: str, preview_url: str) -> Answer:
        """What to do with an upload that matches these entries, which are reported."""
        if not matches:
            return Answer(Verdict.ALLOW, None, matches)
        return Answer(verdict(matches), self.report(matches, content_ref=content_ref, preview_url=preview_url), matches)

    def report(self, matches: Sequence[Match], *, content_ref: str = "", preview_url: str = "") -> str:
        """Report the matches of one upload, of which there are some; the id under which that is done."""
        hit_id = uuid.uuid4()
        for number, match in enumerate(_reported(matches)):
            # The answer can name one hit only; the further ones have ids that follow from it.
            each_id = hit_id if number == 0 else uuid.uuid5(hit_id, str(match.entry.id))
            self.hits.add(Hit(str(each_id), match.entry.id, match.entry.action, content_ref, preview_url))
        return str(hit_id)

    def trouble(self) -> tuple[str, str] | None:
        """Why this node should get no traffic, as a code and a sentence; None when all is well."""
        follower = self.follower
        fault, lag = follower.fault, follower.lag
        if fault is not None and not isinstance(fault, FeedUnreachableError):
            return fault.code, fault.message
        if not follower.is_synced or lag is None:
            return "not_synced", fault.message if fault else "The feed has not been read to its end yet."
        if lag > self.settings.max_lag:
            because = f" {fault.message}" if fault else ""
            return "feed_behind", f"The feed is {lag:.0f} seconds behind, more than {self.settings.max_lag:g}.{because}"
        if not self.keys.is_known:
            return "keys_unknown", "The list of client keys has not been fetched yet."
        return None

    @property
    def can_answer(self) -> bool:
        """Whether it has read the whole feed once. Before that, "allow" would be a guess."""
        return self.follower.is_synced and self.keys.is_known

    def _watch(self) -> None:
        watch = self.metrics.watch
        watch("entries", "Entries in the index", lambda: len(self.index))
        watch("feed_line", "Number of the last feed line that was read", lambda: self.follower.seq)
        watch("feed_lag_seconds", "Seconds that a change may be missing", lambda: self.follower.lag)
        watch("ready", "1 when /readyz is 200", lambda: float(self.trouble() is None))
        watch("hits_waiting", "Uploads that matched and are not reported yet", lambda: self.hits.waiting)
        watch(
            "hits_given_up", "Uploads that matched and that the publisher refused to hear of", lambda: self.hits.refused
        )


def _reported(matches: Sequence[Match]) -> list[Match]:
    """The matches to report, the deciding one first.

    A file that is banked twice, by its picture and by its bytes, is one upload on one case: matches by SHA-256 are only
    told when those by the picture do not say as much.
    """
    by_picture = [match for match in matches if match.entry.hash.algorithm is not Algorithm.SHA256]
    told = by_picture if verdict(by_picture) is verdict(matches) else matches
    return sorted(told, key=lambda match: match.entry.action is not Action.BLOCK)
