"""What may be read of the log."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from django.db import models

from staydown.apps.audit.facts import REASON, reference
from staydown.apps.audit.models import Checkpoint, Head, Line, Mention
from staydown.core import audit
from staydown.core.merkle import Frontier

CHUNK = 1000


def mentioning(about: models.Model | str) -> models.QuerySet[Line]:
    """Every line about this, or about something else where this stands in ``also``; the oldest first."""
    mentioned = Mention.objects.filter(ref=reference(about)).values("line_id")
    return Line.objects.filter(pk__in=mentioned).order_by("seq")


def history(about: models.Model | str) -> list[Line]:
    """Every line about this, or about something else where this stands in ``also``; the oldest first.

    For things whose history is short by nature; `newest_of` is for those that uploads can make long.
    """
    return list(_about(about).order_by("seq"))


def newest_of(about: models.Model | str, most: int, *, wave: str = "") -> tuple[list[Line], bool]:
    """At most ``most`` newest lines about this, the oldest of them first, and whether there are older ones.

    Lines of the verb ``wave`` are counted apart, so that a wave of them hides no other.
    """
    rest = list(_about(about).exclude(verb=wave).order_by("-seq")[: most + 1])
    waves = list(_about(about).filter(verb=wave).order_by("-seq")[:most]) if wave else []
    return sorted([*rest[:most], *waves], key=lambda line: line.seq), len(rest) > most


def was_done(verb: str, about: models.Model | str, *, by: str, since: datetime) -> bool:
    """Whether this actor did this since then, as the log has it."""
    return _about(about).filter(verb=verb, actor_id=by, at__gt=since).exists()


def _about(about: models.Model | str) -> models.QuerySet[Line]:
    return Line.objects.filter(pk__in=Mention.objects.filter(ref=reference(about)).values("line_id"))


def recent(limit: int = 100, before: int | None = None) -> list[Line]:
    """The newest lines, the newest first; ``before`` is the seq to go on from."""
    found = Line.objects.order_by("-seq")
    return list((found.filter(seq__lt=before) if before else found)[:limit])


def with_reason(first: int, last: int) -> models.QuerySet[Line]:
    """The lines from ``first`` to ``last`` that hold a reason in somebody's own words which is not erased yet.

    A source that blocks nothing has an empty one, which is none.
    """
    found = Line.objects.filter(seq__gte=first, seq__lte=last, facts__has_key=REASON)
    return found.exclude(**{f"facts__{REASON}": ""}).order_by("seq")


def of_verbs(
    verbs: Collection[str], upto: int, *, since: datetime | None = None, before: datetime | None = None
) -> models.QuerySet[Line]:
    """The lines of these verbs among the first ``upto`` of the log, from ``since`` and ``before``, in their order.

    There may be many: stream them with ``iterator(chunk_size=CHUNK)``.
    """
    found = Line.objects.filter(verb__in=verbs, seq__lte=upto).order_by("seq")
    if since is not None:
        found = found.filter(at__gte=since)
    return found if before is None else found.filter(at__lt=before)


def began_at() -> datetime | None:
    """When the first line was written; None while there is none."""
    return Line.objects.order_by("seq").values_list("at", flat=True).first()


def frontier() -> Frontier:
    """The log as one tree, as its head says it is."""
    head = Head.objects.filter(pk=1).first()
    return Frontier.from_bytes(bytes(head.frontier)) if head else Frontier()


def latest_checkpoint() -> Checkpoint | None:
    """The newest checkpoint that was signed and kept."""
    return Checkpoint.objects.order_by("-size").first()


def log_line(line: Line) -> audit.LogLine:
    """A row as core verifies it."""
    leaf, root = bytes(line.leaf), bytes(line.root)
    if line.row_key is None:
        return audit.LogLine(line.seq, leaf, root)
    return audit.LogLine(line.seq, leaf, root, payload(line), bytes(line.row_key))


def payload(line: Line) -> audit.Payload:
    """What a row says, as it is committed to."""
    return audit.payload(
        seq=line.seq,
        at=line.at,
        verb=line.verb,
        actor_kind=line.actor_kind,
        actor_id=line.actor_id,
        actor_label=line.actor_label,
        about=line.about,
        also=line.also,
        facts=line.facts,
    )


def lines(upto: int) -> Iterator[Line]:
    """The first lines of the log in their order, with their mentions, streamed."""
    found = Line.objects.filter(seq__lte=upto).order_by("seq").prefetch_related("mentions")
    return found.iterator(chunk_size=CHUNK)
