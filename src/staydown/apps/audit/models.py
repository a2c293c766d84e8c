"""The rows of the log. Nothing outside this app imports them: `actions` writes, `querysets` reads."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from staydown.errors import StateError

REFUSED = "The log only grows: its lines are neither changed nor deleted."


class FrozenRows(models.QuerySet[Any]):
    """Rows that can be added and read."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise StateError(REFUSED)

    def delete(self) -> NoReturn:
        raise StateError(REFUSED)

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise StateError(REFUSED)

    def forget(self) -> int:
        """Erase the facts of these lines and the keys to them, the one change that the database too allows."""
        return super().update(facts=None, row_key=None)


class FrozenRow(models.Model):
    """A row that is written once."""

    objects = FrozenRows.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; a second save is refused."""
        if not self._state.adding:
            raise StateError(REFUSED)
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise StateError(REFUSED)


class Line(FrozenRow):
    """One thing that was done. It has no public_id: proofs and people name it by `seq`, which has no gap."""

    seq = models.BigIntegerField(unique=True, editable=False)
    at = models.DateTimeField()
    verb = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=60, blank=True)
    actor_label = models.CharField(max_length=60, blank=True)
    about = models.CharField(max_length=80)
    also = models.JSONField(default=list, blank=True)
    facts = models.JSONField(null=True, help_text="Ids, states and counts; empty once erased")
    row_key = models.BinaryField(
        max_length=32, null=True, help_text="Without it the facts cannot be guessed and tested"
    )
    leaf = models.BinaryField(max_length=32)
    root = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["seq"]
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="audit_line_seq_from_one"),
            models.CheckConstraint(
                condition=models.Q(facts__isnull=True, row_key__isnull=True)
                | models.Q(facts__isnull=False, row_key__isnull=False),
                name="audit_line_erased_whole",
            ),
        ]

    @property
    def erased(self) -> bool:
        """Whether only the leaf and the frame of the line are left."""
        return self.row_key is None


class Mention(FrozenRow):
    """That a line is about something, the main thing or another: the way from a thing to its history."""

    line = models.ForeignKey(Line, models.PROTECT, related_name="mentions")
    ref = models.CharField(max_length=80)

    class Meta:
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["ref", "line"], name="audit_mention_once")]


class Head(models.Model):
    """Where the log ends: one row, locked by whoever appends, so that the order of seq is the order of commits."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    frontier = models.BinaryField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="audit_head_is_one_row")]


class Checkpoint(FrozenRow):
    """A signed statement of how long the log was and what its root was: what a shortened log cannot get around."""

    size = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    note = models.TextField()

    class Meta:
        ordering = ["size"]
        base_manager_name = "objects"
