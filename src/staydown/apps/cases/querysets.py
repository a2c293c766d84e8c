"""Which cases to look at, and in which order."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, StrIndex

from staydown.apps.banks.models import Entry


class CaseQuerySet(models.QuerySet):
    """Cases for people who work on them. Under-18 cases are in none of these."""

    def for_staff(self) -> Self:
        """Every case that staff may see."""
        return self.exclude(state="minors")

    def queue(self) -> Self:
        """The open cases, the earliest deadline first."""
        return self.filter(state="open").order_by(F("due_at").asc(nulls_last=True), "id")

    def under(self, regime_id: str) -> Self:
        """Those that this law binds, in whatever version. One look at each row, and no join.

        Asked for as a place in the text and not by LIKE, of which PostgreSQL expects so few rows that it sorts them
        all rather than walk the index to the first page.
        """
        pins = StrIndex(Cast("regimes", models.TextField()), Value(f'"{regime_id}"'))
        return self.annotate(pins=pins).filter(pins__gt=0)

    def of(self, staff: models.Model, now: datetime) -> Self:
        """Those that this person holds now, or that are assigned to them. Two small queries by index, first of all."""
        held = self.model.objects.filter(leased_by=staff, leased_until__gt=now).values_list("pk", flat=True)
        own = self.model.objects.filter(assigned_to=staff).values_list("pk", flat=True)
        return self.filter(pk__in={*held, *own})

    def of_nobody(self, now: datetime) -> Self:
        """Those that nobody holds now and that are assigned to nobody."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=now), assigned_to=None)

    def numbered(self, text: str) -> Self:
        """The case of this number, in any spelling that a person might type; none for what is no number."""
        kept = "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())
        plain = kept.translate(str.maketrans({"O": "0", "I": "1", "L": "1"}))
        return self.for_staff().filter(number=f"{plain[:4]}-{plain[4:]}")

    def overdue(self, now: datetime) -> Self:
        """Those whose deadline has passed while a clock was running."""
        return self.for_staff().filter(due_at__lt=now)

    def sharing_a_hash(self, case: models.Model) -> Self:
        """The other ones that have a hash of ``case``, the newest first. An entry that ended has no hash any more."""
        held = Entry.objects.filter(Q(pdq_items__case=case) | Q(sha256_items__case=case), fingerprint__isnull=False)
        prints = list(held.values_list("fingerprint", flat=True).distinct())
        same = Entry.objects.filter(fingerprint__in=prints).values("pk")
        shared = Q(items__pdq_entry__in=same) | Q(items__sha256_entry__in=same)
        return self.filter(shared).exclude(pk=case.pk).distinct().order_by("-opened_at", "-pk")
