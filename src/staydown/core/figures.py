"""What a transparency report counts: each figure, its parts, and what is meant by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is counted. ``parts`` add up to its total; grounds to decline come as further parts."""

    id: str
    label: str
    parts: Mapping[str, str] = field(default_factory=dict)
    by_law: bool = False
    is_time: bool = False
    about: str = ""


_VERDICTS: Final = {
    "remove": "to remove",
    "disable": "to disable until the final decision, by a person",
    "at_once": "to disable until the final decision, at receipt, by software",
    "restore": "to show again",
}
_UNDER: Final = "Under the one law that the decision names, though others bind the case. Declined: by ground."
_ALL: Final = (
    Figure(
        "reports.by_sender",
        "Reports received, by who sent them",
        {
            "subject": "the person shown",
            "agent": "someone authorised by them",
            "trusted_flagger": "a trusted flagger",
            "authority": "an authority",
            "without_name": "the person shown or someone for them, without a name",
            "not_asked": "not asked: links to a picture of somebody under 18",
            "unknown": "not known any more",
        },
        about="Without a name: neither contact nor signature was given by the end of the span.",
    ),
    Figure(
        "reports.by_content",
        "Reports received, by what they named",
        {
            "links": "links alone",
            "pictures": "pictures alone",
            "videos": "videos alone",
            "several": "several of these",
            "nothing": "none of these",
            "unknown": "not known any more",
        },
    ),
    Figure(
        "reports.by_situation",
        "Reports received, by what had happened",
        {"posted": "it was posted", "threat": "somebody threatened to post it"},
    ),
    Figure("reports.withdrawn", "Reports taken back"),
    Figure("reports.unfounded", "Reports recorded as unfounded"),
    Figure(
        "items.added",
        "Items received",
        {
            "link": "links in reports",
            "picture": "pictures",
            "video": "videos, or parts of long ones",
            "ordered": "links in orders",
            "upload": "uploads that matched, for a person to look at",
        },
    ),
    Figure("items.withdrawn", "Items taken back, alone or with their report"),
    Figure(
        "uploads.matched",
        "Uploads that matched, copies kept down",
        {"block": "blocked", "review": "sent to a person"},
        about="A question that is asked twice counts twice.",
    ),
    Figure("cases.under_18", "Cases sent on because somebody under 18 may be shown"),
    Figure(
        "reports.by_law",
        "Reports received that the law binds",
        {"formal": "formal notices: with all that the law requires", "incomplete": "incomplete under this law"},
        by_law=True,
        about="A report can fall under several laws, so these do not add up over laws.",
    ),
    Figure("orders.served", "Orders entered", by_law=True),
    Figure("decisions.made", "Decisions", _VERDICTS, by_law=True, about=_UNDER),
    Figure("decisions.items", "Items decided about", _VERDICTS, by_law=True, about=_UNDER),
    Figure(
        "answers.given",
        "Answers of the platform about an item",
        {
            "removed": "removed",
            "disabled": "disabled",
            "not_found": "it was gone already",
            "restored": "shown again (restored)",
            "failed": "it could not be done",
        },
        by_law=True,
        about="Under the law that the decision names.",
    ),
    Figure(
        "limits.due",
        "Time limits of the law that fell due",
        {"met": "kept", "late": "late", "ended": "nothing left to do: taken back, or dropped as the case was sent on"},
        by_law=True,
        about="By the day on which each was due; of a report each one. Only those that the law itself had started.",
    ),
    Figure(
        "appeals.received",
        "Appeals and complaints received",
        {"uploader": "appeals of uploaders", "reporter": "complaints of reporters"},
        by_law=True,
    ),
    Figure(
        "appeals.decided",
        "Appeals and complaints answered",
        {
            "uploader_upheld": "of uploaders: the decision stays",
            "uploader_reversed": "of uploaders: reversed",
            "reporter_upheld": "of reporters: the decision stays",
            "reporter_reversed": "of reporters: reversed",
        },
        by_law=True,
    ),
    Figure(
        "times.gone",
        "From report to gone",
        by_law=True,
        is_time=True,
        about="Each reported link once, under the law that the decision names: until the platform first answered that "
        "it is removed, disabled or gone.",
    ),
    Figure("times.appeals", "From appeal or complaint to answer", by_law=True, is_time=True),
)
FIGURES: Final = {each.id: each for each in _ALL}
