"""NCMEC's hash-sharing API, version 2: its XML, for whoever answers its clients. They honour deletions."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from staydown.core.hashing.algorithm import Hash
from staydown.errors import InvalidError

NAMESPACE: Final = "https://hashsharing.ncmec.org/hashsharing/v2"
CONTENT_TYPE: Final = "application/xml; charset=utf-8"
PAGE: Final = 1000
REASON: Final = ("6f1d9d4c-9b6e-4b38-9f0a-2f7d5c0f7a11", "NotIntimateOrConsented")
LONGEST_FEEDBACK: Final = 4096  # bytes
_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass(frozen=True, slots=True)
class Member:
    """Who shares or says something."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, repr=False)
class Image:
    """An entry; without a hash it is deleted. ``feedback``: who says that it is right, or not, and when."""

    id: UUID
    changed_at: datetime
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
        return cls(time(start, "from"), time(end, "to"))


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
    owner: Member, images: Sequence[Image], window: Window, *, start: int, total: int, token: str | None
) -> bytes:
    """One page of ``/v2/entries``, the ``start``-th of ``total`` images first; ``token`` leads to the next one."""
    root = _root("queryResult")
    listed = ET.SubElement(root, "images", count=str(len(images)))
    if images:
        listed.set("maxTimestamp", told(max(image.changed_at for image in images)))
    for image in images:
        _image(listed, image, owner)
    ET.SubElement(root, "videos", count="0")
    if token is not None:
        query = {"from": told(window.start), "to": told(window.end), "start": str(start + len(images))}
        query |= {"size": str(PAGE), "max": str(total), "after": token}
        ET.SubElement(ET.SubElement(root, "paging"), "next").text = f"/v2/entries?{urlencode(query)}"
    return _written(root)


def reasons() -> bytes:
    """The reasons for negative feedback. Clients look for the list inside the root, so it has one around it."""
    root = _root("feedback")
    listed = ET.SubElement(root, "availableFeedbackReasons")
    ET.SubElement(listed, "reason", guid=REASON[0], name=REASON[1], type="Pdq")
    return _written(root)


def is_affirmative(body: bytes) -> bool:
    """Whether a ``feedbackSubmission`` says that an entry is right; raises `InvalidError`."""
    if len(body) > LONGEST_FEEDBACK:
        raise InvalidError("The feedback is too long.")
    root = parsed(body)
    says = [name(child) for child in root]
    if name(root) != "feedbackSubmission" or says not in (["affirmative"], ["negative"]):
        raise InvalidError("A feedbackSubmission with either affirmative or negative in it is expected.")
    guids = [each.text for each in root.iter() if name(each) == "guid"]
    if says == ["negative"] and guids != [REASON[0]]:
        raise InvalidError("Negative feedback names a reason: see /v2/feedback/PDQ/reasons.")
    return says == ["affirmative"]


def submission(*, affirms: bool, reason: str = "") -> bytes:
    """The ``feedbackSubmission`` that says so; a negative one names the number of a reason."""
    root = _root("feedbackSubmission")
    if affirms:
        ET.SubElement(root, "affirmative")
    else:
        ET.SubElement(ET.SubElement(ET.SubElement(root, "negative"), "reasonIds"), "guid").text = reason
    return _written(root)


def parsed(body: bytes) -> ET.Element:
    """The root of a document in UTF-8 without a document type, so without entities; raises `InvalidError`."""
    try:
        text = body.decode("utf-8-sig")
        if "<!DOCTYPE" in text:
            raise InvalidError("The document holds a document type, which is not read.")
        return ET.fromstring(text)  # noqa: S314 - without a document type nothing unfolds
    except (ET.ParseError, ValueError, LookupError, RecursionError):
        raise InvalidError("The document is not well-formed XML.") from None


def name(element: ET.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def _image(parent: ET.Element, image: Image, owner: Member) -> None:
    found = ET.SubElement(parent, "image" if image.hash is not None else "deletedImage")
    _member(found, owner)
    ET.SubElement(found, "timestamp").text = told(image.changed_at)
    ET.SubElement(found, "id").text = str(image.id)
    if image.hash is None:
        return
    ET.SubElement(found, "classification").text = "NCII"
    ET.SubElement(ET.SubElement(found, "fingerprints"), "pdq").text = image.hash.hex()
    if image.feedback:
        said = ET.SubElement(found, "feedback", lastUpdateTimestamp=told(max(at for _, _, at in image.feedback)))
        _opinions(said, [each for each in image.feedback if each[1]], "affirmativeFeedback")
        _opinions(said, [each for each in image.feedback if not each[1]], "negativeFeedback")


def _opinions(parent: ET.Element, said: Sequence[tuple[Member, bool, datetime]], tag: str) -> None:
    if not said:
        return
    last = told(max(at for _, _, at in said))
    into = ET.SubElement(parent, tag, type="Pdq", lastUpdateTimestamp=last)
    if tag == "negativeFeedback":
        into = ET.SubElement(into, "reasons")
        ET.SubElement(into, "reason", guid=REASON[0], name=REASON[1], type="Pdq")
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


def told(at: datetime) -> str:
    """A time as it travels."""
    return at.astimezone(UTC).strftime(_FORMAT)


def time(text: str, where: str) -> datetime:
    """The time that a text says, as a server of this protocol writes it; raises `InvalidError`."""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        return datetime.strptime(text[:19] + "Z", _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise InvalidError(f"{where}: a time such as 2027-01-31T12:00:00Z is expected.") from None
