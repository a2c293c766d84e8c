"""The decision form: what can be decided comes from the case's items, the grounds to decline from its laws alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import Any, Final

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from staydown.apps.cases.actions import NoticeForm
from staydown.apps.cases.actions.carrying_out import is_located
from staydown.apps.cases.intake import MOST_WORDS
from staydown.apps.cases.models import Decision, Item
from staydown.apps.console.casefile import ItemRow
from staydown.apps.console.folding import UP_TO, Folds
from staydown.apps.console.forms import RefusableForm
from staydown.core.law.schema import Regime

Verdict = Decision.Verdict
LABELS: Final = {
    Verdict.REMOVE: "Remove",
    Verdict.DECLINE: "Decline",
    Verdict.DISABLE: "Hide for now",
}
#: The fields that say what the uploaders are told.
NOTICE: Final = ("notice_facts", "notice_terms", "notice_send", "notice_not_before", "notice_because")
BETWEEN: Final = "/"  # no id of a regime or a ground holds one


def can_be_hidden(item: Item) -> bool:
    """Whether ``item`` is somewhere on the platform and still seen there. What has neither link nor id is nowhere."""
    return item.state == Item.State.OPEN and is_located(item)


class ItemsField(forms.MultipleChoiceField):
    """Boxes at rows. Takes what an older page of the same case offered too, as long as it still waits."""

    waits: Callable[[str], bool]

    def valid_value(self, value: Any) -> bool:
        """Whether ``value`` stands for items that wait."""
        return self.waits(str(value))


class DecisionForm(RefusableForm):
    """What is decided about which items, under which law, and why."""

    verdict = forms.ChoiceField(
        label="What do you decide?", widget=forms.RadioSelect, error_messages={"required": "Choose what you decide."}
    )
    items = ItemsField(
        label="About which items?",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one item."},
    )
    regime = forms.ChoiceField(label="Under which law?", widget=forms.RadioSelect, required=False)
    ground = forms.ChoiceField(label="On which ground do you decline?", widget=forms.RadioSelect, required=False)
    reason = forms.CharField(
        label="Why?",
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="In your own words: what you looked at, and why. Write nothing that identifies the reporter.",
        error_messages={"required": "Say why, in your own words."},
    )
    notice_facts = forms.CharField(
        label="What is the uploader told?",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Empty: a standard sentence. Never who reported it, when, or in which words.",
    )
    notice_terms = forms.CharField(
        label="If it rests on the platform’s own terms: which?",
        required=False,
        help_text="Empty: it rests on the law chosen above.",
    )
    notice_send = forms.ChoiceField(
        label="When is the uploader told?",
        choices=[("now", "With the decision"), ("later", "From a later day on"), ("never", "Not at all")],
        initial="now",
        required=False,
        widget=forms.RadioSelect,
    )
    notice_not_before = forms.DateField(
        label="From which day on?",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Give the day as year-month-day, such as 2027-03-31."},
    )
    notice_because = forms.CharField(
        label="Why not at once?",
        required=False,
        help_text="If telling the uploader would put somebody in danger. Only colleagues read it.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        rows: Sequence[ItemRow],
        folds: Folds,
        regimes: Sequence[Regime],
        **kwargs: Any,
    ) -> None:
        """``rows``: those of the case, with its ``folds``. ``regimes``: those that bind it, the most urgent first;
        it is the one chosen beforehand."""
        super().__init__(data, **kwargs)
        boxes = [row for row in rows if row.waits]
        self.waiting = [item for row in boxes for item in row.items]
        self._waiting = {str(item.public_id): item for item in self.waiting}
        self._folds = folds
        self.regimes = list(regimes)
        self._choices("verdict", [(verdict, LABELS[verdict]) for verdict in self._verdicts()])
        self._choices("items", [(row.value, row.item.get_kind_display()) for row in boxes])
        self.fields["items"].waits = self.waits  # type: ignore[attr-defined]
        self._choices("regime", [(regime.id, regime.short_name) for regime in self.regimes])
        self._choices(
            "ground",
            [
                (f"{regime.id}{BETWEEN}{ground.id}", ground.label)
                for regime in self.regimes
                for ground in regime.grounds
            ],
        )
        self.fields["items"].initial = [row.value for row in boxes]
        if self.regimes:
            self.fields["regime"].initial = self.regimes[0].id
        if self.initial.get("notice_send") == "":
            del self.initial["notice_send"]

    @staticmethod
    def typed(data: QueryDict) -> dict[str, Any]:
        """What somebody typed, as the initial values of a form that asks nothing of it yet."""
        return {
            "items": data.getlist("items"),
            **{name: data.get(name, "") for name in ("verdict", "regime", "ground", "reason", "seen")},
            **{name: data.get(name, "") for name in NOTICE},
        }

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _verdicts(self) -> list[Verdict]:
        """Remove always; decline where a law names a ground; hiding where something can be hidden."""
        found = [Verdict.REMOVE]
        if any(regime.grounds for regime in self.regimes):
            found.append(Verdict.DECLINE)
        if any(can_be_hidden(item) for item in self.waiting):
            found.append(Verdict.DISABLE)
        return found

    @property
    def hints(self) -> dict[str, str]:
        """The sentence under each verdict: what it is for."""
        return {
            Verdict.REMOVE: "The platform takes it down, and copies are blocked from now on.",
            Verdict.DECLINE: "It stays up. Only on a ground that the law lists.",
            Verdict.DISABLE: "The platform hides it until you decide for good. The clock runs on.",
        }

    @property
    def ground_groups(self) -> list[dict[str, Any]]:
        """The grounds to decline, law by law, each with its radio button."""
        widgets = iter(self["ground"])
        return [
            {
                "law": regime.short_name,
                "grounds": [
                    {"widget": next(widgets), "label": ground.label, "text": ground.text, "cite": ground.cite}
                    for ground in regime.grounds
                ],
            }
            for regime in self.regimes
            if regime.grounds
        ]

    def clean(self) -> dict[str, Any]:
        """The form's values, with the items as rows and the law as its id."""
        found = super().clean() or {}
        verdict = found.get("verdict")
        if verdict == Verdict.DECLINE and not found.get("ground"):
            self.add_error("ground", "Choose the ground on which you decline.")
        if verdict in {Verdict.REMOVE, Verdict.DISABLE} and not found.get("regime"):
            self.add_error("regime", "Choose the law under which you decide.")
        if verdict == Verdict.DISABLE and found.get("items") and not self.chosen:
            self.add_error("items", "None of these can be hidden. Tick a link or an upload that is still up.")
        return found

    @property
    def chosen(self) -> list[Item]:
        """The items that the decision is about: those ticked, and of them only what the verdict can be about."""
        found = self.ticked
        return [item for item in found if can_be_hidden(item)] if self.decided == Verdict.DISABLE else found

    @property
    def ticked(self) -> list[Item]:
        """The items at whose boxes a tick was set, those of a folded row each."""
        pks = {item.pk for value in self.cleaned_data.get("items", ()) for item in self._behind(value)}
        return [item for item in self.waiting if item.pk in pks]

    @property
    def notice(self) -> NoticeForm:
        """What the uploaders are told, and when."""
        given = self.cleaned_data
        day = given.get("notice_not_before")
        return NoticeForm(
            send=given["notice_send"] or "now",
            not_before=datetime.combine(day, time(), UTC) if day else None,
            because=given["notice_because"],
            facts=given["notice_facts"],
            terms=given["notice_terms"],
        )

    @property
    def notice_fields(self) -> list[BoundField]:
        """The fields that say what the uploaders are told, for the page that only carries them along."""
        return [self[name] for name in NOTICE]

    @property
    def notice_is_open(self) -> bool:
        """Whether something is said or wrong there, so that it must not be folded away."""
        return any(self[name].errors or self[name].value() not in {None, "", "now"} for name in NOTICE)

    def waits(self, value: str) -> bool:
        """Whether what a box sends still stands for items that wait."""
        return bool(self._behind(value))

    def _behind(self, value: str) -> list[Item]:
        """The items that wait and that a box of this ``value`` stands for."""
        if value.startswith(UP_TO):
            return [
                item for item in self._folds.up_to(value.removeprefix(UP_TO)) if str(item.public_id) in self._waiting
            ]
        return [self._waiting[value]] if value in self._waiting else []

    @property
    def decided(self) -> str:
        """What was decided; empty while the form is not valid."""
        return str(self.cleaned_data.get("verdict", ""))

    @property
    def law(self) -> tuple[str, str]:
        """The ids of the regime and of the ground. Only a decline has a ground, and it brings its own regime."""
        if self.decided == Verdict.DECLINE:
            regime, _, ground = self.cleaned_data["ground"].partition(BETWEEN)
            return regime, ground
        return self.cleaned_data["regime"], ""

    def regime_chosen(self) -> Regime:
        """The law under which it is decided."""
        return next(regime for regime in self.regimes if regime.id == self.law[0])
