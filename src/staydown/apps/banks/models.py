"""The rows of the banks. A hash lives in exactly one column, sealed, and only for as long as its entry is live."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staydown.apps.banks.proposal_models import Proposal  # noqa: F401 - a row of this app
from staydown.apps.vault.fields import SealedBytesField, SealedTextField
from staydown.core import bank
from staydown.core.hashing.algorithm import EXACT, WIDEST_PDQ, Algorithm, Hash


class Bank(models.Model):
    """A named set of entries. Its name is part of the signed feed, so it never changes."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=64, unique=True)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="bank_has_a_name", condition=~Q(name=""))]

    def __str__(self) -> str:
        return f"bank {self.public_id}"


class State(models.TextChoices):
    """The states of an entry, as core.bank has them."""

    PENDING = bank.EntryState.PENDING.value, _("waiting for a decision")
    ENFORCED = bank.EntryState.ENFORCED.value, _("blocking copies")
    WITHDRAWN = bank.EntryState.WITHDRAWN.value, _("withdrawn by the reporter")
    EXPIRED = bank.EntryState.EXPIRED.value, _("expired")
    REVERSED = bank.EntryState.REVERSED.value, _("undone by a decision")


LIVE = (State.PENDING, State.ENFORCED)
ACTIONS = [each.value for each in bank.Action]
ALGORITHMS = [each.value for each in Algorithm]


class Entry(models.Model):
    """One hash in a bank, that of a video too: all its frames are one value, so that they come and go together.

    ``fingerprint`` is a keyed digest of the hash, so that an equal one is found although ``value`` is sealed. Both are
    erased when the entry ends; the row stays, for the feed and the log refer to it.
    """

    class Wanted(models.TextChoices):
        """What a match means once the entry is enforced; while it is pending a match asks for review at most."""

        BLOCK = bank.Action.BLOCK.value, _("block")
        REVIEW = bank.Action.REVIEW.value, _("ask a person")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    bank = models.ForeignKey("staydown_banks.Bank", on_delete=models.PROTECT, related_name="entries")
    algorithm = models.CharField(max_length=16, choices=[(each, each) for each in ALGORITHMS])
    value = SealedBytesField(null=True)
    fingerprint = models.BinaryField(max_length=32, null=True)
    radius = models.PositiveSmallIntegerField(validators=[MaxValueValidator(WIDEST_PDQ)])
    action = models.CharField(max_length=8, choices=Wanted.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    source = models.CharField(max_length=80)
    quality = models.PositiveSmallIntegerField(null=True)
    lapses_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="entry_state_known", condition=Q(state__in=State.values)),
            models.CheckConstraint(name="entry_action_known", condition=Q(action__in=ACTIONS)),
            models.CheckConstraint(name="entry_algorithm_known", condition=Q(algorithm__in=ALGORITHMS)),
            # What is withdrawn, expired or reversed holds no hash; what is live holds one.
            models.CheckConstraint(
                name="entry_holds_a_hash_while_live",
                condition=Q(state__in=LIVE, value__isnull=False, fingerprint__isnull=False)
                | (~Q(state__in=LIVE) & Q(value__isnull=True, fingerprint__isnull=True)),
            ),
            models.CheckConstraint(
                name="entry_radius_fits_its_algorithm",
                condition=Q(algorithm__in=[Algorithm.PDQ.value, Algorithm.VPDQ.value], radius__lte=WIDEST_PDQ)
                | Q(algorithm__in=[each.value for each in EXACT], radius=0),
            ),
            models.UniqueConstraint(name="entry_live_once_in_a_bank", fields=["bank", "algorithm", "fingerprint"]),
        ]
        indexes = [
            models.Index(name="entry_by_fingerprint", fields=["fingerprint"]),
            models.Index(name="entry_by_state", fields=["state", "lapses_at"]),
            models.Index(name="entry_by_change", fields=["changed_at", "id"]),
        ]

    def __str__(self) -> str:
        return f"entry {self.public_id}"

    @property
    def hash(self) -> Hash:
        """The hash; raises `HashError` once it is erased."""
        return Hash(Algorithm(self.algorithm), self.value or b"")


class Label(models.Model):
    """What a client of the curation API wrote beside an entry that it banked. Erased when the entry ends."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entry = models.OneToOneField("staydown_banks.Entry", on_delete=models.CASCADE, related_name="label")
    text = SealedTextField()

    def __str__(self) -> str:
        return f"label {self.public_id}"


class Feedback(models.Model):
    """What one partner says of an entry that it was given: the last word of each key."""

    class Opinion(models.TextChoices):
        """What came of a match at the partner."""

        REVIEWING = "reviewing", _("being looked at")
        CONFIRMED = "confirmed", _("confirmed: it was blocked there")
        DISPUTED = "disputed", _("disputed: it was not blocked there")

    entry = models.ForeignKey("staydown_banks.Entry", on_delete=models.CASCADE, related_name="feedback")
    key = models.ForeignKey("staydown_accounts.ApiKey", on_delete=models.PROTECT, related_name="+")
    opinion = models.CharField(max_length=12, choices=Opinion.choices)
    at = models.DateTimeField()
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="feedback_once_for_each_key", fields=["entry", "key"]),
            models.CheckConstraint(
                name="feedback_opinion_known", condition=Q(opinion__in=["reviewing", "confirmed", "disputed"])
            ),
        ]

    def __str__(self) -> str:
        return f"feedback {self.public_id}"


class FeedLine(models.Model):
    """One line of the feed. Append-only but for ``salt``, which is erased with the entry's hash: then the line can only
    be shown as its ``leaf``, and nobody can test a guess against it."""

    class Op(models.TextChoices):
        """What a line does."""

        ADD = "add", _("add")
        REMOVE = "remove", _("remove")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    seq = models.BigIntegerField(unique=True)
    op = models.CharField(max_length=8, choices=Op.choices)
    entry = models.ForeignKey("staydown_banks.Entry", on_delete=models.PROTECT, related_name="lines")
    action = models.CharField(max_length=8, blank=True, default="")
    salt = SealedBytesField(null=True)
    leaf = models.BinaryField(max_length=32)
    root = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    delete_by = models.DateTimeField(null=True)  # of a removal: until when a follower must have forgotten the hash

    class Meta:
        ordering = ["seq"]
        constraints = [
            models.CheckConstraint(name="feed_line_counts_from_one", condition=Q(seq__gte=1)),
            models.CheckConstraint(
                name="feed_line_is_whole",
                condition=Q(op="add", action__in=ACTIONS) | Q(op="remove", action="", salt__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"feed line {self.seq}"


class Follower(models.Model):
    """How far a follower of the feed has come: whoever asks for the lines after one has verified and applied it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.OneToOneField("staydown_accounts.ApiKey", on_delete=models.CASCADE, related_name="+")
    cursor = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"follower {self.public_id}"


class Allowance(models.Model):
    """How much of what a key may fetch in a minute is used up: all of it is there again at ``full_at``."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.OneToOneField("staydown_accounts.ApiKey", on_delete=models.CASCADE, related_name="+")
    full_at = models.BigIntegerField(default=0)  # microseconds since 1970

    def __str__(self) -> str:
        return f"allowance {self.public_id}"


class FeedHead(models.Model):
    """The one row that says how long the feed is. Whoever holds its lock may append, so lines have no gaps."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField()

    class Meta:
        constraints = [models.CheckConstraint(name="feed_head_is_one_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return f"feed of {self.size} lines"
