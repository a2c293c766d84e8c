"""Every page of the portal as it is answered, in one language: what a test of all of them looks at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.test import Client, RequestFactory, override_settings
from django.views import defaults

from staydown.apps.accounts.models import Staff
from staydown.apps.cases import actions
from staydown.apps.cases.actions import asking
from staydown.apps.cases.models import Report, UploaderNotice
from staydown.apps.cases.notice_codes import code_of
from staydown.apps.portal.urls import urlpatterns
from tests import factories as make
from tests.apps.portal.walking import Walk

#: The addresses of the URL configuration that answer with a page. ``leave`` leads away at once.
ADDRESSES = [str(pattern.pattern) for pattern in urlpatterns if pattern.name != "leave"]

#: What others are made of, and what only wraps them.
NO_PAGES = ("parts/", "base.html", "appeal_base.html", "question.html")


@dataclass(frozen=True)
class Shown:
    """One page: the template that it is, where it stood, and its source."""

    template: str
    address: str
    html: str

    @property
    def heading(self) -> str:
        """What its h1 says."""
        found = re.search(r"<h1.*?>(.*?)</h1>", self.html, re.DOTALL)
        return re.sub(r"<.*?>|\s+", " ", found[1]).strip() if found else ""


class Reader(Client):
    """Keeps each page that it was answered with."""

    shown: list[Shown]

    def request(self, **environ: object) -> object:
        """The answer, kept."""
        answer = super().request(**environ)
        self.shown = [*getattr(self, "shown", []), *_pages([answer])]
        return answer


def templates() -> set[str]:
    """Every template that is a page of the portal."""
    folder = Path(apps.get_app_config("staydown_portal").path) / "templates"
    found = {str(path.relative_to(folder)) for path in folder.rglob("*.html")}
    return {name for name in found if not any(part in name for part in NO_PAGES)}


def shown(language: str, staff: Staff) -> list[Shown]:
    """Every page in this language, one for each template and heading."""
    with override_settings(STAYDOWN_MAIL=True, STAYDOWN_REGIMES=["uk-osa-10-3A", "us-tida-3", "eu-dsa-16"]):
        reader = Reader(raise_request_exception=False)
        prefix = f"/{language}/" if language else "/"
        for path in ADDRESSES:
            reader.get(prefix + path)
        _reports(reader, language)
        _own(reader, prefix, staff)
        _appeals(reader, prefix)
        _faults(reader, prefix, language)
    return list({(page.template, page.heading): page for page in reader.shown}.values())


def _reports(reader: Reader, language: str) -> None:
    """Every question, an unanswered one, an organisation, a minor."""
    Walk(reader, language).answer()
    Walk(reader, language).sent()
    Walk(reader, language).to("happened", who={"role": "trusted_flagger"})
    Walk(reader, language).answer(minor="yes")
    Walk(reader, language).post(draft="x", step="age")


def _own(reader: Reader, prefix: str, staff: Staff) -> None:
    """What the code opens: a report that lacks something, was asked, and was declined in part."""
    sent = make.submitted(signature="", pictures=(1, 2), links=2)
    asking.ask_reporter(sent.report, staff, text="Which of them is you?")
    one, *_ = sent.report.items.all()

    def press(go: str = "", **more: str) -> None:
        reader.post(f"{prefix}status/", {"code": sent.code, "go": go, **more})

    press()
    for go in ("add", "complete", "delete", "news", "withdraw", f"item:{one.public_id}"):
        press(go)
    press("add-now", links="no link")
    make.decided(sent.case, staff, "decline")
    press("ask-again")
    press("ask-again-now", words="It is me.")
    other = make.submitted(pictures=(5,))
    reader.post(f"{prefix}status/", {"code": other.code, "go": "withdraw-now"})
    reader.post(f"{prefix}status/", {"code": "wrong"})
    assert Report.objects.count() > 2


def _appeals(reader: Reader, prefix: str) -> None:
    """The uploader's side: a wrong code, the decision, the appeal."""
    sent = make.submitted(pictures=(), links=1)
    person = Staff.objects.earliest("pk")
    make.decided(sent.case, person)
    notice = actions.hand_over(UploaderNotice.objects.get(action__item__case=sent.case), by=make.PLATFORM)
    code = code_of(notice)
    reader.post(f"{prefix}appeal/", {"code": "wrong"})
    reader.post(f"{prefix}appeal/", {"code": code})
    reader.post(f"{prefix}appeal/", {"code": code, "go": "send", "words": "That is my cat."})


def _faults(reader: Reader, prefix: str, language: str) -> None:
    """The pages that nobody wants to see."""
    from django.utils import translation

    reader.get(f"{prefix}no/such/page/")
    reader.post(f"{prefix}report/", {}, headers={"origin": "https://elsewhere.test"})
    with translation.override(language or "en"):
        request = RequestFactory().get(prefix)
        for number, view in (("403", defaults.permission_denied), ("400", defaults.bad_request)):
            reader.shown.append(Shown(f"{number}.html", prefix, view(request, Exception()).content.decode()))
        reader.shown.append(Shown("500.html", prefix, defaults.server_error(request).content.decode()))


def _pages(answers: Iterable[object]) -> list[Shown]:
    """The answers that are pages of the portal. The first template of an answer is the page."""
    known, found = templates(), []
    for answer in answers:
        names = [each.name for each in getattr(answer, "templates", []) if each.name in known]
        if names:
            found.append(Shown(names[0], answer.wsgi_request.path, answer.content.decode()))
    return found
