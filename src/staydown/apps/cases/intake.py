"""What comes in from outside, as plain values: a report as it was filled in, and hits as a node tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.errors import HashError, InvalidError, MinorsRouteError

MOST_LINKS: Final = 200
MOST_HASHES: Final = 500
MOST_FRAMES: Final = 20_000  # of all videos of a report: hours of them
MOST_WORDS: Final = 20_000
MOST_LINE: Final = 500  # characters in a one-line answer
MOST_URL: Final = 2_000
ROLES: Final = ("subject", "agent", "trusted_flagger", "authority")
SITUATIONS: Final = ("posted", "threat")


@dataclass(frozen=True, slots=True, repr=False)
class HashGiven:
    """The hashes of one picture or video, computed where it is. ``label`` is the reporter's own word.

    A video has ``frames``, in hexadecimal as in the feed, in place of a PDQ and its quality.
    """

    pdq_hex: str = ""
    quality: int = 0
    sha256_hex: str | None = None
    label: str = ""
    frames: tuple[str, ...] = ()

    def pdq(self) -> Hash | None:
        """The PDQ hash, if one was given; raises `HashError`."""
        return Hash.from_hex(Algorithm.PDQ, self.pdq_hex) if self.pdq_hex else None

    def parts(self) -> list[Hash]:
        """The hashes of a video, a long one in several parts; none without frames of detail. Raises `HashError`."""
        return bag.parts(bag.read_frame(each) for each in self.frames)

    def sha256(self) -> Hash | None:
        """The digest of the file, if one was given; raises `HashError`."""
        return Hash.from_hex(Algorithm.SHA256, self.sha256_hex) if self.sha256_hex else None

    def __repr__(self) -> str:
        return "<HashGiven>"


@dataclass(frozen=True, slots=True, repr=False)
class ReportForm:
    """A report as it was filled in. ``provided`` says which statements of the law were made, by element id.

    ``draft`` is random bytes that the sender made once: the same one sent twice is one report with one code, so that
    neither a second press of the button nor a reload costs somebody their receipt.
    """

    role: str = "subject"
    relation: str = ""
    contact: str = ""
    words: str = ""
    signature: str = ""
    provided: dict[str, bool] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    hashes: list[HashGiven] = field(default_factory=list)
    language: str = ""
    shown_is_adult: bool = True
    situation: str = "posted"
    draft: bytes = b""

    def __repr__(self) -> str:
        return f"<ReportForm {len(self.links)} links, {len(self.hashes)} hashes>"


@dataclass(frozen=True, slots=True, repr=False)
class MinorsForm:
    """Where a picture of someone under 18 is on this platform. There is no place in it for a hash."""

    links: list[str]
    words: str = ""
    contact: str = ""
    language: str = ""
    draft: bytes = b""

    def __repr__(self) -> str:
        return f"<MinorsForm {len(self.links)} links>"


@dataclass(frozen=True, slots=True, repr=False)
class HitGiven:
    """A match on a real upload, as a node tells it. ``id`` is the node's: the same one twice counts once."""

    id: UUID
    entry: UUID
    action: str
    content_ref: str = ""
    preview_url: str = ""
    count: int = 1

    def __repr__(self) -> str:
        return f"<HitGiven {self.id}>"


def check(form: ReportForm) -> None:
    """Raise `MinorsRouteError` before anything else, else `InvalidError` whose message begins with the field's name.

    What a law asks for is not checked here: a report that lacks an element is received all the same.
    """
    if not form.shown_is_adult:
        raise MinorsRouteError
    if form.role not in ROLES:
        raise InvalidError("role: say whether you are the person shown, or act for them.")
    if form.situation not in SITUATIONS:
        raise InvalidError("situation: say whether it was posted, or somebody threatens to post it.")
    if not form.links and not form.hashes:
        raise InvalidError("links: give at least one link, or choose at least one picture.")
    check_texts(form)
    check_links(form.links)
    check_hashes(form.hashes)


def check_minors(form: MinorsForm) -> None:
    """Raise `InvalidError`, whose message begins with the field's name."""
    if not form.links:
        raise InvalidError("links: give at least one link.")
    check_links(form.links)
    if len(form.contact) > MOST_LINE or len(form.language) > 35 or len(form.words) > MOST_WORDS:
        raise InvalidError("words: this is too long.")


def check_links(links: Sequence[str]) -> None:
    """Raise `InvalidError` unless each of these is a web address and they are not too many."""
    if len(links) > MOST_LINKS:
        raise InvalidError(f"links: at most {MOST_LINKS} links fit into one report. Send the others in a second one.")
    for number, link in enumerate(links, start=1):
        if not is_link(link):
            raise InvalidError(f"links: link {number} is not a web address that starts with https:// or http://.")


def check_hashes(hashes: Sequence[HashGiven]) -> None:
    """Raise `InvalidError` unless each of these is whole and they are not too many."""
    if len(hashes) > MOST_HASHES:
        raise InvalidError(
            f"hashes: at most {MOST_HASHES} pictures fit into one report. Send the others in a second one."
        )
    if sum(len(given.frames) for given in hashes) > MOST_FRAMES:
        raise InvalidError(f"hashes: the videos of one report have at most {MOST_FRAMES} frames together.")
    for number, given in enumerate(hashes, start=1):
        _check_hash(number, given)


def is_link(text: str) -> bool:
    """Whether ``text`` is a web address. It is kept and shown, and never fetched."""
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname
    except ValueError:
        return False
    broken = any(each.isspace() or not each.isprintable() for each in text.strip())
    return parts.scheme in {"http", "https"} and bool(host) and not broken and len(text) <= MOST_URL


def check_texts(form: ReportForm) -> None:
    """Raise `InvalidError` naming the field when something written is too long."""
    for name in ("relation", "contact", "signature", "language"):
        if len(getattr(form, name)) > (35 if name == "language" else MOST_LINE):
            raise InvalidError(f"{name}: this is too long.")
    if len(form.words) > MOST_WORDS:
        raise InvalidError(f"words: at most {MOST_WORDS} characters fit.")


def _check_hash(number: int, given: HashGiven) -> None:
    try:
        found = given.pdq() or given.parts() or given.sha256()
        given.sha256()
    except HashError:
        raise InvalidError(f"hashes: the hash of picture {number} is not valid. Choose the picture again.") from None
    if given.pdq_hex and given.frames:
        raise InvalidError(f"hashes: {number} is a picture with a PDQ or a video with frames, and not both.")
    if not found or not 0 <= given.quality <= 100 or len(given.label) > MOST_LINE:
        raise InvalidError(f"hashes: picture {number} has no hash, or its quality or label is not valid.")
