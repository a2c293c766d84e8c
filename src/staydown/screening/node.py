"""A screening node: a live index that follows a feed, the keys of its clients, and the hits that it reports."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from staydown.core.bank import Action, Verdict, verdict
from staydown.core.hashing.algorithm import EXACT, Algorithm, Hash
from staydown.core.hashing.pool import HashingPool
from staydown.core.matching.index import Match, shortened
from staydown.core.matching.live import LiveIndex
from staydown.core.matching.live_videos import LiveVideos
from staydown.core.matching.video import ANY_SHARE, VideoMatch
from staydown.errors import FeedUnreachableError
from staydown.exchange.peer import FeedClient
from staydown.screening import keeping
from staydown.screening.auth import ClientKeys, KeyList
from staydown.screening.films import Films
from staydown.screening.follower import Follower
from staydown.screening.hits import Hit, Hits
from staydown.screening.keeping import Keeper, Kept, KeptFile
from staydown.screening.loop import Loop
from staydown.screening.memory import use_one_heap
from staydown.screening.metrics import Metrics
from staydown.screening.settings import Settings
from staydown.screening.wire import Frames

log = logging.getLogger(__name__)

MOST_MATCHES: Final = 16  # entries that one upload is reported for; the verdict is that over all of them
Found = Match | VideoMatch

Banks = frozenset[str]
"""The names of the banks that a client is answered from; empty stands for all."""
ALL_BANKS: Final[Banks] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do with an upload, and the id under which the match was reported."""

    verdict: Verdict
    hit_id: str | None
    matches: Sequence[Found]


class Node:
    """Everything behind the routes. `start` and `stop` run its threads; asking it needs none of them."""

    def __init__(
        self,
        settings: Settings,
        *,
        feed_client: FeedClient,
        pool: HashingPool,
        index: LiveIndex | None = None,
        keep: KeptFile | None = None,
    ) -> None:
        self.settings = settings
        kept = keeping.begun(keep) if keep else None
        if kept:
            index = LiveIndex(kept.pictures)
        self.pool = pool
        self.films = Films(settings)
        self.index = LiveIndex() if index is None else index
        self.videos = LiveVideos(kept.videos if kept else None)
        self.keys = ClientKeys()
        self.metrics = Metrics()
        self.follower = Follower(
            feed_client, self.index, settings, videos=self.videos, is_stopping=lambda: self._following.stopping
        )
        self.hits = Hits(feed_client, settings, wake=lambda: self._reporting.wake())
        self._following = Loop("staydown-feed", self.follower.step)
        self._reporting = Loop("staydown-hits", self.hits.step)
        self._key_list = Loop("staydown-keys", KeyList(feed_client, self.keys, every=settings.keys_every).step)
        if kept:
            self.keys.replace(kept.keys)
            self.follower.begin_at(kept.cursor, age=keeping.age(kept))
        self._keeping = self._keeper(keep) if keep else None
        self._watch()

    def start(self) -> None:
        """Follow the feed, fetch the keys, report hits."""
        use_one_heap()
        for loop in (self._following, self._key_list, self._reporting, self._keeping):
            if loop is not None:
                loop.start()

    def stop(self) -> None:
        """End the threads and report the hits that wait. Blocks for some seconds when the publisher does not answer."""
        self.films.close()
        self._following.stop(0)  # it may be waiting for a line; what comes now is not applied
        self._key_list.stop(0)
        if self._keeping is not None:
            self._keeping.stop(0)  # a file that is being written becomes none
        self._reporting.stop(self.settings.flush_seconds)
        self.hits.flush(self.settings.flush_seconds)

    def decide(
        self, hashes: Sequence[Hash], *, banks: Banks, content_ref: str, preview_url: str, frames: Frames = ()
    ) -> Answer:
        """Look one picture or video up in ``banks``, or in all when it is empty, and report what matches.

        A banked picture in a video is a match like any other; a banked video is one by how much of either is in the
        other, and a frame of one alone asks for a review at most.
        """
        asked = list(dict.fromkeys([*(each for _, seen in frames for each in seen), *hashes])) if frames else hashes
        if banks and asked:  # everything, and then the first so many: entries of other banks must not crowd ours out
            found = self.index.query(asked)
            matches = shortened([match for match in found if match.entry.bank in banks], MOST_MATCHES)
        else:
            matches = self.index.query(asked, most=MOST_MATCHES) if asked else []
        videos = self._videos(frames, banks) if frames else self.stills(hashes, banks)
        return self.answer([*matches, *videos], content_ref=content_ref, preview_url=preview_url)

    def matches(self, hashes: Sequence[Hash], frames: Frames = ()) -> list[Found]:
        """Everything that matches in any bank, not reported: of ``frames`` the banked videos, else those of a still."""
        videos = self._videos(frames, ALL_BANKS) if frames else self.stills(hashes, ALL_BANKS)
        return [*(self.index.query(hashes) if hashes else ()), *videos]

    def stills(self, hashes: Sequence[Hash], banks: Banks) -> list[VideoMatch]:
        """The banked videos that a picture is a frame of. Each asks for a review, and no more."""
        if not len(self.videos):
            return []
        seen = [each for each in hashes if each.algorithm is Algorithm.PDQ]
        return _of_banks(self.videos.query([seen], ANY_SHARE), banks)

    def _videos(self, frames: Frames, banks: Banks) -> list[VideoMatch]:
        """The banked videos that share a frame with these, those that block first."""
        return _of_banks(self.videos.query_timed(frames, ANY_SHARE), banks) if len(self.videos) else []

    def answer(self, matches: Sequence[Found], *, content_ref: str, preview_url: str) -> Answer:
        """What to do with an upload that matches these entries, which are reported."""
        if not matches:
            return Answer(Verdict.ALLOW, None, matches)
        return Answer(verdict(matches), self.report(matches, content_ref=content_ref, preview_url=preview_url), matches)

    def report(self, matches: Sequence[Found], *, content_ref: str = "", preview_url: str = "") -> str:
        """Report the matches of one upload, of which there are some; the id under which that is done."""
        hit_id = uuid.uuid4()
        for number, match in enumerate(_reported(matches)):
            # The answer can name one hit only; the further ones have ids that follow from it.
            each_id = hit_id if number == 0 else uuid.uuid5(hit_id, str(match.entry.id))
            self.hits.add(Hit(str(each_id), match.entry.id, match.action, content_ref, preview_url))
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
    def entries(self) -> int:
        """How many entries it answers from, pictures and videos."""
        return len(self.index) + len(self.videos)

    @property
    def may_hold_md5(self) -> bool:
        """Whether uploads are to be looked up by MD5 too. It costs a second reading, so not where there is none."""
        return self.index.may_hold(Algorithm.MD5)

    @property
    def can_answer(self) -> bool:
        """Whether it has read the whole feed once. Before that, "allow" would be a guess."""
        return self.follower.is_synced and self.keys.is_known

    def known(self) -> Kept | None:
        """All that this node knows, to begin with it after a restart; None until it can answer."""
        cursor, lag = self.follower.cursor, self.follower.lag  # first: what the index holds beyond it is read again
        if not self.can_answer or lag is None:
            return None
        return Kept(self.index.whole(), self.videos.whole(), cursor, time.time() - lag, self.keys.listed)

    def _keeper(self, file: KeptFile) -> Loop:
        keeper = Keeper(file, every=self.settings.keep_every, seq=lambda: self.follower.seq, known=self.known)
        return Loop("staydown-keep", keeper.step)

    def _watch(self) -> None:
        watch = self.metrics.watch
        watch("entries", "Entries in the index", lambda: self.entries)
        watch("videos", "Those of them that are videos", lambda: len(self.videos))
        watch("feed_line", "Number of the last feed line that was read", lambda: self.follower.seq)
        watch("feed_lag_seconds", "Seconds that a change may be missing", lambda: self.follower.lag)
        watch("ready", "1 when /readyz is 200", lambda: float(self.trouble() is None))
        watch("hits_waiting", "Uploads that matched and are not reported yet", lambda: self.hits.waiting)
        watch(
            "hits_given_up", "Uploads that matched and that the publisher refused to hear of", lambda: self.hits.refused
        )


def _of_banks(found: list[VideoMatch], banks: Banks) -> list[VideoMatch]:
    kept = [match for match in found if not banks or match.entry.bank in banks]
    kept.sort(key=lambda match: match.action is not Action.BLOCK)
    return kept[:MOST_MATCHES]


def _reported(matches: Sequence[Found]) -> list[Found]:
    """The matches to report, the deciding one first.

    A file that is banked twice, by its picture and by its bytes, is one upload on one case: matches by the bytes are
    only told when those by the picture do not say as much, and matches by MD5 when no others do.
    """
    told: Sequence[Found] = ()
    for left_out in (EXACT, (Algorithm.MD5,), ()):
        told = [match for match in matches if match.algorithm not in left_out]
        if verdict(told) is verdict(matches):
            break
    return sorted(told, key=lambda match: match.action is not Action.BLOCK)
