"""Short e-mails that there is news, for whoever asked for them on the status page. They never say of what.

Read off the log by the worker, so nothing that happens to a report has to know of e-mail, and a crash forgets none.
A mail that was sent just before a crash may come twice; none is left out.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Max, Q
from django.template.loader import render_to_string
from django.utils import timezone, translation

from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import mentioning
from staydown.apps.cases.mail_models import MailTo
from staydown.apps.cases.models import Report
from staydown.apps.vault import erasing
from staydown.errors import InvalidError, StateError

log = logging.getLogger(__name__)

NEWS: Final = (
    "case.decided",
    "case.hidden_at_once",
    "case.minor_suspected",
    "case.unlocked",
    "action.answered",
    "appeal.decided",
    "report.asked",
)
PAUSE: Final = timedelta(minutes=15)  # between two mails about one report, and between two tries of one
LONGEST: Final = 254


@transaction.atomic
def ask_for_mail(report: Report, *, address: str, by: Actor) -> MailTo:
    """From now on, this address is told of news of ``report``.

    Raises `InvalidError` when it is none, `StateError` when the operator sends no mail or the report was taken back.
    """
    address = address.strip()
    if not settings.STAYDOWN_MAIL:
        raise StateError("This service sends no e-mail.")
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidError("address: write an e-mail address such as name@example.org.") from None
    if len(address) > LONGEST:
        raise InvalidError("address: this e-mail address is too long.")
    report = Report.objects.select_for_update().get(pk=report.pk)
    if report.withdrawn_at is not None:
        raise StateError("This report was taken back. There will be no news of it.")
    MailTo.objects.filter(report=report).delete()
    made = MailTo.objects.create(report=report, address=address, told_to=_newest(report))
    audit.record("report.mail_asked", by=by, about=report)
    erasing.leave_no_trace()
    return made


@transaction.atomic
def stop_mail(report: Report, *, by: Actor) -> bool:
    """Whether there was an address: it is forgotten."""
    stopped = bool(MailTo.objects.filter(report=report).delete()[0])
    if stopped:
        audit.record("report.mail_stopped", by=by, about=report)
        erasing.leave_no_trace()
    return stopped


def tick(*, by: Actor, now: datetime | None = None) -> int:
    """How many mails were sent: one to each address whose report has news that its owner was not told."""
    now = now or timezone.now()
    if not settings.STAYDOWN_MAIL:
        return 0
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - PAUSE)
    waiting = MailTo.objects.filter(free, report__withdrawn_at=None).select_related("report")
    return sum(_tell(mail, by, now) for mail in waiting.order_by("pk").iterator() if _has_news(mail))


def _has_news(mail: MailTo) -> bool:
    return mentioning(mail.report).filter(seq__gt=mail.told_to, verb__in=NEWS).exists()


def _newest(report: Report) -> int:
    return mentioning(report).aggregate(seq=Max("seq"))["seq"] or 0


def _tell(mail: MailTo, by: Actor, now: datetime) -> int:
    """Send one mail; 0 when another worker has taken it, or it could not be sent and is tried again later."""
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - PAUSE)
    if not MailTo.objects.filter(free, pk=mail.pk).update(claimed_at=now):
        return 0
    told_to = _newest(mail.report)
    try:
        _message(mail).send()
    except (SMTPException, OSError) as error:
        log.warning("A mail could not be sent and is tried again in %s: %s", PAUSE, type(error).__name__)
        return 0
    with transaction.atomic():
        MailTo.objects.filter(pk=mail.pk).update(told_to=told_to)
        audit.record("report.mailed", by=by, about=mail.report)
    return 1


def _message(mail: MailTo) -> EmailMessage:
    """The mail, in the language of the report. The subject is what a stranger may read over somebody's shoulder."""
    with translation.override(mail.report.language or settings.LANGUAGE_CODE):
        whole = render_to_string("cases/news.txt", {"page": f"{settings.STAYDOWN_ORIGIN}/status/"})
    subject, _, body = whole.partition("\n\n")
    return EmailMessage(
        subject.strip(), body, settings.STAYDOWN_MAIL_FROM, [mail.address], connection=get_connection(timeout=20)
    )
