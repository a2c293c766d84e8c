"""ThreatExchange, Meta's Graph API: the updates of one privacy group, the tombstones among them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import httpx

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import HashError, ReplyRefusedError, SettingError, SourceAnswerError, SourceWentBackError
from staydown.exchange.source import (
    Asked,
    HttpSource,
    Kind,
    Page,
    Read,
    RefusedError,
    Signal,
    Wire,
    begun_again,
    gather,
    json_object,
    objects,
    place,
)

FIELDS: Final = "id,indicator,type,last_updated,should_delete,descriptors{id,reactions,owner{id},tags,status}"
TYPES: Final = {
    "HASH_PDQ": Algorithm.PDQ,
    "HASH_SHA256": Algorithm.SHA256,
    "HASH_MD5": Algorithm.MD5,
    "HASH_VIDEO_MD5": Algorithm.MD5,
}
PAGE: Final = 100  # the largest that the updates are sent in
OVERLAP: Final = 600  # seconds read again, for updates that were stored late
WHOLE_EVERY: Final = timedelta(days=60)  # tombstones are kept for 90 days; who comes later would miss some
_STATUS: Final = {"MALICIOUS": "confirmed", "NON_MALICIOUS": "disputed"}
_REACTIONS: Final = {"confirmed": "HELPFUL", "disputed": "DISAGREE_WITH_TAGS"}
_OF_REACTIONS: Final = {word: opinion for opinion, word in _REACTIONS.items()}


class Client(HttpSource):
    """Follows a privacy group. The cursor: the second up to which all was read, that of this reading, its next page.

    The token travels in a header, so that it stands in nobody's log of addresses.
    """

    def __init__(self, address: str, credentials: Mapping[str, str], wire: Wire) -> None:
        super().__init__(address, wire.client({"authorization": f"Bearer {credentials['access_token']}"}))
        self._group = credentials["privacy_group"]
        if not self._group.isdigit():
            raise SettingError("Privacy group: give its number.")

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Page after page; raises `SourceWentBackError` beside what `ask` raises."""
        since, reached, query = place(cursor, [0, 0, None])
        while True:
            try:
                found = json_object(self.ask("GET", f"/{self._group}/threat_updates/", params=_asks(since, query)))
            except RefusedError:
                if query is None:
                    raise
                query = None  # pages grow old; the time does not
                yield begun_again(json.dumps([since, since, None]))
                continue
            updates = objects(found, "data")
            times = [each["last_updated"] for each in updates if _is_timed(each)]
            if times and max(times) < since:  # asked from a time on, it answers with what was before
                raise SourceWentBackError
            reached, query = max([since, reached, *times]), _following(found)
            behind = max(since, reached - OVERLAP)
            where = [behind, behind, None] if query is None else [since, reached, query]
            yield gather(map(_read, updates), json.dumps(where), more=query is not None)
            if query is None:
                return

    def say(self, id: str, hash: Hash, opinion: str) -> None:  # noqa: A002, ARG002 - the words of the protocol
        """React to each description of the hash; there is no word for still looking, so that says nothing."""
        if opinion not in _REACTIONS:
            return
        listed = objects(json_object(self.ask("GET", f"/{int(id)}/descriptors", params={"fields": "id"})), "data")
        ids = [str(each.get("id")) for each in listed if isinstance(each, dict)]
        if not ids or not all(each.isascii() and each.isdigit() for each in ids):
            raise ReplyRefusedError("The source shows no description of this record to react to.")
        for each in ids:
            self.ask("POST", f"/{each}", data={"reactions": _REACTIONS[opinion]})


def _asks(since: int, query: str | None) -> dict[str, str]:
    if query is not None:
        return dict(httpx.QueryParams(query))
    return {"start_time": str(since), "limit": str(PAGE), "fields": FIELDS, "types": ",".join(TYPES)}


def _following(found: Mapping[str, Any]) -> str | None:
    """The query of the next page without a token that may stand in it, None: this was the last. Its server is ours."""
    paging = found.get("paging")
    text = paging.get("next") if isinstance(paging, dict) else None
    if not text:
        return None
    try:
        query = str(httpx.URL(str(text)).params.remove("access_token"))
    except httpx.InvalidURL:
        query = ""
    if not query:
        raise SourceAnswerError("The source does not say where its list goes on.")
    return query


def _is_timed(update: Any) -> bool:
    return isinstance(update, dict) and type(update.get("last_updated")) is int


def _read(update: Any) -> Read:
    if not _is_timed(update) or type(update.get("should_delete")) is not bool:
        return None
    id_, algorithm = str(update.get("id", "")), TYPES.get(str(update.get("type")))
    if not (id_.isascii() and id_.isdigit()):
        return None
    # An update in which nobody describes the hash any longer is a tombstone as well.
    if update["should_delete"] or "descriptors" not in update:
        return id_, None
    try:
        opinions = _opinions(update["descriptors"])
        found = Hash.from_hex(algorithm, str(update.get("indicator"))) if algorithm else None
    except (HashError, TypeError, KeyError, ValueError, AttributeError):
        return None
    if found is None or not opinions:  # that no one who says something is shown comes and goes, and is no deletion
        return None
    return id_, None if opinions <= {"disputed"} else Signal(id_, found)


def _opinions(descriptors: Mapping[str, Any]) -> set[str]:
    """What the members say, of itself or by a reaction to what another says; "" is neither yes nor no."""
    own: dict[str, str] = {}
    reacted: dict[str, str] = {}
    for each in descriptors["data"]:
        if "owner" not in each:
            continue
        own[str(int(each["owner"]["id"]))] = _STATUS.get(each.get("status"), "")
        for reaction in each.get("reactions") or ():
            opinion = _OF_REACTIONS.get(reaction["key"])
            for member in str(reaction["value"]).split(",") if opinion else ():
                if opinion == "confirmed" or member not in reacted:
                    reacted[member] = str(opinion)
    return set({**reacted, **own}.values())


KIND: Final = Kind(
    name="threatexchange",
    title="ThreatExchange",
    about="The hashes of one privacy group of Meta's ThreatExchange, with its tombstones; it hears opinions.",
    address="https://graph.facebook.com/v22.0",
    address_help="The Graph API with its version.",
    asks=(
        Asked("privacy_group", "Privacy group", "Its number.", secret=False),
        Asked("access_token", "Access token", "Of your app: its number, a bar and its secret."),
    ),
    listens=True,
    open=Client,
    whole_every=WHOLE_EVERY,
)
