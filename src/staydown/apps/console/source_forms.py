"""The forms of a source: what its kind asks for, and the policy."""

from __future__ import annotations

from typing import Any, Self

from django import forms

from staydown.apps.banks.models import Bank
from staydown.apps.console.forms import RefusableForm
from staydown.apps.sharing import sources
from staydown.apps.sharing.source_models import Source
from staydown.core.bank import Action
from staydown.core.hashing.algorithm import USUAL_RADIUS, WIDEST_PDQ
from staydown.exchange.kinds import KINDS
from staydown.exchange.source import Kind

ASKED = "asked_"  # what stands before the name of a field that a kind asks for


class PolicyForm(RefusableForm):
    """What becomes of what a source brings."""

    bank = forms.ChoiceField(
        label="Bank", help_text="Where its entries go.", error_messages={"required": "Choose the bank."}
    )
    action = forms.ChoiceField(
        label="What a match means, once an entry is confirmed",
        choices=[(Action.BLOCK.value, "block the upload"), (Action.REVIEW.value, "ask a person")],
        widget=forms.RadioSelect,
        initial=Action.BLOCK.value,
        error_messages={"required": "Choose what a match means."},
    )
    radius = forms.IntegerField(
        label="Radius, in bits",
        min_value=0,
        max_value=WIDEST_PDQ,
        initial=USUAL_RADIUS,
        help_text=f"How near an upload must be. {USUAL_RADIUS} is usual; 0 finds equal hashes only.",
        error_messages={"required": "Give the radius."},
    )
    enforced_because = forms.CharField(
        label="Why may it block without a person here?",
        required=False,
        max_length=sources.LONGEST_REASON,
        help_text="Left empty, its entries wait: a match asks a person. With a reason, such as an agreement with the "
        "source, they block at once. The reason is kept in the log: name no person.",
    )
    most_growth = forms.IntegerField(
        label="Most new records in a day",
        min_value=1,
        max_value=sources.MOST_GROWTH,
        initial=sources.USUAL_GROWTH,
        help_text="If it brings more, it stops and asks you.",
        error_messages={"required": "Give how many it may bring in a day."},
    )
    tells = forms.BooleanField(
        label="Tell it what moderators decide about its matches",
        required=False,
        help_text="It hears “confirmed” or “disputed” and the hash that it gave us. Nothing of the upload or the case.",
    )

    def __init__(self, *args: Any, source: Source | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = list(Bank.objects.order_by("name").values_list("name", flat=True))
        self.fields["bank"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        self.kind = KINDS.get(source.kind) if source else None
        if self.kind is not None and not self.kind.listens:
            del self.fields["tells"]

    @classmethod
    def of(cls, source: Source) -> Self:
        """The form, filled with the policy as it is."""
        policy = sources.policy_of(source)
        given = {name: getattr(policy, name) for name in ("radius", "enforced_because", "most_growth", "tells")}
        return cls(initial={**given, "bank": policy.bank.name, "action": policy.action.value}, source=source)

    def policy(self) -> sources.Policy:
        """What was given."""
        given = self.cleaned_data
        return sources.Policy(
            bank=Bank.objects.get(name=given["bank"]),
            radius=given["radius"],
            action=Action(given["action"]),
            enforced_because=given["enforced_because"],
            most_growth=given["most_growth"],
            tells=given.get("tells", False),
        )


class NewSourceForm(PolicyForm):
    """A new source of a kind."""

    name = forms.CharField(
        label="Name",
        max_length=64,
        help_text="Small letters, digits and hyphens, such as helpline-uk.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Give the source a name."},
    )
    address = forms.CharField(
        label="Address",
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Give the address."},
    )

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["kind"] = forms.CharField(widget=forms.HiddenInput, initial=kind.name)
        self.fields["address"].help_text = kind.address_help
        self.fields["address"].initial = kind.address
        for asked in kind.asks:
            self.fields[ASKED + asked.name] = forms.CharField(
                label=asked.label,
                required=asked.required,
                help_text=asked.help,
                widget=forms.PasswordInput(attrs={"autocomplete": "off"}) if asked.secret else forms.TextInput(),
                error_messages={"required": f"Give this: {asked.label}."},
            )
        if not kind.listens:
            del self.fields["tells"]
        asked_fields = [ASKED + asked.name for asked in kind.asks]
        self.order_fields(["kind", "name", "address", *asked_fields])

    def given(self) -> dict[str, Any]:
        """What `sources.add_source` takes besides the policy."""
        credentials = {
            name.removeprefix(ASKED): value
            for name, value in self.cleaned_data.items()
            if name.startswith(ASKED) and value
        }
        own = {name: self.cleaned_data[name] for name in ("name", "kind", "address")}
        return {**own, "credentials": credentials}
