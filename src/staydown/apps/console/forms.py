"""The console's forms for keys, staff and endpoints. They check the shape; the actions decide."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from staydown.apps.accounts.models import SCOPES, Role
from staydown.errors import CaseworkError

#: What each scope lets a program do, in words.
SCOPE_WORDS = {
    "screen": "ask whether an upload may be published",
    "screen:explain": "be told the bank, entry and distance of a match",
    "report:create": "send reports",
    "order:create": "enter orders of authorities and tribunals",
    "case:read": "read cases",
    "decision:write": "decide on cases",
    "action:read": "read what the platform is asked to do",
    "outcome:write": "answer what the platform has done",
    "entry:read": "read bank entries",
    "entry:write": "add and withdraw bank entries",
    "entry:enforce": "have the entries that it adds block at once, with no case and no moderator",
    "feed:read": "follow the feed, which holds hashes",
    "hit:write": "report matches on uploads",
    "key:list": "learn which keys a screening node lets in",
    "webhook:write": "add and change webhooks",
    "audit:read": "read the audit log",
}


class RefusableForm(forms.Form):
    """A form that can show why an action refused it."""

    use_required_attribute = False  # we say what is missing ourselves, all at once and in one place

    def refused(self, error: CaseworkError) -> None:
        """Puts the refusal at the field that its message names (``url: ...``), else at the top."""
        name, mark, message = error.message.partition(": ")
        if mark and name in self.fields:
            self.add_error(name, message[:1].upper() + message[1:])
        else:
            self.add_error(None, error.message)


class EndpointForm(RefusableForm):
    """Where webhooks go."""

    name = forms.CharField(
        max_length=80, help_text="For the list above.", error_messages={"required": "Give the endpoint a name."}
    )
    url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="An https address of the platform that takes POST requests.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Give the address that webhooks go to."},
    )


class KeyForm(RefusableForm):
    """A new API key."""

    name = forms.CharField(
        label="What is it for?", max_length=60, error_messages={"required": "Say what the key is for."}
    )
    scopes = forms.MultipleChoiceField(
        label="What may it do?",
        choices=[(scope, f"{scope}: {SCOPE_WORDS[scope]}") for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick as few as will do.",
        error_messages={"required": "Tick at least one thing that the key may do."},
    )
    banks = forms.MultipleChoiceField(
        label="Which banks may it see?",
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="None ticked: all of them.",
    )
    expires_on = forms.DateField(
        label="Last day",
        required=False,
        help_text="After this day it stops working.",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Give the day as year-month-day, such as 2027-03-31."},
    )

    reason = forms.CharField(
        label="Why may it do that?",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, banks: list[str], today: date, two: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["banks"].choices = [(bank, bank) for bank in banks]  # type: ignore[attr-defined]
        self.fields["expires_on"].widget.attrs["min"] = today.isoformat()
        if not banks:
            del self.fields["banks"]
        self.fields[
            "reason"
        ].help_text = f"Needed for {' and '.join(two)}. The key works without that until a lead has approved it."
        if not two:
            del self.fields["reason"]


class StaffForm(RefusableForm):
    """A new member of staff. The password is made for them, and shown once."""

    username = forms.CharField(
        label="Name to sign in with",
        max_length=150,
        help_text="Nobody else sees it, and no log holds it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Give a name to sign in with."},
    )
    pseudonym = forms.CharField(
        label="Pseudonym",
        max_length=40,
        help_text="What colleagues and the audit log see. Not the person’s real name.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give a pseudonym."},
    )
    role = forms.ChoiceField(
        label="Role",
        choices=Role.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a role."},
    )
