"""Follows a privacy group of ThreatExchange by its updates, in the Graph API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import httpx

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import (
    CursorError,
    HashError,
    NotBankedError,
    RecordError,
    SettingError,
    SourceAnswerError,
    SourceDeafError,
    SourceWentBackError,
    StaydownError,
)
from staydown.exchange.asking import Asker, RefusedError
from staydown.exchange.source import (
    Asked,
    Collected,
    Given,
    Kind,
    Opinion,
    Page,
    Signal,
    read_place,
    watched,
    written,
)

PAGE: Final = 100  # the largest that the updates are sent in
FIELDS: Final = "id,indicator,type,last_updated,should_delete,descriptors{id,reactions,owner{id},tags,status}"
TYPES: Final = {"HASH_PDQ": Algorithm.PDQ, "HASH_SHA256": Algorithm.SHA256}
_STATUS: Final = {"MALICIOUS": Opinion.CONFIRMED, "NON_MALICIOUS": Opinion.DISPUTED}
_REACTIONS: Final = {Opinion.CONFIRMED: "HELPFUL", Opinion.DISPUTED: "DISAGREE_WITH_TAGS"}
_OF_REACTIONS: Final = {word: opinion for opinion, word in _REACTIONS.items()}
_SHAPE: Final = {"since": int, "reached": int, "query": str}


class ThreatExchange:
    """An app of the exchange. The token travels in a header, so that it stands in nobody's log of addresses."""

    def __init__(self, given: Given) -> None:
        self._group = given.credentials["privacy_group"]
        if not (self._group.isascii() and self._group.isdigit()):
            raise SettingError("privacy_group: give the number of the privacy group.")
        self._asker = Asker(given, headers={"authorization": f"Bearer {given.credentials['app_token']}"})

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """The pages after ``cursor``."""
        return watched(self._pages(read_place(cursor, _SHAPE)))

    def _pages(self, place: Mapping[str, Any]) -> Iterator[Page]:
        since, query = place.get("since", 0), place.get("query", "")
        reached = max(since, place.get("reached", since))
        if since < 0 or reached >= 2**53:
            raise CursorError
        is_kept = bool(query)  # such a page may be there for some hours only
        while True:
            usual = {"start_time": since, "limit": PAGE, "fields": FIELDS}
            ask = dict(httpx.QueryParams(query)) if query else usual
            try:
                answer = self._asker.get_json(f"/{self._group}/threat_updates/", ask)
            except RefusedError:
                if not is_kept:
                    raise
                query, is_kept = "", False
                continue
            is_kept = False
            found, times = _collected(answer)
            if times and max(times) < since:  # asked from a time on, it answers with what was long before
                raise SourceWentBackError
            reached, query = max([reached, *times]), _next(answer)
            if not query:
                yield found.page(written({"since": reached}), more=False)
                return
            yield found.page(written({"since": since, "reached": reached, "query": query}), more=True)

    def say(self, id: str, hash: Hash, opinion: Opinion) -> None:  # noqa: A002, ARG002 - the words of `Listener`
        """React to each descriptor of the indicator."""
        reaction = _REACTIONS.get(opinion)
        if reaction is None or not id.isdigit():
            raise SourceDeafError
        listed = self._asker.get_json(f"/{id}/descriptors", {"fields": "id"}).get("data")
        ids = [str(each.get("id")) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        if not ids or not all(each.isdigit() for each in ids):
            raise SourceDeafError("The source shows no descriptor of this record to react to.")
        for each in ids:
            self._asker.post_form(f"/{each}", {"reactions": reaction})

    def close(self) -> None:
        """Close the connections."""
        self._asker.close()


def _next(answer: Mapping[str, Any]) -> str:
    """The query of the next page without the token that may stand in it; empty after the last one."""
    paging = answer.get("paging")
    text = paging.get("next") if isinstance(paging, dict) else None
    if not text:
        return ""
    try:
        query = httpx.URL(str(text)).params.remove("access_token")
    except httpx.InvalidURL:
        raise SourceAnswerError from None
    if not query:
        raise SourceAnswerError("The source names a next page that is none of its own. Tell its people.")
    return str(query)


def _collected(answer: Mapping[str, Any]) -> tuple[Collected, list[int]]:
    """The records of a page, and when they changed."""
    records = answer.get("data")
    if not isinstance(records, list):
        raise SourceAnswerError
    found, times = Collected(), []
    for at, record in enumerate(records):
        try:
            times.append(_put(record, found))
        except StaydownError as error:
            found.skip(error, f"data[{at}]")
    return found, times


def _put(record: object, into: Collected) -> int:
    """When the record changed; it is added or removed."""
    if not isinstance(record, dict):
        raise RecordError
    name, at = str(record.get("id", "")), record.get("last_updated")
    if not (name.isascii() and name.isdigit()) or type(at) is not int or type(record.get("should_delete")) is not bool:
        raise RecordError
    if record["should_delete"] or "descriptors" not in record:  # the second is how some deletions arrive
        into.remove(name)
        return at
    algorithm = TYPES.get(str(record.get("type")))
    if algorithm is None:
        raise NotBankedError
    try:
        value = Hash.from_hex(algorithm, str(record.get("indicator")))
        opinions = _opinions(record["descriptors"])
    except (HashError, TypeError, KeyError, ValueError, AttributeError):
        raise RecordError from None
    if not opinions:  # nobody who says something of it is shown: that comes and goes, and is no deletion
        raise RecordError
    if all(opinion is Opinion.DISPUTED for _, opinion in opinions):
        into.remove(name)
    else:
        into.add(Signal(name, value, opinions=opinions))
    return at


def _opinions(descriptors: Mapping[str, Any]) -> list[tuple[str, Opinion]]:
    """What each member says: of itself, or by a reaction to what another says."""
    own: dict[str, Opinion] = {}
    by_reaction: dict[str, Opinion] = {}
    for each in descriptors["data"]:
        if "owner" not in each:
            continue
        own[str(int(each["owner"]["id"]))] = _STATUS.get(each.get("status"), Opinion.REVIEWING)
        for reaction in each.get("reactions") or ():
            opinion = _OF_REACTIONS.get(reaction["key"])
            for member in str(reaction["value"]).split(",") if opinion else ():
                if opinion is Opinion.CONFIRMED or member not in by_reaction:
                    by_reaction[str(int(member))] = opinion or Opinion.REVIEWING
    return list({**by_reaction, **own}.items())


KIND: Final = Kind(
    name="threatexchange",
    title="ThreatExchange",
    about="A privacy group of Meta's exchange, by its updates. Reactions are sent back.",
    address="https://graph.facebook.com/v20.0",
    address_help="The base address of the Graph API with its version.",
    asks=(
        Asked("app_token", "App access token", "Number of the app, a vertical bar, and the secret."),
        Asked("privacy_group", "Privacy group", "Its number.", secret=False),
    ),
    open=ThreatExchange,
    opinions=frozenset(_REACTIONS),
    whole_every=timedelta(days=60),  # a deletion is told for ninety days
)
