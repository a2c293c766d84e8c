"""The rows of casework. What a person wrote or signed is sealed; what a machine must read stands in its own columns."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staydown.apps.cases.appeal_models import Appeal, UploaderNotice
from staydown.apps.cases.desk_models import Exposure, Note, SavedView, Unfounded
from staydown.apps.cases.hit_models import HeardHit, Hit
from staydown.apps.cases.keeping_models import Keeping
from staydown.apps.cases.law_models import Clock, Order, PinnedRegime
from staydown.apps.cases.mail_models import MailTo
from staydown.apps.cases.minors_models import Lock
from staydown.apps.cases.querysets import CaseQuerySet
from staydown.apps.cases.question_models import Question
from staydown.apps.vault.fields import SealedTextField

__all__ = [
    "Action",
    "Appeal",
    "Case",
    "Clock",
    "Decision",
    "Exposure",
    "HeardHit",
    "Hit",
    "Item",
    "Keeping",
    "Lock",
    "MailTo",
    "Note",
    "Order",
    "PinnedRegime",
    "Question",
    "Report",
    "SavedView",
    "Unfounded",
    "UploaderNotice",
]


class Case(models.Model):
    """One piece of harm being worked on. ``version`` counts the changes that a decision must have seen."""

    class State(models.TextChoices):
        """Where the case stands."""

        OPEN = "open", _("open")
        DECIDED = "decided", _("decided, waiting for the platform")
        DONE = "done", _("done")
        WITHDRAWN = "withdrawn", _("withdrawn")
        MINORS = "minors", _("with the child-protection services")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(max_length=9, unique=True, editable=False)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)  # the earliest running clock; none runs when it is null
    version = models.PositiveIntegerField(default=1)
    leased_by = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    leased_until = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    hit_count = models.PositiveIntegerField(default=0)
    regimes = models.JSONField(default=list)  # [{"id": ..., "version": ...}] in force at receipt

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="case_state_known", condition=Q(state__in=["open", "decided", "done", "withdrawn", "minors"])
            ),
            models.CheckConstraint(
                name="case_lease_is_whole",
                condition=Q(leased_by__isnull=True, leased_until__isnull=True)
                | Q(leased_by__isnull=False, leased_until__isnull=False),
            ),
            models.CheckConstraint(
                name="case_closed_has_no_deadline",
                condition=Q(due_at__isnull=True) | ~Q(state__in=["done", "withdrawn"]),
            ),
        ]
        indexes = [models.Index(name="case_queue", fields=["state", "due_at", "id"])]

    def __str__(self) -> str:
        return f"case {self.public_id}"


class Report(models.Model):
    """What someone sent. ``lookup_id`` is derived from the receipt code, which is stored nowhere."""

    class Role(models.TextChoices):
        """Who sent it."""

        SUBJECT = "subject", _("the person shown")
        AGENT = "agent", _("someone acting for the person shown")
        TRUSTED_FLAGGER = "trusted_flagger", _("a trusted flagger")
        AUTHORITY = "authority", _("an authority")

    class Situation(models.TextChoices):
        """What had happened when it was sent."""

        POSTED = "posted", _("it was posted")
        THREAT = "threat", _("somebody threatens to post it")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("staydown_cases.Case", on_delete=models.PROTECT, related_name="reports")
    role = models.CharField(max_length=15, choices=Role.choices)
    situation = models.CharField(max_length=8, choices=Situation.choices, default=Situation.POSTED)
    relation = SealedTextField(null=True)
    contact = SealedTextField(null=True)
    words = SealedTextField(null=True)
    signature = SealedTextField(null=True)
    acknowledgement = SealedTextField(null=True)  # the proof file of its line in the log, as its reporter may keep it
    provided = models.JSONField(default=dict)  # {element id: true}
    lookup_id = models.BinaryField(max_length=32, unique=True)
    language = models.CharField(max_length=35, blank=True, default="")
    received_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField(null=True)  # when the status page was first opened with the code

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="report_role_is_known",
                condition=Q(role__in=["subject", "agent", "trusted_flagger", "authority"]),
            ),
            models.CheckConstraint(name="report_situation_known", condition=Q(situation__in=["posted", "threat"])),
        ]

    def __str__(self) -> str:
        return f"report {self.public_id}"

    @property
    def reference(self) -> str:
        """What its reporter and staff call this report. Never the case's number: others may share the case."""
        return f"{self.public_id.hex[:4]}-{self.public_id.hex[4:8]}".upper()


class Item(models.Model):
    """One thing in a case. A link and a content id are somewhere on the platform; what is nowhere is only kept down."""

    class Kind(models.TextChoices):
        """What it is."""

        LINK = "link", _("link")
        HASH = "hash", _("picture")
        CONTENT = "content", _("upload that matched")

    class State(models.TextChoices):
        """Where it stands.

        ``asked``: the platform was asked to act on it. ``removed``: the platform took it down, or it was gone.
        ``kept_down``: a picture that must go; there is nothing to ask of the platform, and copies are blocked while an
        entry of it is enforced. ``disabled``: hidden until the final decision, which is still to come.
        """

        OPEN = "open", _("waiting for a decision")
        ASKED = "asked", _("the platform was asked")
        REMOVED = "removed", _("removed")
        KEPT_DOWN = "kept_down", _("copies are blocked")
        DECLINED = "declined", _("declined")
        DISABLED = "disabled", _("disabled until the final decision")
        WITHDRAWN = "withdrawn", _("withdrawn")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("staydown_cases.Case", on_delete=models.PROTECT, related_name="items")
    report = models.ForeignKey("staydown_cases.Report", on_delete=models.PROTECT, null=True, related_name="items")
    order = models.ForeignKey("staydown_cases.Order", on_delete=models.PROTECT, null=True, related_name="items")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    url = SealedTextField(null=True)
    content_ref = SealedTextField(null=True)
    content_key = models.BinaryField(max_length=32, null=True)  # a keyed digest of content_ref
    preview_url = SealedTextField(null=True)
    label = SealedTextField(null=True)
    # By which changed copies are found: of a video the entry of its frames, whose algorithm is vpdq.
    pdq_entry = models.ForeignKey("staydown_banks.Entry", on_delete=models.PROTECT, null=True, related_name="pdq_items")
    sha256_entry = models.ForeignKey(
        "staydown_banks.Entry", on_delete=models.PROTECT, null=True, related_name="sha256_items"
    )
    quality = models.PositiveSmallIntegerField(null=True)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="item_state_known",
                condition=Q(state__in=["open", "asked", "removed", "kept_down", "declined", "disabled", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="item_is_of_its_kind",
                condition=Q(kind="link", url__isnull=False, report__isnull=False, order=None, content_ref=None)
                | Q(kind="link", url__isnull=False, report=None, order__isnull=False, content_ref=None)
                | Q(kind="hash", url__isnull=True, report__isnull=False, order=None, content_ref=None)
                | Q(kind="content", url__isnull=True, report=None, order=None, content_key__isnull=False),
            ),
            # Nobody can be asked to remove what is nowhere, a hash or an upload without an id: it is kept down.
            models.CheckConstraint(
                name="item_nowhere_is_kept_down",
                condition=(
                    Q(url__isnull=True, content_ref__isnull=True) & ~Q(state__in=["asked", "removed", "disabled"])
                )
                | ((Q(url__isnull=False) | Q(content_ref__isnull=False)) & ~Q(state="kept_down")),
            ),
            models.UniqueConstraint(name="item_content_once_a_case", fields=["case", "content_key"]),
        ]

    def __str__(self) -> str:
        return f"item {self.public_id}"

    @property
    def is_video(self) -> bool:
        """Whether it is a video that is known by its frames."""
        return self.pdq_entry is not None and self.pdq_entry.algorithm == "vpdq"

    @property
    def blocks_copies(self) -> bool:
        """Whether copies of it are blocked now. A plain picture has no entry; an entry can be withdrawn."""
        matched = [hit.entry for hit in self.hits.select_related("entry")] if self.kind == self.Kind.CONTENT else []
        entries = (self.pdq_entry, self.sha256_entry, *matched)
        return any(entry is not None and (entry.state, entry.action) == ("enforced", "block") for entry in entries)

    def get_kind_display(self) -> str:
        """What it is, in a word."""
        return str(_("video") if self.is_video else self.Kind(self.kind).label)

    def get_state_display(self) -> str:
        """Where it stands, in words that claim no block where there is none."""
        passes = self.state == self.State.KEPT_DOWN and not self.blocks_copies
        return str(_("decided, copies are not blocked") if passes else self.State(self.state).label)


class Decision(models.Model):
    """What was decided about some items, by whom and why. Never changed."""

    class Verdict(models.TextChoices):
        """What was decided."""

        REMOVE = "remove", _("remove")
        DECLINE = "decline", _("decline")
        DISABLE = "disable", _("disable until the final decision")
        RESTORE = "restore", _("show again")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey("staydown_cases.Case", on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    regime_id = models.CharField(max_length=40)
    ground = models.CharField(max_length=60, blank=True, default="")
    reason = SealedTextField()
    by_staff = models.ForeignKey("staydown_accounts.Staff", on_delete=models.PROTECT, null=True, related_name="+")
    by_label = models.CharField(max_length=80)
    at = models.DateTimeField()
    items = models.ManyToManyField("staydown_cases.Item", related_name="decisions")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="decision_declines_on_a_ground",
                condition=(Q(verdict="decline") & ~Q(ground=""))
                | Q(verdict__in=["remove", "disable"], ground="")
                | Q(verdict="restore"),  # under a law that lists grounds it names one of them
            ),
            models.CheckConstraint(name="decision_is_under_a_regime", condition=~Q(regime_id="")),
        ]

    def __str__(self) -> str:
        return f"decision {self.public_id}"


class Action(models.Model):
    """What the platform is asked to do with one item because of a decision, and its answer.

    ``cancelled``: a later decision or a withdrawal took the request back before it was answered.
    """

    class Kind(models.TextChoices):
        """What to do."""

        REMOVE = "remove", _("remove")
        DISABLE = "disable", _("disable")
        RESTORE = "restore", _("show again")

    class State(models.TextChoices):
        """How far it is."""

        ASKED = "asked", _("waiting for the platform")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("taken back")

    class Result(models.TextChoices):
        """What the platform answered."""

        REMOVED = "removed", _("removed")
        DISABLED = "disabled", _("disabled")
        RESTORED = "restored", _("shown again")
        NOT_FOUND = "not_found", _("it was gone already")
        FAILED = "failed", _("it could not be done")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    decision = models.ForeignKey("staydown_cases.Decision", on_delete=models.PROTECT, related_name="actions")
    item = models.ForeignKey("staydown_cases.Item", on_delete=models.PROTECT, related_name="actions")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.ASKED)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=12, choices=Result.choices, blank=True, default="")
    detail = SealedTextField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="action_answer_is_whole",
                condition=Q(state="asked", done_at__isnull=True, result="")
                | (Q(state="done", done_at__isnull=False) & ~Q(result__in=["", "failed"]))
                | Q(state="failed", done_at__isnull=False, result="failed")
                | Q(state="cancelled"),
            ),
            models.UniqueConstraint(name="action_asked_once_an_item", fields=["item"], condition=Q(state="asked")),
        ]
        indexes = [models.Index(name="action_by_state", fields=["state", "id"])]

    def __str__(self) -> str:
        return f"action {self.public_id}"
