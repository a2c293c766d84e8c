"""The uploader's page: what was decided about something they uploaded, and asking that another person looks again.

By the code of their notice alone, which travels only inside forms. Nothing here tells of a report or a reporter.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from staydown.apps.cases import actions, appeals, statement
from staydown.apps.cases.access import notice_for_code
from staydown.apps.cases.models import UploaderNotice
from staydown.apps.portal.forms import Question, Receipt
from staydown.apps.portal.origin import own_pages_only
from staydown.core import receipt
from staydown.errors import CaseworkError, ReceiptError


class Code(Receipt):
    """The code of a notice, however it was typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = gettext_lazy("The code in the message that you were sent")
        field.error_messages["required"] = gettext_lazy("Type or paste the code.")


class Words(Question):
    """Why it should be looked at again."""

    words = forms.CharField(
        label=gettext_lazy("Why should another person look at this again?"),
        help_text=gettext_lazy(
            "For example: what it shows, and that everyone in it agrees. Please do not give other people’s names."
        ),
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 7, "dir": "auto"}),
        error_messages={"required": gettext_lazy("Write why it should be looked at again.")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@own_pages_only
def appeal(request: HttpRequest) -> HttpResponse:
    """Ask for the code; with it show the decision, and take the appeal."""
    if request.method != "POST":
        return render(request, "portal/appeal_code.html", {"form": Code()})
    form = Code(request.POST)
    if not form.is_valid():
        return render(request, "portal/appeal_code.html", {"form": form})
    try:
        notice = notice_for_code(form.cleaned_data["code"])
    except ReceiptError:
        form.add_error("code", _("We know no decision with this code. Check each letter and digit."))
        return render(request, "portal/appeal_code.html", {"form": form})
    code = receipt.parse(form.cleaned_data["code"])
    if request.POST.get("go") != "send":
        return _page(request, notice, code, Words())
    words = Words(request.POST)
    if not words.is_valid():
        return _page(request, notice, code, words)
    try:
        actions.appeal(notice, words=words.cleaned_data["words"])
    except CaseworkError as error:
        return _page(request, notice, code, words, trouble=error.message)
    return _page(request, notice, code, None, sent=True)


def _page(request: HttpRequest, notice: UploaderNotice, code: str, form: Words | None, **more: object) -> HttpResponse:
    """The decision, and where its appeal stands."""
    ends_at = appeals.ends_at(notice)
    said, language = statement.of_notice(notice, get_language() or "")
    context = {
        "code": code,
        "said": said,
        "spoken": language,
        "appeal": notice.appeal if hasattr(notice, "appeal") else None,
        "ends_at": ends_at,
        "is_over": ends_at is not None and timezone.now() > ends_at,
        "form": form,
        **more,
    }
    return render(request, "portal/appeal.html", context)
