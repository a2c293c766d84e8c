"""Rows and forms for the tests, made through the product's own actions. Hashes are random bytes, never of a picture."""

from __future__ import annotations

import random
from dataclasses import replace
from uuid import uuid4

from staydown.apps.accounts import actions as accounts
from staydown.apps.accounts.access import staff_actor
from staydown.apps.accounts.models import ApiKey, Staff
from staydown.apps.audit.actor import Actor
from staydown.apps.cases import actions
from staydown.apps.cases.actions import Submitted
from staydown.apps.cases.intake import HashGiven, HitGiven, ReportForm
from staydown.apps.cases.models import Case, Decision
from staydown.core.hashing import bag
from staydown.core.hashing.algorithm import Algorithm, Hash
from tests.people import AMARA, Reporter

NODE = Actor("key", "node", "node one")
PLATFORM = Actor("key", "platform", "the platform")
STATEMENTS = {
    "content_is_intimate": True,
    "made_by_subject_or_agent": True,
    "good_faith_and_true": True,
    "non_consent_statement": True,
}


def value(seed: int) -> bytes:
    """32 bytes, others for each seed."""
    return random.Random(seed).randbytes(32)


def pdq(seed: int) -> Hash:
    """A PDQ hash of no picture."""
    return Hash(Algorithm.PDQ, value(seed))


def sha256(seed: int) -> Hash:
    """A digest of no file."""
    return Hash(Algorithm.SHA256, value(-seed - 1))


def md5(seed: int) -> Hash:
    """The MD5 of no file."""
    return Hash(Algorithm.MD5, value(-seed - 1)[:16])


def film(seed: int, frames: int = 3) -> Hash:
    """The hash of a video that does not exist, with so many frames."""
    return bag.packed([pdq(1000 * seed + at)] for at in range(frames))


def video(seed: int, frames: int = 3) -> HashGiven:
    """The frames of that video, as a reporter's device sends them."""
    told = tuple(each.hex() for each in bag.values_of(film(seed, frames)))
    return HashGiven("", 0, None, f"video {seed}", told)


def picture(seed: int, *, quality: int = 100) -> HashGiven:
    """The hashes of a picture that does not exist."""
    return HashGiven(pdq(seed).hex(), quality, sha256(seed).hex(), f"picture {seed}")


def form(
    who: Reporter = AMARA, *, links: int | list[str] = 1, pictures: tuple[int, ...] = (1,), **changes: object
) -> ReportForm:
    """A complete report by ``who`` with these links (or that many) and these pictures."""
    if isinstance(links, int):
        links = [f"https://platform.test/posts/{uuid4().hex}" for _ in range(links)]
    whole = ReportForm(
        role="subject",
        relation=who.relation,
        contact=who.contact,
        words=who.words,
        signature=who.signature,
        provided=dict(STATEMENTS),
        links=links,
        hashes=[picture(seed) for seed in pictures],
        language="en",
    )
    return replace(whole, **changes)


def submitted(who: Reporter = AMARA, **changes: object) -> Submitted:
    """A report that was received."""
    return actions.submit_report(form(who, **changes), by=Actor.reporter())


def decided(case: Case, staff: Staff, verdict: str = "remove", **changes: object) -> Decision:
    """A decision by ``staff`` about everything that waits in ``case`` as it is now."""
    case = Case.objects.get(pk=case.pk)
    said = {
        "verdict": verdict,
        "regime_id": "uk-osa-10-3A",
        "ground": ground() if verdict == "decline" else "",
        "reason": "Shown without consent.",
        "version": case.version,
        "staff": staff,
        "by": staff_actor(staff),
    }
    return actions.decide(case, **{**said, **changes})


def ground() -> str:
    """A ground that the UK regime allows."""
    return "not_intimate_image_content"


def hit(entry: object, action: str = "block", **changes: object) -> HitGiven:
    """A hit of ``entry``, with an id of its own."""
    return replace(HitGiven(uuid4(), entry.public_id, action), **changes)


def api_key(*scopes: str, banks: tuple[str, ...] = ()) -> tuple[ApiKey, str]:
    """A key with these scopes, and its text."""
    return accounts.create_key("a program", scopes, banks, by=Actor.system())
