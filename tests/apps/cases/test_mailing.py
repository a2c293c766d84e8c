"""E-mails that there is news: asked for, short, saying nothing, each once, and never in the way of the work."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from smtplib import SMTPException

import pytest
from django.apps import apps
from django.core import mail
from django.utils import timezone

from staydown.apps.audit.actor import Actor
from staydown.apps.audit.querysets import history
from staydown.apps.cases import actions
from staydown.apps.cases.actions import mailing
from staydown.apps.cases.models import Action, MailTo, Report
from staydown.apps.cases.timeline import timeline
from staydown.errors import InvalidError, StateError
from tests.factories import PLATFORM, decided, submitted

pytestmark = pytest.mark.django_db
ADDRESS = "amara.canary@mail.test"
SYSTEM = Actor.system()


@pytest.fixture(autouse=True)
def mail_is_on(settings):
    settings.STAYDOWN_MAIL, settings.STAYDOWN_MAIL_FROM = True, "post@service.test"


@pytest.fixture
def asked():
    """A report whose owner asked for mail."""
    report = submitted().report
    mailing.ask_for_mail(report, address=ADDRESS, by=Actor.reporter(report.public_id))
    return report


def later(minutes: int):
    return timezone.now() + timedelta(minutes=minutes)


def test_news_come_once_and_say_nothing_of_what_it_is_about(asked, bea):
    assert mailing.tick(by=SYSTEM) == 0
    decided(asked.case, bea)
    assert mailing.tick(by=SYSTEM) == 1
    assert mailing.tick(by=SYSTEM, now=later(60)) == 0
    (sent,) = mail.outbox
    assert (sent.to, sent.from_email, sent.subject) == ([ADDRESS], "post@service.test", "There is news")
    assert "/status/" in sent.body
    said = (sent.subject + sent.body).lower()
    for word in ("report", "picture", "intimate", "staydown", "takedown", "remove", asked.reference.lower()):
        assert word not in said
    assert "We sent an e-mail that there is news." in [str(line.text) for line in timeline(asked)]
    assert ADDRESS not in str([(line.facts, line.about, line.actor_label) for line in history(asked)])


def test_several_news_are_one_mail_and_later_ones_another(asked, bea):
    decided(asked.case, bea)
    for wanted in Action.objects.filter(item__report=asked):
        actions.record_outcome(wanted, result="failed", detail="", by=PLATFORM)
    assert mailing.tick(by=SYSTEM) == 1
    for wanted in Action.objects.filter(item__report=asked):
        actions.record_outcome(wanted, result="removed", detail="", by=PLATFORM)
    assert mailing.tick(by=SYSTEM, now=later(5)) == 0  # not twice within minutes
    assert mailing.tick(by=SYSTEM, now=later(20)) == 1


def test_what_the_reporter_does_is_no_news(asked):
    actions.first_visit(asked, by=Actor.reporter(asked.public_id))
    assert mailing.tick(by=SYSTEM) == 0


def test_a_mail_that_cannot_be_sent_is_tried_again(asked, bea, monkeypatch):
    decided(asked.case, bea)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", _refused)
        assert mailing.tick(by=SYSTEM) == 0
    assert mailing.tick(by=SYSTEM) == 0  # another worker would not try at once either
    assert mailing.tick(by=SYSTEM, now=later(16)) == 1


def _refused(*args, **kwargs):
    raise SMTPException("nobody here")


def test_in_the_language_of_the_report(asked, bea):
    Report.objects.filter(pk=asked.pk).update(language="xx-nonsense")
    decided(asked.case, bea)
    assert mailing.tick(by=SYSTEM) == 1  # a language that is not there is no reason to say nothing


def test_it_stops_and_the_address_is_gone(asked, bea):
    assert mailing.stop_mail(asked, by=Actor.reporter(asked.public_id)) is True
    assert mailing.stop_mail(asked, by=Actor.reporter(asked.public_id)) is False
    decided(asked.case, bea)
    assert mailing.tick(by=SYSTEM) == 0
    assert not MailTo.objects.exists()


def test_whoever_takes_the_report_back_gets_no_mail_and_the_address_is_gone(asked):
    actions.withdraw_report(asked, by=Actor.reporter(asked.public_id))
    assert not MailTo.objects.exists()
    with pytest.raises(StateError):
        mailing.ask_for_mail(asked, address=ADDRESS, by=SYSTEM)


@pytest.mark.parametrize(
    "address", ["", "no address", "a@b", f"{'a' * 250}@mail.test", "a@mail.test\nBcc: b@mail.test"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidError):
        mailing.ask_for_mail(submitted().report, address=address, by=SYSTEM)


def test_nothing_is_sent_or_kept_while_mail_is_off(asked, bea, settings):
    settings.STAYDOWN_MAIL = False
    decided(asked.case, bea)
    assert mailing.tick(by=SYSTEM) == 0
    with pytest.raises(StateError):
        mailing.ask_for_mail(asked, address=ADDRESS, by=SYSTEM)


#: Every template that is sent as a mail, and the line of the log that says so. Another one is another row here.
MAILS = {"cases/news.txt": "report.mailed"}
NO_MAILS = {"portal/receipt.txt"}  # a file that a reporter saves


def test_every_template_of_a_mail_is_a_line_on_the_timeline(asked, bea):
    folder = Path(apps.get_app_config("staydown_cases").path).parents[1]
    found = {str(path.relative_to(root)) for root in folder.rglob("templates") for path in root.rglob("*.txt")}
    assert found - NO_MAILS == set(MAILS)
    modules = {path for path in folder.rglob("*.py") if re.search(r"EmailM|send_mail|mail_managers", path.read_text())}
    assert {path.name for path in modules} == {"mailing.py"}  # one place sends, and it writes the line
    decided(asked.case, bea)
    mailing.tick(by=SYSTEM)
    assert {line.verb for line in timeline(asked)} & set(MAILS.values()) == set(MAILS.values())


def test_the_whole_way_of_a_report_works_with_mail_switched_off(bea, settings):
    settings.STAYDOWN_MAIL, settings.EMAIL_BACKEND = False, "nowhere.at.all"
    report = submitted().report
    decided(report.case, bea)
    for wanted in Action.objects.filter(item__report=report):
        actions.record_outcome(wanted, result="removed", detail="", by=PLATFORM)
    assert mailing.tick(by=SYSTEM) == 0
    assert {"case.decided", "action.answered"} <= {line.verb for line in timeline(report)}
