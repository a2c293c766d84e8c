"""A report comes in: its case, its items, its entries, its clocks and its receipt, in one transaction."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.banks import actions as banks
from staydown.apps.banks import feed_writing
from staydown.apps.banks.models import Entry
from staydown.apps.cases import clocks, elements, intake, regimes, settling
from staydown.apps.cases.access import lookup_id
from staydown.apps.cases.actions import interim
from staydown.apps.cases.intake import HashGiven, MinorsForm, ReportForm
from staydown.apps.cases.models import Case, Item, Report
from staydown.apps.sharing import actions as sharing
from staydown.apps.sharing.events import Event
from staydown.apps.vault import keyring
from staydown.core import receipt
from staydown.core.hashing.algorithm import LEAST_QUALITY, Algorithm, Hash
from staydown.core.law.regime import Regime
from staydown.errors import ConflictError

REPORTS_BANK: Final = "house"
_FIELDS: Final = {Algorithm.PDQ: "pdq_entry", Algorithm.VPDQ: "pdq_entry", Algorithm.SHA256: "sha256_entry"}
TRIES: Final = 5


@dataclass(frozen=True, slots=True, repr=False)
class Submitted:
    """A report that was received. ``code`` is shown to the reporter and stored nowhere."""

    report: Report
    case: Case
    code: str

    def __repr__(self) -> str:
        return f"<Submitted {self.report.public_id}>"


class _CaseAppeared(Exception):  # noqa: N818 - not a failure: we look again
    """Another report of the same picture opened its case while this one was being written."""


def submit_report(form: ReportForm, *, by: Actor) -> Submitted:
    """Receive a report. Raises `MinorsRouteError` before anything is stored, and `InvalidError` naming the field.

    A report of a picture that an open case is about already joins that case. What a law asks for and is missing blocks
    nothing. Clocks start now.
    """
    intake.check(form)
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                return _submit(form, by, timezone.now())
        except _CaseAppeared:
            continue
    raise ConflictError


def _submit(form: ReportForm, by: Actor, now: datetime) -> Submitted:
    prints = [each for given in form.hashes for each in prints_of(given)]
    joined = _open_case_about(prints)
    case = settling.held(joined) if joined else None
    if case is not None and case.state != Case.State.OPEN:
        raise _CaseAppeared
    feed_writing.hold()
    if case is None and _open_case_about(prints):  # nobody can add an entry while we hold the feed
        raise _CaseAppeared
    code = code_for(form)
    if sent_before := report_of(code):
        return Submitted(sent_before, sent_before.case, code)
    if case is None:
        case = open_case(now)
    report = store_report(case, form, code, now)
    store_items(report, form, by, now)
    clocks.open_clocks(case, now, report=report)
    settling.settle(case, now)
    facts = {
        "role": form.role,
        "links": len(form.links),
        "pictures": sum(not each.frames for each in form.hashes),
        "videos": sum(bool(each.frames) for each in form.hashes),
        "regimes": [pin["id"] for pin in case.regimes],
        "joined": joined is not None,
    }
    audit.record("report.received", by=by, about=report, also=[case], facts=facts)
    acknowledge(report, by=by)
    sharing.announce(Event.REPORT_RECEIVED, {"case": str(case.public_id), "report": str(report.public_id)})
    interim.hide_at_once(case, report, now=now)
    return Submitted(report, case, code)


def acknowledge(report: Report, *, by: Actor) -> None:
    """Keep the signed proof that this report stands in the log: its reporter may take it home.

    A line of its own, because the line of the receipt says more than a reporter may know: whether others reported the
    same picture, and which case it is.
    """
    items = report.items.select_related("pdq_entry")
    kinds = ["video" if item.is_video else item.kind for item in items]
    facts = {
        "links": kinds.count(Item.Kind.LINK),
        "pictures": kinds.count(Item.Kind.HASH),
        "videos": kinds.count("video"),
    }
    _, report.acknowledgement = audit.record_proven(audit.Record("report.acknowledged", by, report, facts))
    report.save(update_fields=["acknowledgement"])


def open_case(now: datetime, *, laws: Iterable[Regime] | None = None) -> Case:
    """A new case under these regimes (None: those that an adult's report of today is held against), not yet settled."""
    pins = regimes.pin(regimes.in_force(now) if laws is None else laws, now)
    return Case.objects.create(number=_new_number(), opened_at=now, version=0, regimes=pins)


def _new_number() -> str:
    """A number that tells nothing: neither how many cases there are nor which came first."""
    while True:
        drawn = "".join(secrets.choice(receipt.ALPHABET) for _ in range(8))
        number = f"{drawn[:4]}-{drawn[4:]}"
        if not Case.objects.filter(number=number).exists():
            return number


def _hashes(given: HashGiven) -> list[Hash]:
    """The hashes of one picture or video that are worth an entry: those with enough detail, the digest always."""
    return [*_seen(given), *filter(None, [given.sha256()])]


def _seen(given: HashGiven) -> list[Hash]:
    """The hashes by which altered copies are found: of a long video several, else one or none."""
    if given.frames:
        return given.parts()
    return [found for found in [given.pdq()] if found is not None and given.quality >= LEAST_QUALITY]


def prints_of(given: HashGiven) -> list[bytes]:
    """By what the entries of one picture are found."""
    return [banks.fingerprint(each) for each in _hashes(given)]


def _open_case_about(prints: Sequence[bytes]) -> Case | None:
    """The oldest open case that has an item with one of these hashes."""
    if not prints:
        return None
    same = Q(pdq_entry__fingerprint__in=prints) | Q(sha256_entry__fingerprint__in=prints)
    item = Item.objects.filter(same, case__state=Case.State.OPEN).select_related("case").order_by("case_id").first()
    return item.case if item else None


def code_for(form: ReportForm | MinorsForm) -> str:
    """A code for this report. The same draft with the same answers has the same one; with other answers it is another
    report, so that nothing somebody adds is lost. Without the keyring a draft tells nothing of its code."""
    if not form.draft:
        return receipt.new_code(secrets.token_bytes(receipt.ENTROPY_SIZE))
    answers = {name: value for name, value in asdict(form).items() if name not in {"draft", "language"}}
    for given in answers.get("hashes", ()):
        if not given["frames"]:  # so that a report of pictures has the code that it had before there were videos
            del given["frames"]
    sent = form.draft + json.dumps(answers, sort_keys=True).encode()
    drawn = hmac.digest(keyring.current().secret("receipt of a draft"), sent, "sha256")
    return receipt.new_code(drawn[: receipt.ENTROPY_SIZE])


def was_sent(form: ReportForm | MinorsForm) -> bool:
    """Whether this very draft was received before: sending it again only shows its code again."""
    return bool(form.draft) and report_of(code_for(form)) is not None


def report_of(code: str) -> Report | None:
    """The report that was sent before under this code, if any."""
    return Report.objects.select_related("case").filter(lookup_id=lookup_id(code)).first()


def store_report(case: Case, form: ReportForm, code: str, now: datetime) -> Report:
    """The row of a report, without its items."""
    return Report.objects.create(
        case=case,
        role=form.role,
        relation=form.relation.strip() or None,
        contact=form.contact.strip() or None,
        words=form.words.strip() or None,
        signature=form.signature.strip() or None,
        provided=elements.provided(form, regimes.pinned(case)),
        situation=form.situation,
        lookup_id=lookup_id(code),
        language=form.language,
        received_at=now,
    )


def store_items(report: Report, form: ReportForm, by: Actor, now: datetime) -> None:
    """The items of a report, each link and each picture once; a long video is one item for each of its parts."""
    own = {"case": report.case, "report": report, "added_at": now}
    items = [Item(kind=Item.Kind.LINK, url=link, **own) for link in dict.fromkeys(link.strip() for link in form.links)]
    pictures: dict[object, HashGiven] = {}
    for number, given in enumerate(form.hashes):
        pictures.setdefault(tuple(_hashes(given)) or number, given)
    entries = _entries(list(pictures.values()), by)
    for given in pictures.values():
        items += [Item(kind=Item.Kind.HASH, **fields, **own) for fields in _items_of(given, entries)]
    Item.objects.bulk_create(items)  # all at once: everybody waits while a report is stored


def _items_of(given: HashGiven, entries: Mapping[Hash, Entry]) -> Iterator[dict[str, Any]]:
    """What the items of a picture or video hold; the digest of the file is the first one's."""
    parts, digest = _seen(given), given.sha256()
    for number in range(max(len(parts), 1)):
        found = [*parts[number : number + 1], *([digest] if digest and number == 0 else [])]
        part = f" ({number + 1}/{len(parts)})" if len(parts) > 1 else ""
        label = given.label.strip() + part if given.label.strip() else None
        yield {
            "label": label,
            "quality": _quality(given),
            **{_FIELDS[each.algorithm]: entries[each] for each in found},
        }


def _entries(pictures: Sequence[HashGiven], by: Actor) -> dict[Hash, Entry]:
    """The entry of each hash of these pictures."""
    bank = banks.open_bank(REPORTS_BANK, by=Actor.system())
    graded = [(each, _quality(given)) for given in pictures for each in _hashes(given)]
    entries = banks.add_entries(bank, graded, source="report", by=by)
    return {each: entry for (each, _), entry in zip(graded, entries, strict=True)}


def _quality(given: HashGiven) -> int | None:
    return given.quality if given.pdq_hex else None
