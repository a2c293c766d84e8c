"""What each law asks of a report, and whether the report gives it. Shown to both sides; blocks nothing."""

from __future__ import annotations

from dataclasses import dataclass

from staydown.apps.cases import regimes
from staydown.apps.cases.models import Case, Report
from staydown.core.law import checklist
from staydown.core.law.checklist import Row
from staydown.core.law.regime import Regime
from staydown.core.law.schema import Element


@dataclass(frozen=True, slots=True)
class LawChecklist:
    """One report held against one law."""

    regime: Regime
    rows: tuple[Row, ...]
    missing: tuple[Element, ...]  # the required ones

    @property
    def is_valid(self) -> bool:
        """Whether nothing that the law requires is missing."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class ReportChecklist:
    """One report held against every law that its case was received under."""

    report: Report
    laws: tuple[LawChecklist, ...]

    @property
    def is_valid(self) -> bool:
        """Whether it is a valid notice under each of them."""
        return all(law.is_valid for law in self.laws)


def for_report(report: Report) -> ReportChecklist:
    """The report held against the regimes of its case, in the versions of that day."""
    laws = (
        LawChecklist(
            regime,
            tuple(checklist.checklist(regime, report.provided)),
            tuple(checklist.missing(regime, report.provided)),
        )
        for regime in regimes.pinned(report.case)
    )
    return ReportChecklist(report, tuple(laws))


def for_case(case: Case) -> list[ReportChecklist]:
    """The reports of a case that were not withdrawn, each with its checklist, the oldest first."""
    return [for_report(each) for each in case.reports.filter(withdrawn_at=None).select_related("case").order_by("pk")]
