"""Sending a report for somebody, as a helpline or a platform's own form does."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.responses import Status

from staydown.apps.api.keys import Needs, actor_of, key_of
from staydown.apps.api.repeats import idempotency_key, once
from staydown.apps.api.schemas import Strict
from staydown.apps.cases import actions, checklist
from staydown.apps.cases.actions import Submitted
from staydown.apps.cases.intake import MOST_FRAMES, HashGiven, ReportForm
from staydown.core.hashing import bag
from staydown.errors import HashError, InvalidError

router = Router(tags=["reports"])


class PictureIn(Strict):
    """The hashes of one picture, computed where the picture is. The picture itself is never sent."""

    pdq: str = Field("", description="64 hexadecimal characters", max_length=64)
    quality: int = Field(0, ge=0, le=100)
    sha256: str | None = Field(None, description="64 hexadecimal characters", max_length=64)
    label: str = ""


class VideoIn(Strict):
    """The frames of one video, hashed where the video is: as `staydown hash --json` prints them, one a second."""

    frames: list[dict[str, Any] | str] = Field(min_length=1, max_length=MOST_FRAMES)
    sha256: str | None = Field(None, description="64 hexadecimal characters", max_length=64)
    label: str = ""


class ReportIn(Strict):
    """What a person reports. ``provided`` says which statements they made, by the laws' element ids."""

    shown_is_adult: bool = Field(description="False, and nothing is stored: the answer says where to turn to")
    role: Literal["subject", "agent"] = "subject"
    relation: str = ""
    contact: str = ""
    words: str = ""
    signature: str = ""
    provided: dict[str, bool] = {}
    links: list[str] = []
    pictures: list[PictureIn] = []
    videos: list[VideoIn] = []
    language: str = ""


class MissingOut(Schema):
    """What a law asks for and this report does not give. It is worked on all the same."""

    regime: str
    elements: list[str]


class ReportOut(Schema):
    """A report that was received. ``receipt`` is shown this once and stored nowhere."""

    id: UUID
    receipt: str
    received_at: datetime
    due_at: datetime | None
    missing: list[MissingOut]


@router.post("/reports", auth=Needs("report:create"), response={201: ReportOut}, summary="Send a report")
def create(request: HttpRequest, body: ReportIn) -> Status:
    """Receive a report and start its clocks. Pass the receipt on to the person and keep no copy of it."""
    form = _form(request, body)
    sent: list[Submitted] = []

    def submit() -> dict[str, Any]:
        sent.append(actions.submit_report(form, by=actor_of(request)))
        return _shown(sent[0])

    kept = once(request, submit)
    # A repeated request: the same draft is the same report, and derives the same code.
    submitted = sent[0] if sent else actions.submit_report(form, by=actor_of(request))
    return Status(201, {**kept, "receipt": submitted.code})


def _form(request: HttpRequest, body: ReportIn) -> ReportForm:
    given = body.dict(exclude={"pictures", "videos"})
    pictures = [HashGiven(each.pdq, each.quality, each.sha256, each.label) for each in body.pictures]
    videos = [HashGiven("", 0, each.sha256, each.label, _frames(each)) for each in body.videos]
    form = ReportForm(**given, hashes=[*pictures, *videos])
    if not idempotency_key(request):
        return form
    asked = f"{key_of(request).public_id}\n{idempotency_key(request)}\n".encode() + request.body
    return replace(form, draft=hashlib.sha256(asked).digest())


def _frames(video: VideoIn) -> tuple[str, ...]:
    """The frames with detail, in hexadecimal as in the feed; raises `InvalidError`, which quotes nothing."""
    try:
        frames = [bag.read_frame(each) for each in video.frames]
    except HashError:
        raise InvalidError("videos: a frame is not as `staydown hash --json` prints it.") from None
    return tuple("".join(each.hex() for each in frame) for frame in frames if frame)


def _shown(sent: Submitted) -> dict[str, Any]:
    """The report without its code; and nothing of its case, which other people's reports may share."""
    due = sent.report.clocks.order_by("due_at").values_list("due_at", flat=True).first()
    lacking = [law for law in checklist.for_report(sent.report).laws if law.missing]
    return {
        "id": str(sent.report.public_id),
        "received_at": sent.report.received_at.isoformat(),
        "due_at": due and due.isoformat(),
        "missing": [{"regime": law.regime.id, "elements": [each.id for each in law.missing]} for law in lacking],
    }
