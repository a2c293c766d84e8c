"""What a reporter adds to a report after it was sent, and what of their own words they delete again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import feed_writing
from staydown.apps.cases import choosing_again, clocks, elements, intake, regimes, settling
from staydown.apps.cases.actions import interim
from staydown.apps.cases.actions.reporting import prints_of, store_items
from staydown.apps.cases.elements import PARTS
from staydown.apps.cases.intake import HashGiven, ReportForm
from staydown.apps.cases.models import Case, Item, Report
from staydown.errors import InvalidError, MinorsRouteError, StateError


@dataclass(frozen=True, slots=True, repr=False)
class Completion:
    """What is added so that a report becomes a formal notice. ``provided``: the statements made, by element id."""

    contact: str = ""
    signature: str = ""
    words: str = ""
    provided: dict[str, bool] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<Completion>"


@transaction.atomic
def add_items(report: Report, *, links: Sequence[str] = (), hashes: Sequence[HashGiven] = (), by: Actor) -> Report:
    """The report with more links and pictures; what it holds already is not added again.

    They are worked on from now: a case that was decided is open again, and where no clock of the report runs, clocks
    start. Raises `InvalidError` naming the field, `StateError` for a report that was taken back, and
    `MinorsRouteError` for hashes where somebody under 18 may be shown.
    """
    case, report = _held(report)
    if hashes and case.state == Case.State.MINORS:
        raise MinorsRouteError
    intake.check_links(links)
    intake.check_hashes(hashes)
    feed_writing.hold()
    form = _new(report, links, hashes)
    before, now = _counted(report), timezone.now()
    store_items(report, form, by, now)
    after = _counted(report)
    if added := after.total() - before.total():
        _take_their_place(report, after[Item.Kind.HASH] - before[Item.Kind.HASH])
        _restart(case, report, now)
        met = _provide(report, form)
        clocks.note_validity(report, now)
        facts = {"items": added, **({"elements": met} if met else {})}
        audit.record("report.added", by=by, about=report, also=[case], facts=facts)
        interim.hide_at_once(case, report, now=now)
    return report


@transaction.atomic
def complete_report(report: Report, given: Completion, *, by: Actor) -> Report:
    """The report with what the laws of its case asked for and it lacked. What it gave before stays given.

    Raises `InvalidError` naming the field, and `StateError` for a report that was taken back.
    """
    case, report = _held(report)
    form = ReportForm(
        contact=given.contact, signature=given.signature, words=given.words, provided=dict(given.provided)
    )
    intake.check_texts(form)
    if report.words and given.words.strip() and len(report.words) + len(given.words) > intake.MOST_WORDS:
        raise InvalidError(f"words: at most {intake.MOST_WORDS} characters fit.")
    report.contact = given.contact.strip() or report.contact
    report.signature = given.signature.strip() or report.signature
    report.words = "\n\n".join(filter(None, [report.words, given.words.strip()])) or None
    report.save(update_fields=["contact", "signature", "words"])
    met = _provide(report, form)
    if met:
        clocks.note_validity(report, timezone.now())
        settling.settle(case, timezone.now())
        audit.record("report.completed", by=by, about=report, also=[case], facts={"elements": met})
    return report


@transaction.atomic
def delete_parts(report: Report, parts: Collection[str], *, by: Actor) -> Report:
    """The report without these `PARTS` of what its reporter wrote; the laws that asked for them lack them again.

    Answers to questions go with the words. What the log and the decisions say stays. Raises `InvalidError` for a part
    that there is not.
    """
    if unknown := set(parts) - PARTS.keys():
        raise InvalidError(f"parts: {', '.join(sorted(unknown))} cannot be deleted here.")
    case, report = _held(report)
    there = [name for name in PARTS if name in parts and getattr(report, name)]
    if "words" in parts:
        there += ["answers"] if report.questions.exclude(answer=None).update(answer=None) else []
    if not there:
        return report
    for name in set(there) & PARTS.keys():
        setattr(report, name, None)
        report.provided.pop(PARTS[name], None)
    report.save(update_fields=[*PARTS, "provided"])
    settling.settle(case, timezone.now())
    audit.record("report.parts_deleted", by=by, about=report, also=[case], facts={"parts": there})
    return report


def _held(report: Report) -> tuple[Case, Report]:
    """The case and the report as they are now, locked; raises `StateError` for one that was taken back."""
    case = settling.held(report.case)
    found = Report.objects.select_for_update(of=("self",)).select_related("case").get(pk=report.pk)
    if found.withdrawn_at is not None:
        raise StateError("This report was taken back. Send a new one.")
    return case, found


def _new(report: Report, links: Sequence[str], hashes: Sequence[HashGiven]) -> ReportForm:
    """What of these the report does not hold already; raises `InvalidError` when it would hold too much."""
    items = list(report.items.select_related("pdq_entry", "sha256_entry"))
    held = {item.url for item in items if item.url}
    entries = [entry for item in items for entry in (item.pdq_entry, item.sha256_entry) if entry and entry.fingerprint]
    prints = {bytes(entry.fingerprint) for entry in entries}
    new = [link for link in dict.fromkeys(link.strip() for link in links) if link not in held]
    pictures = [given for given in hashes if not (own := set(prints_of(given))) or not own <= prints]
    erased = choosing_again.erased_by_mistake(report)  # what is chosen again takes no more room than it had
    kinds = [item.kind for item in items if item.pk not in erased]
    if kinds.count(Item.Kind.LINK) + len(new) > intake.MOST_LINKS:
        raise InvalidError(f"links: at most {intake.MOST_LINKS} links fit into one report. Send a second report.")
    if kinds.count(Item.Kind.HASH) + len(pictures) > intake.MOST_HASHES:
        raise InvalidError(f"hashes: at most {intake.MOST_HASHES} pictures fit into one report. Send a second report.")
    return ReportForm(links=new, hashes=pictures)


def _counted(report: Report) -> Counter[str]:
    """How many items of each kind it has."""
    return Counter(report.items.values_list("kind", flat=True))


def _take_their_place(report: Report, pictures: int) -> None:
    """Each picture that came now takes the place of one whose hash was erased by mistake, as far as there are some.

    A long video is as many as it has parts, as it was before.
    """
    for item in choosing_again.without_hash(report)[:pictures]:
        item.state = Item.State.WITHDRAWN
        item.save(update_fields=["state"])


def _restart(case: Case, report: Report, now: datetime) -> None:
    """Put the case back to be decided, with a clock for what came now where none of its report runs."""
    if not report.clocks.filter(stopped_at=None).exists():
        clocks.open_clocks(case, now)
    settling.settle(case, now)


def _provide(report: Report, form: ReportForm) -> list[str]:
    """Which elements the report gives that it lacked before; they are kept."""
    given = elements.provided(form, regimes.pinned(report.case))
    met = sorted(given.keys() - report.provided.keys())
    if met:
        report.provided = {**report.provided, **given}
        report.save(update_fields=["provided"])
    return met
