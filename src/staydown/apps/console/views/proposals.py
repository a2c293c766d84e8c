"""What needs two people: the way back from a removal, the list of what is proposed, and answering it."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from staydown.apps.accounts.access import require_role, staff_actor
from staydown.apps.accounts.models import Role
from staydown.apps.banks.models import Proposal
from staydown.apps.banks.proposals import WAITING, proposal_for_staff, proposals_for_staff
from staydown.apps.cases import regimes
from staydown.apps.cases.access import case_for_staff
from staydown.apps.cases.actions import answer_proposal
from staydown.apps.cases.actions.proposing import needs_two, restore_or_propose
from staydown.apps.cases.actions.restoring import REMOVED
from staydown.apps.cases.intake import MOST_WORDS
from staydown.apps.cases.models import Case, Item
from staydown.apps.console import proposal_rows
from staydown.apps.console.decision_form import BETWEEN
from staydown.apps.console.doors import door
from staydown.apps.console.forms import RefusableForm
from staydown.errors import CaseworkError, GroundError, InvalidError

SHOWN: Final = 50


class RestoreForm(RefusableForm):
    """What is shown again, under which law and ground, and why."""

    items = forms.MultipleChoiceField(
        label="What is shown again?",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one item."},
    )
    ground = forms.ChoiceField(
        label="Under which law, and on which ground, may it be seen?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the law and the ground."},
    )
    reason = forms.CharField(
        label="Why?",
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say why, in your own words."},
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, case: Case, **kwargs: Any) -> None:
        super().__init__(data, initial={"version": case.version}, **kwargs)
        self.removed = {str(item.public_id): item for item in case.items.filter(state__in=REMOVED)}
        self._choices("items", [(key, str(item.pk)) for key, item in self.removed.items()])
        laws = regimes.pinned(case)
        grounds = [
            (f"{law.id}{BETWEEN}{each.id}", f"{law.short_name}: {each.label}") for law in laws for each in law.grounds
        ]
        self._choices("ground", grounds + [(f"{law.id}{BETWEEN}", law.short_name) for law in laws if not law.grounds])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> list[Item]:
        """The items that are ticked."""
        return [self.removed[key] for key in self.cleaned_data["items"]]


@door("restore", "GET", "HEAD", "POST")
def restore(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The way back from a removal. Where copies are blocked and policy asks for two people, it becomes a proposal."""
    staff = require_role(request.user)
    case = case_for_staff(staff, public_id)
    form = RestoreForm(request.POST if request.method == "POST" else None, case=case)
    if request.method != "POST":
        return _restore_page(request, case, form)
    if not form.is_valid():
        return _restore_page(request, case, form, status=422)
    regime, _, ground = form.cleaned_data["ground"].partition(BETWEEN)
    try:
        made = restore_or_propose(
            case,
            items=form.chosen,
            regime_id=regime,
            ground=ground,
            reason=form.cleaned_data["reason"],
            version=form.cleaned_data["version"],
            staff=staff,
            by=staff_actor(staff),
        )
    except (InvalidError, GroundError) as error:
        form.refused(error)
        return _restore_page(request, case, form, status=422)
    except CaseworkError as error:
        return _restore_page(request, case, form, trouble=error.message, status=409)
    if isinstance(made, Proposal):
        messages.success(request, "It is proposed. It happens once a lead has approved it.")
        return redirect("console:proposals")
    messages.success(request, f"Case {case.number}: the platform is asked to show it again.")
    return redirect("console:case", public_id)


def _restore_page(
    request: HttpRequest, case: Case, form: RestoreForm, *, trouble: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "case": case,
        "form": form,
        "trouble": trouble,
        "two": needs_two(list(form.removed.values())),
        "menu": "queue",
    }
    return render(request, "console/restore.html", context, status=status)


@door("proposals")
def index(request: HttpRequest) -> HttpResponse:
    """What waits for a second person, and what became of the rest."""
    staff = require_role(request.user)
    found = proposals_for_staff(staff)
    context = {
        "rows": proposal_rows.rows(found.filter(state__in=WAITING).order_by("pk"), staff),
        "closed": found.exclude(state__in=WAITING).order_by("-pk")[:SHOWN],
        "are_own": staff.role == Role.ADMIN,
        "menu": "proposals",
    }
    return render(request, "console/proposals.html", context)


@door("proposal", "POST")
def answer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Approves, rejects or voids one."""
    staff = require_role(request.user)
    proposal = proposal_for_staff(staff, public_id)
    try:
        done = answer_proposal(
            proposal, wanted(request), because=request.POST.get("because", ""), staff=staff, by=staff_actor(staff)
        )
    except CaseworkError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"The proposal is {done.get_state_display()}.")
    return redirect("console:proposals")


def wanted(request: HttpRequest) -> str:
    """Which answer the button gives; raises `InvalidError` for none."""
    given = request.POST.get("do", "")
    if given not in {"approved", "rejected", "void"}:
        raise InvalidError("Choose whether to approve, reject or void it.")
    return given
