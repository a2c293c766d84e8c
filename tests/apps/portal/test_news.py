"""Asking for e-mails on the status page, and stopping them."""

from __future__ import annotations

import pytest

from staydown.apps.cases.models import MailTo
from tests.factories import submitted

pytestmark = pytest.mark.django_db


def press(client, code, go, **given):
    return client.post("/status/", {"code": code, "go": go, **given}, headers={"Sec-Fetch-Site": "same-origin"})


def test_asked_for_and_stopped(client, settings):
    settings.STAYDOWN_MAIL = True
    code = submitted().code
    assert "Ask for e-mails" in press(client, code, "").content.decode()
    assert "E-mail address" in press(client, code, "news").content.decode()
    wrong = press(client, code, "news-now", address="nobody").content.decode()
    assert "such as name@example.org" in wrong
    assert "Stop the e-mails" in press(client, code, "news-now", address="a@mail.test").content.decode()
    assert MailTo.objects.get().address == "a@mail.test"
    assert "Ask for e-mails" in press(client, code, "no-news").content.decode()
    assert not MailTo.objects.exists()


def test_not_offered_while_mail_is_off(client):
    code = submitted().code
    assert "e-mail" not in press(client, code, "").content.decode()
    press(client, code, "news-now", address="a@mail.test")
    assert not MailTo.objects.exists()
