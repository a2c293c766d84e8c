"""How sources stand, for people and monitors: what each does, why it stands still, what went wrong in plain words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from staydown.apps.sharing.source_models import Source
from staydown.errors import StaydownError

SILENT: Final = timedelta(hours=24)  # not read to its end for so long: somebody should look


class Standing(TextChoices):
    """What a source does now, the worst first."""

    ASKS = "asks", _("asks you")
    FAILS = "fails", _("cannot be read")
    SILENT = "silent", _("not read to its end for a day")
    PAUSED = "paused", _("paused")
    READING = "reading", _("being read")
    FOLLOWED = "followed", _("followed")


def sources() -> list[Source]:
    """Those that were not removed, by name."""
    return list(Source.objects.filter(removed_at=None).select_related("bank").order_by("name"))


def of(source: Source, now: datetime) -> Standing:
    """What this source does."""
    if source.question:
        return Standing.ASKS
    if not source.enabled:
        return Standing.PAUSED
    if source.last_error:
        return Standing.FAILS
    if now - (source.caught_up_at or source.added_at) > SILENT:
        return Standing.SILENT
    return Standing.READING if source.caught_up_at is None or is_read(source, now) else Standing.FOLLOWED


def is_read(source: Source, now: datetime) -> bool:
    """Whether records of it are read now. Who listens to it holds it too, and reads none."""
    return source.leased_until is not None and source.leased_until > now and source.read > 0


def lag(source: Source, now: datetime) -> timedelta:
    """How long ago it was last read to its end, or added if it never was."""
    return now - (source.caught_up_at or source.added_at)


def asked(source: Source) -> tuple[str, str, str]:
    """What it asks, and what yes and no mean. Empty when it asks nothing."""
    count, name = f"{source.asked_count:,}", source.name
    Question = Source.Question  # noqa: N806 - a class
    if source.question == Question.GROWTH:
        says = f"{name} would bring {count} records within a day, and may bring {source.most_growth:,}. "
        says += "Is that what you expect? The first reading of a list may well be so large."
        return says, "Yes, bring them", "No, pause it"
    if source.question == Question.SHRUNK:
        says = f"{name} would take back {count} records within a day. "
        says += "Ask its people before you say yes: what is taken back matches no more."
        return says, "Yes, take them out", "No, pause it"
    if source.question == Question.BACK:
        says = f"{name} went back behind the place that we had reached: it may have been restored from an older copy. "
        says += "Nothing here was changed. Ask its people."
        return says, "Read it again from its start", "Pause it"
    return "", "", ""


def words(code: str) -> str:
    """The sentence of an error code; the code itself, spaced, where there is none of that code any more."""
    waiting: list[type[StaydownError]] = [StaydownError]
    while waiting:
        error = waiting.pop()
        if error.code == code and error.__doc__:
            return error.__doc__.strip()
        waiting += error.__subclasses__()
    return code.replace("_", " ")


def error_of(source: Source) -> str:
    """What went wrong last, in plain words; empty when nothing did."""
    return words(source.last_error) if source.last_error else ""
