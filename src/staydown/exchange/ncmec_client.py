"""Follows a list that NCMEC's hash-sharing API serves, window of time after window, deletions included."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import (
    CursorError,
    HashError,
    InvalidError,
    NotBankedError,
    RecordError,
    SourceAnswerError,
    SourceDeafError,
    StaydownError,
)
from staydown.exchange import ncmec
from staydown.exchange.asking import Asker, RefusedError
from staydown.exchange.source import (
    LONGEST_ID,
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

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OVERLAP: Final = timedelta(minutes=5)  # looked at once more: what was being written there when the last window closed
_SHAPE: Final = {"from": str, "to": str, "next": str}
_ENTRIES: Final = "/v2/entries"
_Record = tuple[str, bool, Signal | None, str]  # when, whether it is gone, itself, its id


class NCMEC:
    """A member of the list. A record is named by its owner's number and its own id."""

    def __init__(self, given: Given, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._asker = Asker(given, auth=(given.credentials["username"], given.credentials["password"]))
        self._now = now
        self._reason = ""

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """The pages after ``cursor``."""
        place = read_place(cursor, _SHAPE)
        try:
            start = ncmec.time(place["from"], "from") if "from" in place else _BEGINNING
            end = ncmec.time(place["to"], "to") if "next" in place else self._clock()
        except (InvalidError, KeyError):
            raise CursorError from None
        return watched(self._pages(start, end, place.get("next", "")))

    def _pages(self, start: datetime, end: datetime, ahead: str) -> Iterator[Page]:
        """The windows from ``start`` on, of which the first one closes at ``end``."""
        while start < end:
            for page in self._window(start, end, ahead):
                if page.more:
                    yield page
            start, end, ahead, closed = max(start, end - _OVERLAP), self._clock(), "", end
            is_behind = end - closed > _OVERLAP  # an old window was gone on with
            yield Page(page.added, page.removed, written({"from": ncmec.told(start)}), is_behind, page.skipped)
            if not is_behind:
                return
        yield Collected().page(written({"from": ncmec.told(start)}), more=False)  # our clock was set back

    def _window(self, start: datetime, end: datetime, ahead: str) -> Iterator[Page]:
        """The pages of one window; the last one says that there are no more."""
        is_kept = bool(ahead)  # such an address is held for some hours only
        window = {"from": ncmec.told(start), "to": ncmec.told(end)}
        while True:
            try:
                body = self._asker.get(ahead) if ahead else self._asker.get(_ENTRIES, window)
            except RefusedError:
                if not is_kept:
                    raise
                ahead, is_kept = "", False
                continue
            is_kept = False
            root = _root(body, "queryResult")
            found, ahead = _collected(root), _next(root)
            if not ahead:
                yield found.page("", more=False)
                return
            yield found.page(written({**window, "next": ahead}), more=True)

    def say(self, id: str, hash: Hash, opinion: Opinion) -> None:  # noqa: A002, ARG002 - the words of `Listener`
        """Tell whether the entry is right."""
        if opinion is Opinion.REVIEWING:
            raise SourceDeafError
        member, _, entry = id.partition("-")
        affirms = opinion is Opinion.CONFIRMED
        body = ncmec.submission(affirms=affirms, reason="" if affirms else self._reason_for_no())
        path = f"{_ENTRIES}/{quote(member, safe='')}/{quote(entry, safe='')}/PDQ/feedback"
        self._asker.put(path, body, ncmec.CONTENT_TYPE)

    def _reason_for_no(self) -> str:
        """The number of the first reason that the list takes against a PDQ hash."""
        if not self._reason:
            body = self._asker.get("/v2/feedback/PDQ/reasons")
            try:
                root = ncmec.parsed(body)
            except InvalidError:
                raise SourceAnswerError from None
            found = [each.get("guid", "") for each in root.iter() if ncmec.name(each) == "reason"]
            if not found or not found[0]:
                raise SourceDeafError("The source takes no reason against a PDQ hash. Tell its people in another way.")
            self._reason = found[0]
        return self._reason

    def close(self) -> None:
        """Close the connections."""
        self._asker.close()

    def _clock(self) -> datetime:
        return self._now().replace(microsecond=0)


def _root(body: bytes, expected: str) -> ET.Element:
    try:
        root = ncmec.parsed(body)
    except InvalidError as error:
        raise SourceAnswerError(f"{error.message} Check the address of the source, or tell its people.") from None
    if ncmec.name(root) != expected:
        raise SourceAnswerError
    return root


def _next(root: ET.Element) -> str:
    """The path of the next page, always on the same server, empty after the last one."""
    found = [each.text or "" for each in root.iter() if ncmec.name(each) == "next"]
    if not found or not found[0].strip():
        return ""
    path = found[0].strip()
    if not path.startswith(f"{_ENTRIES}?") or not path.isascii() or not path.isprintable() or "#" in path:
        raise SourceAnswerError("The source names a next page that is none of its own. Tell its people.")
    return path


def _collected(root: ET.Element) -> Collected:
    """The records of a page, of two the newer one; if equal, the deletion."""
    found = Collected()
    read: list[_Record] = []
    for listed in root:
        if ncmec.name(listed) in ("images", "videos"):
            for at, element in enumerate(listed):
                try:
                    read.append(_read(element))
                except StaydownError as error:
                    found.skip(error, f"{ncmec.name(listed)}[{at}]")
    for _, _, signal, record_id in sorted(read, key=lambda each: each[:2]):
        if signal is None:
            found.remove(record_id)
        else:
            found.add(signal)
    return found


def _read(element: ET.Element) -> _Record:
    tag = ncmec.name(element)
    by_name: Mapping[str, ET.Element] = {ncmec.name(child): child for child in element}
    texts: dict[str, str] = {key: (child.text or "").strip() for key, child in by_name.items()}
    member = by_name["member"].get("id", "") if "member" in by_name else ""
    record_id, at = texts.get("id", ""), texts.get("timestamp", "")
    if not member.isdigit() or not record_id or len(record_id) > LONGEST_ID or not record_id.isprintable():
        raise RecordError
    full = f"{member}-{record_id}"
    if tag in ("deletedImage", "deletedVideo"):
        return at, True, None, full
    if tag not in ("image", "video"):
        raise RecordError
    prints = {ncmec.name(child): (child.text or "").strip() for child in by_name.get("fingerprints", ())}
    if not prints.get("pdq"):
        raise NotBankedError
    try:
        value = Hash.from_hex(Algorithm.PDQ, prints["pdq"])
    except HashError:
        raise RecordError from None
    return at, False, Signal(full, value, opinions=_opinions(by_name.get("feedback"))), full


def _opinions(feedback: ET.Element | None) -> list[tuple[str, Opinion]]:
    """What members say of the PDQ hash."""
    words: dict[str, Any] = {"affirmativeFeedback": Opinion.CONFIRMED, "negativeFeedback": Opinion.DISPUTED}
    return [
        ((member.text or "")[:LONGEST_ID], words[ncmec.name(each)])
        for each in (feedback if feedback is not None else ())
        if ncmec.name(each) in words and each.get("type", "").lower() == "pdq"
        for member in each.iter()
        if ncmec.name(member) == "member"
    ]


KIND: Final = Kind(
    name="ncmec",
    title="NCMEC hash sharing, version 2",
    about="Lists of NCMEC's members, each its own address, and any helpline that runs staydown. Deletions are told.",
    address="https://hashsharing.ncmec.org/npo",
    address_help="The base address of the list, without /v2. For another staydown: https://its.name/ncmec.",
    asks=(Asked("username", "User name", secret=False), Asked("password", "Password")),
    open=NCMEC,
    opinions=frozenset({Opinion.CONFIRMED, Opinion.DISPUTED}),
)
