"""NCMEC's hash-sharing API, version 2: its XML, for both of its ends. Its clients honour deletions."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import HashError, InvalidError, ReplyRefusedError, SourceAnswerError
from staydown.exchange.source import (
    LONGEST_PAGE,
    Asked,
    HttpSource,
    Kind,
    Page,
    Read,
    RefusedError,
    Signal,
    Wire,
    begun_again,
    by_time,
    gather,
    place,
)

NAMESPACE: Final = "https://hashsharing.ncmec.org/hashsharing/v2"
CONTENT_TYPE: Final = "application/xml; charset=utf-8"
PAGE: Final = 1000
REASON: Final = ("6f1d9d4c-9b6e-4b38-9f0a-2f7d5c0f7a11", "NotIntimateOrConsented")
LONGEST_FEEDBACK: Final = 4096  # bytes
OVERLAP: Final = timedelta(minutes=10)
TAGS: Final = {Algorithm.PDQ: "image", Algorithm.MD5: "video"}
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass(frozen=True, slots=True)
class Member:
    """Who shares or says something."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, repr=False)
class Shared:
    """An entry; without a hash it is deleted. ``feedback``: who says that it is right, or not, and when."""

    id: UUID
    changed_at: datetime
    algorithm: Algorithm
    hash: Hash | None
    feedback: Sequence[tuple[Member, bool, datetime]] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when changes are asked for; the end is not in it."""

    start: datetime
    end: datetime

    @classmethod
    def read(cls, start: str, end: str) -> Window:
        """The window of a query; raises `InvalidError`."""
        return cls(_time(start, "from"), _time(end, "to"))


def status(username: str, member: Member) -> bytes:
    """The answer of ``/v2/status``: who you are."""
    root = _root("status")
    ET.SubElement(root, "ipAddress")
    ET.SubElement(root, "username").text = username
    _member(root, member)
    return _written(root)


def members(found: Iterable[Member]) -> bytes:
    """The answer of ``/v2/members``."""
    root = _root("members")
    for member in found:
        _member(root, member)
    return _written(root)


def entries(
    owner: Member, shared: Sequence[Shared], window: Window, *, start: int, total: int, token: str | None
) -> bytes:
    """One page of ``/v2/entries``, the ``start``-th of ``total`` entries first; ``token`` leads to the next one.

    What is known by its MD5 is told as a video, where the protocol's clients look for it.
    """
    root = _root("queryResult")
    for algorithm, tag in TAGS.items():
        own = [each for each in shared if each.algorithm is algorithm]
        listed = ET.SubElement(root, f"{tag}s", count=str(len(own)))
        if own:
            listed.set("maxTimestamp", _told(max(each.changed_at for each in own)))
        for each in own:
            _entry(listed, each, owner)
    if token is not None:
        query = {"from": _told(window.start), "to": _told(window.end), "start": str(start + len(shared))}
        query |= {"size": str(PAGE), "max": str(total), "after": token}
        ET.SubElement(ET.SubElement(root, "paging"), "next").text = f"/v2/entries?{urlencode(query)}"
    return _written(root)


def reasons(algorithm: Algorithm) -> bytes:
    """The reasons for negative feedback. Clients look for the list inside the root, so it has one around it."""
    root = _root("feedback")
    listed = ET.SubElement(root, "availableFeedbackReasons")
    ET.SubElement(listed, "reason", guid=REASON[0], name=REASON[1], type=algorithm.capitalize())
    return _written(root)


def is_affirmative(body: bytes) -> bool:
    """Whether a ``feedbackSubmission`` says that an entry is right; raises `InvalidError`."""
    root = _parsed(body, LONGEST_FEEDBACK)
    if root is None:
        raise InvalidError("The feedback is too long, holds a document type or is not well-formed XML.")
    says = [_name(child) for child in root]
    if _name(root) != "feedbackSubmission" or says not in (["affirmative"], ["negative"]):
        raise InvalidError("A feedbackSubmission with either affirmative or negative in it is expected.")
    guids = [each.text for each in root.iter() if _name(each) == "guid"]
    if says == ["negative"] and guids != [REASON[0]]:
        raise InvalidError("Negative feedback names a reason: see /v2/feedback/PDQ/reasons.")
    return says == ["affirmative"]


def _entry(parent: ET.Element, entry: Shared, owner: Member) -> None:
    tag = TAGS[entry.algorithm]
    found = ET.SubElement(parent, tag if entry.hash is not None else f"deleted{tag.capitalize()}")
    _member(found, owner)
    ET.SubElement(found, "timestamp").text = _told(entry.changed_at)
    ET.SubElement(found, "id").text = str(entry.id)
    if entry.hash is None:
        return
    ET.SubElement(found, "classification").text = "NCII"
    ET.SubElement(ET.SubElement(found, "fingerprints"), entry.algorithm).text = entry.hash.hex()
    if entry.feedback:
        told = ET.SubElement(found, "feedback", lastUpdateTimestamp=_told(max(at for _, _, at in entry.feedback)))
        for is_right, name in ((True, "affirmativeFeedback"), (False, "negativeFeedback")):
            said = [each for each in entry.feedback if each[1] is is_right]
            _opinions(told, said, name, entry.algorithm.capitalize())


def _opinions(parent: ET.Element, said: Sequence[tuple[Member, bool, datetime]], tag: str, kind: str) -> None:
    if not said:
        return
    last = _told(max(at for _, _, at in said))
    into = ET.SubElement(parent, tag, type=kind, lastUpdateTimestamp=last)
    if tag == "negativeFeedback":
        into = ET.SubElement(into, "reasons")
        ET.SubElement(into, "reason", guid=REASON[0], name=REASON[1], type=kind)
    listed = ET.SubElement(into, "members", timestamp=last)
    for member, _, _ in said:
        _member(listed, member)


def _member(parent: ET.Element, member: Member) -> None:
    ET.SubElement(parent, "member", id=str(member.id)).text = member.name


def _root(tag: str) -> ET.Element:
    return ET.Element(tag, xmlns=NAMESPACE)


def _written(root: ET.Element) -> bytes:
    found: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return found


def _parsed(body: bytes, longest: int) -> ET.Element | None:
    """The root of a short document without a document type, so without entities that unfold; None for any other.

    A byte of zero means UTF-16, in which a document type is written in other bytes: nobody here sends that.
    """
    if len(body) > longest or b"<!" in body or b"\0" in body:
        return None
    try:
        return ET.fromstring(body)  # noqa: S314 - see above
    except (ET.ParseError, ValueError, LookupError):
        return None


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _told(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_FORMAT)


def _time(text: str, name: str) -> datetime:
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        return datetime.strptime(text[:19] + "Z", _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise InvalidError(f"{name}: a time such as 2027-01-31T12:00:00Z is expected.") from None


class Client(HttpSource):
    """Follows a list of this protocol.

    The cursor is the time up to which everything was read, the end of the window that is being read, and its next page.
    A window begins a while before the last one ended: entries need not be stored in the order of their times.
    """

    def __init__(
        self,
        address: str,
        credentials: Mapping[str, str],
        wire: Wire,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        login = f"{credentials['username']}:{credentials['password']}".encode()
        super().__init__(address, wire.client({"authorization": f"Basic {base64.b64encode(login).decode()}"}))
        self._reason = credentials.get("reason", "")
        self._now = now

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Page after page, window after window, up to now."""
        start, end, following = place(cursor, [_told(_FIRST), None, None])
        if end is None:
            end, following = _told(self._now()), None
        while True:
            try:
                root = self._entries(start, end, following)
            except RefusedError:
                if following is None:
                    raise
                following = None  # its pages grow old; the window does not
                yield begun_again(json.dumps([start, end, None]))
                continue
            following = _following(root)
            if following is not None:
                yield gather(by_time(_records(root)), json.dumps([start, end, following]), more=True)
                continue
            start = max(start, _told(_time(end, "to") - OVERLAP))
            is_behind = self._now() - _time(end, "to") > OVERLAP  # an old window was gone on with
            yield gather(by_time(_records(root)), json.dumps([start, None, None]), more=is_behind)
            if not is_behind:
                return
            end = _told(self._now())

    def say(self, id: str, hash: Hash, opinion: str) -> None:  # noqa: A002 - the words of the protocol
        """Say that an entry is right or not; there is no word for still looking, so that says nothing."""
        if opinion == "reviewing":
            return
        member, _, entry = id.partition("-")
        kind = hash.algorithm.upper()
        root = ET.Element("feedbackSubmission", xmlns=NAMESPACE)
        if opinion == "confirmed":
            ET.SubElement(root, "affirmative")
        else:
            ids = ET.SubElement(ET.SubElement(root, "negative"), "reasonIds")
            ET.SubElement(ids, "guid").text = self._reason or self._first_reason(kind)
        path = f"/v2/entries/{quote(member, safe='')}/{quote(entry, safe='')}/{kind}/feedback"
        self.ask("PUT", path, content=_written(root), headers={"content-type": CONTENT_TYPE})

    def _entries(self, start: str, end: str, following: str | None) -> ET.Element:
        path = following or f"/v2/entries?{urlencode({'from': start, 'to': end})}"
        return _root_of(self.ask("GET", path))

    def _first_reason(self, kind: str) -> str:
        root = _root_of(self.ask("GET", f"/v2/feedback/{kind}/reasons"))
        found = [each.get("guid", "") for each in root.iter() if _name(each) == "reason"]
        if not found:
            raise ReplyRefusedError("The source offers no reason for a negative opinion. Ask its people for one.")
        return found[0]


def _root_of(body: bytes) -> ET.Element:
    root = _parsed(body, LONGEST_PAGE)
    if root is None:
        raise SourceAnswerError("The source answered with something else than plain XML. Check its address.")
    return root


def _following(root: ET.Element) -> str | None:
    """The address of the next page, which has to be one of the same server."""
    found = next((each.text for each in root.iter() if _name(each) == "next"), None)
    if found is None or not found.strip():
        return None
    found = found.strip()
    if not (found.startswith("/v2/entries?") and found.isascii() and found.isprintable()) or "#" in found:
        raise SourceAnswerError("The source names a next page that is none of its own.")
    return found


def _records(root: ET.Element) -> Iterator[tuple[str, Read]]:
    """When each entry changed, and what it says."""
    if _name(root) != "queryResult":
        raise SourceAnswerError("The source answered with something else than a list of entries.")
    for element in (each for kind in root if _name(kind) in ("images", "videos") for each in kind):
        at = next((each.text or "" for each in element if _name(each) == "timestamp"), "")
        id_ = _id(element)
        if id_ is not None and _name(element) in ("deletedImage", "deletedVideo"):
            yield at, (id_, None)
        else:
            signal = _signal(element, id_)
            yield at, (signal.id, signal) if signal else None


def _id(element: ET.Element) -> str | None:
    """Member and entry, as its address names them; an entry's own name is its member's alone."""
    member = next((each.get("id", "") for each in element if _name(each) == "member"), "")
    name = next((each.text or "" for each in element if _name(each) == "id"), "")
    return f"{member}-{name}" if member.isascii() and member.isdigit() and name else None


def _signal(element: ET.Element, id_: str | None) -> Signal | None:
    """The best hash of an entry that is readable: the PDQ of an image, else the MD5."""
    if id_ is None or _name(element) not in TAGS.values():
        return None
    told = {_name(each): each.text or "" for each in element.iter()}
    for algorithm in TAGS if _name(element) == TAGS[Algorithm.PDQ] else (Algorithm.MD5,):
        try:
            return Signal(id_, Hash.from_hex(algorithm, told.get(algorithm, "")))
        except HashError:
            continue
    return None


KIND: Final = Kind(
    name="ncmec",
    title="NCMEC hash sharing",
    about="A list of NCMEC's hash-sharing protocol, version 2; it tells what was deleted, and hears opinions.",
    address="https://hashes.example/ncmec",
    address_help="The address in front of /v2. Lists of pictures of children do not belong in an adult bank.",
    asks=(
        Asked("username", "User name", secret=False),
        Asked("password", "Password"),
        Asked(
            "reason",
            "Reason for negative opinions",
            "A guid of theirs; else their first.",
            required=False,
            secret=False,
        ),
    ),
    listens=True,
    open=Client,
)
