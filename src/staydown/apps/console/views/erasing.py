"""The order that words of a closed case are erased before their time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from staydown.apps.accounts.access import require_role, staff_actor
from staydown.apps.banks.models import Proposal
from staydown.apps.banks.proposals import Kind, needs_two
from staydown.apps.cases.access import case_for_staff
from staydown.apps.cases.actions.ordering_erasure import erase_or_propose, kept_until
from staydown.apps.cases.intake import MOST_WORDS
from staydown.apps.cases.models import Case
from staydown.apps.console.doors import door
from staydown.apps.console.forms import RefusableForm
from staydown.apps.console.history import ARTEFACTS
from staydown.errors import CaseworkError, InvalidError


class EraseForm(RefusableForm):
    """What is erased, and why."""

    artefacts = forms.MultipleChoiceField(
        label="What is erased?",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick what is to be erased."},
    )
    reason = forms.CharField(
        label="Why, before its time?",
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Colleagues read it. Name no person.",
        error_messages={"required": "Say why, in your own words."},
    )

    def __init__(self, data: Any = None, *, case: Case, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        until = kept_until(case, timezone.now().date())
        self.kept = [(ARTEFACTS[each], day) for each, day in until.items() if day]
        self.free = [(each, ARTEFACTS[each].capitalize()) for each, day in until.items() if not day]
        self.fields["artefacts"].choices = self.free  # type: ignore[attr-defined]


@door("erase", "GET", "HEAD", "POST")
def erase(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Asks what and why. Where policy asks for two people, it becomes a proposal."""
    staff = require_role(request.user)
    case = case_for_staff(staff, public_id)
    form = EraseForm(request.POST if request.method == "POST" else None, case=case)
    if request.method != "POST":
        return _page(request, case, form)
    if not form.is_valid():
        return _page(request, case, form, status=422)
    given = form.cleaned_data
    try:
        made = erase_or_propose(case, given["artefacts"], reason=given["reason"], staff=staff, by=staff_actor(staff))
    except InvalidError as error:
        form.refused(error)
        return _page(request, case, form, status=422)
    except CaseworkError as error:
        return _page(request, case, form, trouble=error.message, status=409)
    if isinstance(made, Proposal):
        messages.success(request, "It is proposed. It happens once another person, a lead, has approved it.")
        return redirect("console:proposals")
    messages.success(request, f"Case {case.number}: it is erased.")
    return redirect("console:case", public_id)


def _page(request: HttpRequest, case: Case, form: EraseForm, *, trouble: str = "", status: int = 200) -> HttpResponse:
    context = {
        "case": case,
        "form": form,
        "trouble": trouble,
        "is_closed": case.state in {Case.State.DONE, Case.State.WITHDRAWN},
        "two": needs_two(Kind.ERASE),
        "menu": "queue",
    }
    return render(request, "console/erase.html", context, status=status)
