"""The form for an order that was served. It checks the shape; the action decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.utils import timezone

from staydown.apps.cases.actions import OrderGiven
from staydown.apps.cases.intake import MOST_LINE, MOST_WORDS
from staydown.apps.console.forms import RefusableForm
from staydown.core.law.schema import Regime

MOMENT = "%Y-%m-%dT%H:%M"


def _moment(label: str, help_text: str, **options: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(format=MOMENT, attrs={"type": "datetime-local"})
    formats = [MOMENT, "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
    return forms.DateTimeField(label=label, help_text=help_text, widget=widget, input_formats=formats, **options)


class OrderForm(RefusableForm):
    """What an authority or a tribunal demands, and since when."""

    id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    regime = forms.ChoiceField(
        label="Under which law was it served?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the law under which it was served."},
    )
    authority = forms.CharField(
        label="Who issued it?",
        max_length=MOST_LINE,
        help_text="The authority, court or tribunal, as it names itself.",
        error_messages={"required": "Say who issued it."},
    )
    reference = forms.CharField(
        label="Its number",
        max_length=MOST_LINE,
        help_text="As it stands on the order, so that it can be found again.",
        error_messages={"required": "Give its number or another reference."},
    )
    served_at = _moment(
        "When was it served?",
        "In UTC. The clock counts from this moment, not from when you enter it.",
        error_messages={"required": "Say when it was served.", "invalid": "Give a day and a time."},
    )
    due_at = _moment(
        "Until when, if the order itself says so?",
        "In UTC. Leave it empty where the law sets the time.",
        required=False,
        error_messages={"invalid": "Give a day and a time, or nothing."},
    )
    links = forms.CharField(
        label="Which addresses does it name?",
        help_text="One in each line. They are never opened from here.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "dir": "ltr"}),
        error_messages={"required": "Give at least one address."},
    )
    words = forms.CharField(
        label="What does it demand?",
        max_length=MOST_WORDS,
        required=False,
        help_text="In a sentence or two. Nothing about the person shown that the work does not need.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any = None, *, laws: Sequence[Regime], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["regime"].choices = [(law.id, law.short_name) for law in laws]  # type: ignore[attr-defined]
        self.hints = {law.id: _hint(law) for law in laws}
        self.fields["served_at"].widget.attrs["max"] = timezone.now().strftime(MOMENT)

    def given(self) -> OrderGiven:
        """The order of a valid form."""
        found = self.cleaned_data
        return OrderGiven(
            id=found["id"],
            regime_id=found["regime"],
            authority=found["authority"],
            reference=found["reference"],
            served_at=found["served_at"],
            due_at=found["due_at"],
            links=[line.strip() for line in found["links"].splitlines() if line.strip()],
            words=found["words"],
        )


def _hint(law: Regime) -> str:
    """How long this law gives, in words."""
    clock = next((clock for clock in law.clocks if clock.hours is not None), None)
    if clock is None:
        return f"{law.jurisdiction}. The order itself says how long."
    own = ", or longer where the order says so" if clock.set_by_order else ""
    return f"{law.jurisdiction}. {clock.hours} hours{own}."
