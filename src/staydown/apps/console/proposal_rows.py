"""What the list of proposals shows of each: what it is about, and what the person who reads it may do with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q

from staydown.apps.accounts.models import ApiKey, Staff
from staydown.apps.audit.querysets import with_reason
from staydown.apps.banks.models import Bank, Entry, Proposal
from staydown.apps.cases.actions.proposing import items_of
from staydown.apps.cases.models import Case
from staydown.apps.console.counts import listed, things
from staydown.apps.console.history import ARTEFACTS
from staydown.apps.sharing.source_models import Source


@dataclass(frozen=True, slots=True)
class Row:
    """One proposal. What it is about is one of the others; ``cases`` are those of an entry."""

    proposal: Proposal
    may_answer: bool
    may_void: bool
    case: Case | None = None
    bank: Bank | None = None
    key: ApiKey | None = None
    source: Source | None = None
    entry: Entry | None = None
    cases: list[Case] = field(default_factory=list)
    items: int = 0
    lines: str = ""  # of the audit log, from the first to the last
    reasons: int = 0  # that those lines hold now

    @property
    def artefacts(self) -> str:
        """What of a case is to be erased, in words."""
        return listed(ARTEFACTS[each] for each in self.proposal.details.get("artefacts", ()))


def rows(proposals: Iterable[Proposal], staff: Staff) -> list[Row]:
    """The proposals as ``staff`` sees them, without those about a case that was locked since."""
    found = [_row(each, staff) for each in proposals]
    return [row for row in found if row.case is None or row.case.state != Case.State.MINORS]


def _row(proposal: Proposal, staff: Staff) -> Row:
    is_own = proposal.proposed_by_id == staff.pk
    answers = staff.role == "lead"
    row = Row(
        proposal,
        may_answer=proposal.state == Proposal.State.OPEN and answers and not is_own,
        may_void=is_own or answers,  # also an approval that nobody has used
    )
    what, _, public_id = proposal.about.partition(":")
    return _about(row, what, public_id)


def _about(row: Row, what: str, public_id: str) -> Row:
    """The row with what its proposal is about, as far as that is still there."""
    own = (row.proposal, row.may_answer, row.may_void)
    match what:
        case "case":
            case = Case.objects.filter(public_id=public_id).first()
            counted = things(items_of(row.proposal)) if "items" in row.proposal.details else 0
            return Row(*own, case=case, items=counted)
        case "bank":
            return Row(*own, bank=Bank.objects.filter(public_id=public_id).first())
        case "apikey":
            return Row(*own, key=ApiKey.objects.filter(public_id=public_id).first())
        case "source":
            return Row(*own, source=Source.objects.filter(public_id=public_id).select_related("bank").first())
        case "line":
            first, _, last = public_id.partition("-")
            lines = f"line {first}" if first == last else f"lines {first} to {last}"
            return Row(*own, lines=lines, reasons=with_reason(int(first), int(last)).count())
        case "entry":
            entry = Entry.objects.filter(public_id=public_id).select_related("bank").first()
            return Row(*own, entry=entry, cases=_cases_of(entry) if entry else [])
    return row


def _cases_of(entry: Entry) -> list[Case]:
    """The cases that the entry came with or was hit in, as far as they are to be seen here."""
    about = Q(items__pdq_entry=entry) | Q(items__sha256_entry=entry) | Q(hits__entry=entry)
    return list(Case.objects.for_staff().filter(about).distinct().order_by("pk")[:5])
