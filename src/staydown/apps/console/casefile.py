"""Everything that the page of a case shows, gathered in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.db.models import Max, Min, Sum

from staydown.apps.banks.models import LIVE, Entry
from staydown.apps.cases import regimes
from staydown.apps.cases.actions.restoring import REMOVED
from staydown.apps.cases.checklist import LawChecklist, ReportChecklist, for_case
from staydown.apps.cases.models import Action, Appeal, Case, Clock, Decision, Hit, Item, Report
from staydown.apps.cases.settling import TO_DECIDE
from staydown.apps.console.folding import UP_TO, Folds
from staydown.apps.console.links import defanged, legible, origin
from staydown.core.law.clocks import TimeLeft, time_left
from staydown.core.law.schema import Clock as Limit
from staydown.core.law.schema import Regime

MOST_OTHERS: Final = 20  # other cases of one hash that the page names


def _any_live(entries: Sequence[Entry]) -> bool:
    return any(entry.state in LIVE for entry in entries)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item. What is sealed stays empty for people who may not read it."""

    item: Item
    waits: bool
    link: str = ""
    exact: str = ""
    content_ref: str = ""
    label: str = ""
    preview: str = ""
    preview_origin: str = ""
    hits: int = 0
    failed: str = ""
    folded: tuple[Item, ...] = ()  # the items that this one row stands for; ``item`` is the newest of them
    names: Mapping[int, str] = field(default_factory=dict)  # of the case's reports, by key, where it has several

    @property
    def items(self) -> tuple[Item, ...]:
        """Each item that the row stands for."""
        return self.folded or (self.item,)

    @property
    def pks(self) -> set[int]:
        """The keys of those items."""
        return {item.pk for item in self.items}

    @property
    def is_wave(self) -> bool:
        """Whether it stands for uploads, of which nothing is shown but their number."""
        return bool(self.folded) and self.item.kind == Item.Kind.CONTENT

    @property
    def reports(self) -> tuple[str, ...]:
        """The references of the reports that name it, where the case has several."""
        return tuple(self.names[item.report_id] for item in self.items if item.report_id in self.names)

    def narrowed(self, pks: Collection[int]) -> ItemRow:
        """The row as it stands for those of its items alone."""
        return replace(self, folded=tuple(item for item in self.folded if item.pk in pks))

    @property
    def value(self) -> str:
        """What the row's box sends."""
        return f"{UP_TO}{self.item.public_id}" if self.folded else str(self.item.public_id)

    @property
    def lost_hash(self) -> bool:
        """Whether a picture waits whose hashes were erased meanwhile: a removal of it would block nothing."""
        entries = [each for each in (self.item.pdq_entry, self.item.sha256_entry) if each is not None]
        return self.waits and self.item.kind == Item.Kind.HASH and bool(entries) and not _any_live(entries)

    @property
    def preview_allowed(self) -> bool:
        """Whether this page may load the preview."""
        return bool(self.preview) and self.preview_origin in settings.STAYDOWN_PREVIEW_ORIGINS


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One time limit of a law on this case, the most pressing of its kind."""

    limit: Limit
    clock: Clock | None
    left: TimeLeft | None


@dataclass(frozen=True, slots=True)
class LawRow:
    """One law on this case: its limits, and each report held against it."""

    regime: Regime
    limits: list[ClockRow]
    reports: list[tuple[Report, LawChecklist]]
    overdue_review: bool

    @property
    def due(self) -> datetime | None:
        """The earliest deadline that is running."""
        return min((row.clock.due_at for row in self.limits if row.clock and row.left), default=None)


@dataclass(frozen=True, slots=True)
class HitRow:
    """All hits of one kind, as one line."""

    action: str
    total: int
    first_at: datetime
    last_at: datetime


@dataclass(slots=True)
class CaseFile:
    """The whole page."""

    case: Case
    left: TimeLeft | None
    items: list[ItemRow]
    folds: Folds
    laws: list[LawRow]
    hits: list[HitRow]
    decisions: list[Decision]
    appeals: list[Appeal] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    same_picture: list[Case] = field(default_factory=list)  # other cases with one of its hashes, the newest first

    @property
    def waiting(self) -> list[Item]:
        """The items that a decision can be about now."""
        return [item for row in self.items if row.waits for item in row.items]

    @property
    def links(self) -> list[Item]:
        """The items that are links."""
        return [item for row in self.items for item in row.items if item.kind == Item.Kind.LINK]

    @property
    def can_restore(self) -> bool:
        """Whether something was taken down, so that there is something to take back."""
        return any(item.state in REMOVED for row in self.items for item in row.items)

    @property
    def has_pictures(self) -> bool:
        """Whether hashes of pictures are among the items."""
        return any(row.item.kind == Item.Kind.HASH for row in self.items)

    @property
    def regimes(self) -> list[Regime]:
        """The laws that bind the case, the most pressing first."""
        return [law.regime for law in self.laws]

    @property
    def preview_origins(self) -> list[str]:
        """The origins that this page may load pictures from: those of its own previews, and only if allowed."""
        return sorted({row.preview_origin for row in self.items if row.preview_allowed})


def gather(case: Case, now: datetime, *, unsealed: bool) -> CaseFile:
    """The page of ``case``. ``unsealed``: with what the reporter and the platform wrote, for those who decide."""
    clocks = list(case.clocks.all())
    found = case.items.annotate(hit_total=Sum("hits__count"), entry=Min("hits__entry_id"))
    items = list(found.select_related("pdq_entry", "sha256_entry").prefetch_related("actions").order_by("pk"))
    folds = Folds((_alike(item), item) for item in items if item.kind == Item.Kind.CONTENT or (unsealed and item.url))
    reports = list(case.reports.order_by("pk")) if unsealed else []
    return CaseFile(
        case=case,
        left=time_left(case.due_at, now) if case.due_at else None,
        items=_rows(items, folds, reports, unsealed=unsealed),
        folds=folds,
        laws=_laws(case, clocks, for_case(case), now),
        hits=_hits(case),
        appeals=list(case.appeals.order_by("-pk")),
        decisions=list(case.decisions.prefetch_related("items").order_by("-pk")),
        reports=reports,
        same_picture=list(Case.objects.for_staff().sharing_a_hash(case)[:MOST_OTHERS]),
    )


def _alike(item: Item) -> tuple[object, ...]:
    """What items have in common that are decided about alike: the link, or the entry that an upload matched, and where
    they stand."""
    return item.url or item.entry, item.state, *_standing(item)  # type: ignore[attr-defined]


def _rows(items: Sequence[Item], folds: Folds, reports: Sequence[Report], *, unsealed: bool) -> list[ItemRow]:
    """A row for each item, and one for each fold where the newest of it would stand."""
    folded = {item.pk for fold in folds.folds.values() for item in fold}
    names = {report.pk: report.reference for report in reports} if len(reports) > 1 else {}
    rows = []
    for item in items:
        if item.pk in folds.folds:
            rows.append(_fold(folds.folds[item.pk], unsealed=unsealed))
        elif item.pk not in folded:
            rows.append(_item(item, unsealed=unsealed))
    return [replace(row, names=names) for row in rows]


def _fold(items: Sequence[Item], *, unsealed: bool) -> ItemRow:
    """Items as one row. Of uploads nothing is opened."""
    is_wave = items[-1].kind == Item.Kind.CONTENT
    newest = _item(items[-1], unsealed=unsealed and not is_wave)
    return replace(newest, hits=sum(map(_hit_total, items)), folded=tuple(items))


def _standing(item: Item) -> tuple[bool, str]:
    """Whether a decision can be about ``item`` now, and what the platform could not do about it."""
    actions = list(item.actions.all())
    asked_to_hide = any(a.kind == Action.Kind.DISABLE and a.state == Action.State.ASKED for a in actions)
    failed = "hide" if actions and actions[-1].kind == Action.Kind.DISABLE else "remove"
    failed = failed if item.state == Item.State.OPEN and actions and actions[-1].state == Action.State.FAILED else ""
    return item.state in TO_DECIDE or asked_to_hide, failed


def _hit_total(item: Item) -> int:
    return getattr(item, "hit_total", None) or 0


def _item(item: Item, *, unsealed: bool) -> ItemRow:
    waits, failed = _standing(item)
    hits = _hit_total(item)
    if not unsealed:
        return ItemRow(item, waits, hits=hits, failed=failed)
    preview = item.preview_url or ""
    return ItemRow(
        item,
        waits,
        link=defanged(item.url) if item.url else "",
        exact=legible(item.url) if item.url else "",
        content_ref=item.content_ref or "",
        label=_label(item),
        preview=preview,
        preview_origin=origin(preview) or "" if preview else "",
        hits=hits,
        failed=failed,
    )


def _label(item: Item) -> str:
    """What the reporter's page called it, without the word for its kind, which stands before it: "1" of "Picture 1"."""
    kind, _, rest = (item.label or "").partition(" ")
    return rest if rest and kind.lower() == item.get_kind_display() else item.label or ""


def _laws(case: Case, clocks: Sequence[Clock], checked: Sequence[ReportChecklist], now: datetime) -> list[LawRow]:
    """The laws of the case, the one whose deadline comes first at the top."""
    laws = [
        LawRow(
            regime,
            [_clock(regime, limit, clocks, now) for limit in regime.clocks],
            [(each.report, law) for each in checked for law in each.laws if law.regime.id == regime.id],
            regime.overdue(now.date()),
        )
        for regime in regimes.pinned(case)
    ]
    return sorted(laws, key=lambda law: law.due or datetime.max.replace(tzinfo=UTC))


def _clock(regime: Regime, limit: Limit, clocks: Sequence[Clock], now: datetime) -> ClockRow:
    """The earliest running clock of this limit, else the last that was stopped. A limit without hours has none."""
    own = [clock for clock in clocks if (clock.regime_id, clock.clock_id) == (regime.id, limit.id)]
    running = [clock for clock in own if clock.stopped_at is None]
    if running:
        first = min(running, key=lambda clock: clock.due_at)
        return ClockRow(limit, first, time_left(first.due_at, now))
    return ClockRow(limit, own[-1] if own else None, None)


def _hits(case: Case) -> list[HitRow]:
    rows = (
        Hit.objects.filter(case=case)
        .order_by()
        .values("action")
        .annotate(total=Sum("count"), first=Min("first_at"), last=Max("last_at"))
        .order_by("action")
    )
    return [HitRow(row["action"], row["total"], row["first"], row["last"]) for row in rows]
