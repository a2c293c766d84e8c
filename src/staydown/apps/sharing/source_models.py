"""The rows of what we follow: each source with its policy and its place, what it brought, what it is told of that."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staydown.apps.vault.fields import SealedTextField
from staydown.core.bank import Action
from staydown.core.hashing.algorithm import WIDEST_PDQ


class Source(models.Model):
    """Somebody else's list that we follow.

    ``cursor`` moves only in the transaction that applies what came before it. ``question`` is what the operator has to
    answer before anything more is applied; ``allowed`` is what they have allowed until the list is read to its end.
    """

    class Question(models.TextChoices):
        """Why it stands still."""

        NONE = "", _("nothing")
        GROWTH = "growth", _("it grows faster than its policy allows")
        SHRUNK = "shrunk", _("it takes back much of what it brought")
        BACK = "back", _("it went back behind the place that we had reached")

    class Wanted(models.TextChoices):
        """What a match on an entry of it means once the entry is enforced."""

        BLOCK = Action.BLOCK.value, _("block")
        REVIEW = Action.REVIEW.value, _("ask a person")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    address = models.CharField(max_length=500, blank=True, default="")
    credentials = SealedTextField(null=True)  # JSON: what this kind asks for
    bank = models.ForeignKey("staydown_banks.Bank", on_delete=models.PROTECT, related_name="sources")
    radius = models.PositiveSmallIntegerField(validators=[MaxValueValidator(WIDEST_PDQ)])
    action = models.CharField(max_length=8, choices=Wanted.choices)
    enforced_because = models.CharField(max_length=200, blank=True, default="")  # empty: its entries are pending
    most_growth = models.PositiveIntegerField()  # records a day
    tells = models.BooleanField(default=False)  # whether it hears what moderators decide about its hits
    enabled = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    cursor = models.TextField(null=True)
    reading = models.PositiveIntegerField(default=0)  # counts the times that the list was begun from its start
    whole = models.BooleanField(default=False)  # such a reading is under way: at its end, what was not in it is gone
    whole_at = models.DateTimeField(null=True)  # when the last one came to its end
    read = models.PositiveBigIntegerField(default=0)  # records seen since the last end
    records = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    day_began = models.DateTimeField(null=True)
    day_held = models.PositiveIntegerField(default=0)
    day_grown = models.PositiveIntegerField(default=0)
    day_shrunk = models.PositiveIntegerField(default=0)
    question = models.CharField(max_length=8, choices=Question.choices, blank=True, default="")
    asked_at = models.DateTimeField(null=True)
    asked_count = models.PositiveBigIntegerField(default=0)
    allowed = models.CharField(max_length=40, blank=True, default="")  # the questions that were answered yes

    next_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    tried_at = models.DateTimeField(null=True)
    caught_up_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=40, blank=True, default="")  # one of our codes, never the source's words

    class Meta:
        constraints = [
            models.UniqueConstraint(name="source_name_once", fields=["name"], condition=Q(removed_at__isnull=True)),
            models.CheckConstraint(
                name="source_removed_is_off", condition=Q(removed_at__isnull=True) | Q(enabled=False)
            ),
            models.CheckConstraint(
                name="source_question_known", condition=Q(question__in=["", "growth", "shrunk", "back"])
            ),
        ]
        indexes = [models.Index(name="source_due", fields=["next_at"], condition=Q(enabled=True))]

    def __str__(self) -> str:
        return f"source {self.public_id}"


class Record(models.Model):
    """One record of a source, and the entry that keeps it here.

    ``mark`` is a keyed digest of the source's id of it, and ``name`` that id without the hash, by which some sources
    name their records: a hash lives in the entry alone. The row stays when the entry ends here, so that the source
    does not bring back what was decided; it goes when the source takes the record back.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.ForeignKey("staydown_sharing.Source", on_delete=models.PROTECT, related_name="brought")
    entry = models.ForeignKey("staydown_banks.Entry", on_delete=models.PROTECT, related_name="records")
    mark = models.BinaryField(max_length=32)
    name = SealedTextField()
    seen = models.PositiveIntegerField()  # the last reading in which it was there

    class Meta:
        constraints = [models.UniqueConstraint(name="record_once_a_source", fields=["source", "mark"])]
        indexes = [models.Index(name="record_by_reading", fields=["source", "seen"])]

    def __str__(self) -> str:
        return f"record {self.public_id}"


class Opinion(models.Model):
    """What a source is told of one of its records: our last word on it."""

    class Word(models.TextChoices):
        """What came of a match here."""

        CONFIRMED = "confirmed", _("confirmed")
        DISPUTED = "disputed", _("disputed")

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("waiting")
        SAID = "said", _("said")
        DEAD = "dead", _("given up")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    record = models.OneToOneField("staydown_sharing.Record", on_delete=models.CASCADE, related_name="opinion")
    word = models.CharField(max_length=12, choices=Word.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="opinion_is_waiting_or_settled",
                condition=Q(state="waiting", next_at__isnull=False)
                | Q(state__in=["said", "dead"], next_at__isnull=True),
            ),
        ]
        indexes = [models.Index(name="opinion_due", fields=["next_at"], condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"opinion {self.public_id}"
