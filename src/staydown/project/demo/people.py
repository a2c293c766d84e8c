"""The two people of the story, each at the product's own pages, without JavaScript: reporter and moderator."""

from __future__ import annotations

import json
import re

from staydown.core.hashing.picture import Picture
from staydown.errors import StaydownError
from staydown.project.demo.visitor import Visitor

CODE = re.compile(r"\b(?:[0-9A-HJKMNP-TV-Z]{4}[ -]){4}[0-9A-HJKMNP-TV-Z]\b")
TIME_LEFT = re.compile(r"\d+ (?:day|hour|minute)s?(?: \d+ (?:hour|minute)s?)? left")


def report(visitor: Visitor, picture: Picture, link: str) -> str:
    """Answer the portal's questions, send the report, and return the receipt code that the last page shows.

    The hashes go into the field that the page's own script fills; on a phone the script made them on the device.
    """
    visitor.open("/")
    visitor.open("/report/")
    found = json.dumps([{"pdq": picture.pdq.hex(), "quality": picture.quality, "sha256": picture.sha256.hex()}])
    answers: list[dict[str, str | list[str]]] = [
        {"minor": "no"},
        {"role": "subject"},
        {"situation": "posted"},
        {"have": "both"},
        {"found": found},
        {"links": link},
        {"words": "This is mine, and I never agreed to it being posted."},
        {"way": "formal"},
        {"contact": "reporter@example.org"},
    ]
    for answer in answers:
        visitor.press("Continue", **answer)
    statements = dict.fromkeys(declarations(visitor), "on")
    visitor.press("Continue", **statements, **dict.fromkeys(texts(visitor), "A. Reporter"))
    visitor.press("Send my report")
    shown = CODE.search(visitor.text)
    if shown is None:
        raise StaydownError("the last page shows no receipt code")
    return shown.group()


def declarations(visitor: Visitor) -> list[str]:
    """The boxes to tick on the page of statements."""
    form = next(form for form in visitor.page.forms if "Continue" in form.buttons)
    return sorted(form.boxes)


def texts(visitor: Visitor) -> list[str]:
    """The lines to fill in on the page of statements that are still empty."""
    form = next(form for form in visitor.page.forms if "Continue" in form.buttons)
    return sorted(form.lines)


def status(visitor: Visitor, code: str) -> str:
    """What the status page tells whoever has the receipt ``code``."""
    visitor.open("/status/")
    visitor.press("Show my report", code=code)
    return visitor.text


def withdraw(visitor: Visitor, code: str) -> None:
    """Take the report back, on the status page and the page that asks again."""
    status(visitor, code)
    visitor.press("Take my report back")
    visitor.press("Take it back")


def sign_in(visitor: Visitor, name: str, password: str) -> None:
    """Sign in to the console. Raises `StaydownError` when the console does not open."""
    visitor.open("/staff/")
    visitor.press("Sign in", login=name, password=password)
    if "/accounts/" in visitor.address:
        raise StaydownError("the console did not open after signing in")


def cases(visitor: Visitor) -> list[str]:
    """The numbers of the cases on the page, the most urgent first."""
    return [text.removeprefix("Case ") for text, href in visitor.page.links.items() if "/staff/cases/" in href]


def decide(visitor: Visitor) -> tuple[str, str]:
    """Open the most urgent case and decide to remove every item; return its number and the time that was left."""
    visitor.open("/staff/")
    waiting = cases(visitor)
    if not waiting:
        raise StaydownError("the queue shows no case")
    left = TIME_LEFT.search(visitor.text)
    visitor.follow(waiting[0])
    visitor.press("Check the decision", verdict="remove", reason="The person shown asks for it, and it is the picture.")
    visitor.press("Send")
    return waiting[0], left.group() if left else "time left unknown"
