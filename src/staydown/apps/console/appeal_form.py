"""The form that answers an appeal: what it can say comes from the decision appealed against and its law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from staydown.apps.cases import appeals
from staydown.apps.cases.actions.appealing import TAKES_DOWN
from staydown.apps.cases.intake import MOST_WORDS
from staydown.apps.cases.models import Appeal, Item
from staydown.apps.console.forms import RefusableForm
from staydown.core.law.schema import Regime

State = Appeal.State

STAYS: Final = "Nothing changes. Whoever appealed reads your answer."
SHOWN_AGAIN: Final = (
    "The platform is asked to show again what you tick. The entries of ticked pictures are reversed everywhere, unless "
    "another report still wants them: their copies pass, and their hashes are erased."
)
TAKEN_DOWN: Final = (
    "The platform is asked to take down what was declined. Hashes that were erased with the decline cannot be blocked "
    "again: for those the reporter would have to choose the picture once more."
)


class AppealForm(RefusableForm):
    """Whether the decision stays, and why."""

    outcome = forms.ChoiceField(
        label="What do you find?",
        choices=[(State.UPHELD, "The decision stays"), (State.REVERSED, "The decision is reversed")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whether the decision stays."},
    )
    items = forms.MultipleChoiceField(label="What is shown again?", widget=forms.CheckboxSelectMultiple, required=False)
    ground = forms.ChoiceField(
        label="On which ground of the law may it be seen?", widget=forms.RadioSelect, required=False
    )
    reason = forms.CharField(
        label="Why?",
        help_text="For colleagues and the history.",
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say why, in your own words."},
    )
    answer = forms.CharField(
        label="What do you tell whoever appealed?",
        help_text="They read this on their page. Write nothing that identifies anybody else.",
        required=False,
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any = None, *, asked: Appeal, regime: Regime, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.is_removal = asked.decision.verdict in TAKES_DOWN
        self._items = {str(item.public_id): item for item in appeals.reversible_with(asked)}
        belonging = appeals.belonging(asked)
        self._choices("items", [(key, item.get_kind_display()) for key, item in self._items.items()])
        self.fields["items"].initial = [key for key, item in self._items.items() if item.pk in belonging]
        self._choices("ground", [(ground.id, ground.label) for ground in regime.grounds])
        self.asks_ground = self.is_removal and bool(regime.grounds)
        if not self.is_removal:
            del self.fields["items"]
        if not self.asks_ground:
            del self.fields["ground"]

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def hints(self) -> dict[str, str]:
        """The sentence under each outcome: what happens then."""
        return {State.UPHELD: STAYS, State.REVERSED: SHOWN_AGAIN if self.is_removal else TAKEN_DOWN}

    def clean(self) -> dict[str, Any]:
        """The values, with what a reversal needs."""
        found = super().clean() or {}
        if found.get("outcome") == State.REVERSED:
            if self.asks_ground and not found.get("ground"):
                self.add_error("ground", "Choose the ground of the law on which it may be seen.")
            if self.is_removal and not found.get("items"):
                self.add_error("items", "Tick at least what was appealed about.")
        return found

    @property
    def chosen(self) -> Sequence[Item] | None:
        """The items to be shown again; None where that is no question."""
        if not self.is_removal:
            return None
        return [self._items[key] for key in self.cleaned_data["items"]]
