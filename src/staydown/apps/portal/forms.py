"""The questions of a report, one form each. Every text is for a person who is frightened and has little time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staydown.apps.cases.intake import MOST_URL, is_link
from staydown.apps.portal import hashes
from staydown.errors import InvalidError

MOST_LINKS: Final = 100
_WORDS: Final = 5_000


class Question(forms.Form):
    """A step of the report. Browsers' own bubbles are left out: our messages say what to do, and in one place."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""


def _choice(question: str, choices: list[tuple[str, str]], missing: str, hint: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(
        label=question,
        help_text=hint,
        choices=choices,
        widget=forms.RadioSelect,
        error_messages={"required": missing, "invalid_choice": missing},
    )


class Age(Question):
    """Asked before any file: pictures of children go to other services and are never hashed here."""

    minor = _choice(
        gettext_lazy("Was anyone in the picture under 18 when it was made?"),
        [("no", gettext_lazy("No, everyone was 18 or older")),
         ("yes", gettext_lazy("Yes")),
         ("then", gettext_lazy("Yes: I am an adult now, but I was under 18 then")),
         ("shown", gettext_lazy("It was made or changed when everyone was an adult, but it shows someone as under 18")),
         ("unsure", gettext_lazy("I am not sure"))],
        gettext_lazy("Choose an answer. “I am not sure” is fine."),
        gettext_lazy("If a computer made or changed the picture, think of the age of the person it shows."),
    )  # fmt: skip


class Who(Question):
    """The person shown, someone who acts for them, or someone whose work it is."""

    role = _choice(
        gettext_lazy("Who are you reporting for?"),
        [("subject", gettext_lazy("For myself: I am in the picture")),
         ("agent", gettext_lazy("For someone else, who has asked me to")),
         ("trusted_flagger", gettext_lazy("For a trusted flagger, such as a hotline")),
         ("authority", gettext_lazy("For the police or another authority"))],
        gettext_lazy("Choose who you are reporting for."),
    )  # fmt: skip


class Happened(Question):
    """Posted, or only threatened: then nothing can be taken down yet, and copies can be stopped before they come."""

    situation = _choice(
        gettext_lazy("What has happened?"),
        [("posted", gettext_lazy("It was posted here")),
         ("threat", gettext_lazy("Someone says they will post it"))],
        gettext_lazy("Choose what has happened."),
    )  # fmt: skip


class Relation(Question):
    """How the person acting knows the person shown."""

    relation = forms.CharField(
        label=gettext_lazy("What are you to the person in the picture?"),
        help_text=gettext_lazy(
            "For example: a friend, their mother, a support worker, a lawyer. Please do not give names."
        ),
        max_length=300,
        error_messages={"required": gettext_lazy("Write a few words, for example “a friend”.")},
    )


class Organisation(Question):
    """Whom a trusted flagger or an authority writes for."""

    relation = forms.CharField(
        label=gettext_lazy("Which organisation are you from?"),
        help_text=gettext_lazy("Give its name, and your own reference if you have one."),
        max_length=300,
        error_messages={"required": gettext_lazy("Give the name of your organisation.")},
    )


class What(Question):
    """Pictures on this device, links, or both: decides which of the next two questions come."""

    have = _choice(
        gettext_lazy("What do you have?"),
        [("links", gettext_lazy("Links to where it was posted")),
         ("pictures", gettext_lazy("The picture, on this device")),
         ("both", gettext_lazy("Both: the picture and links"))],
        gettext_lazy("Choose what you have."),
        gettext_lazy("Do not download or save the picture for this. Links are enough."),
    )  # fmt: skip


class Threatened(Question):
    """The same where nothing was posted: the picture lets us stop it, a link leads to who threatens."""

    have = _choice(
        gettext_lazy("What do you have?"),
        [("pictures", gettext_lazy("The picture, on this device")),
         ("links", gettext_lazy("A link to the message or the account that threatens")),
         ("both", gettext_lazy("Both: the picture and a link"))],
        gettext_lazy("Choose what you have."),
        gettext_lazy("With the picture we can know it again the moment it is posted here."),
    )  # fmt: skip


class Way(Question):
    """With what the law asks, or without saying who one is. The second can become the first at any time."""

    way = _choice(
        gettext_lazy("How do you want to report?"),
        [("formal", gettext_lazy("As a formal notice")),
         ("anonymous", gettext_lazy("Without saying who I am"))],
        gettext_lazy("Choose how you want to report."),
    )  # fmt: skip


MOST_TEXT: Final = 1_000_000  # characters: the frames of an hour of video


class Pictures(Question):
    """Hashes from the page's script in `found`, from elsewhere in `pasted`. There is no field for a file."""

    found = forms.CharField(required=False, widget=forms.HiddenInput, max_length=MOST_TEXT)
    pasted = forms.CharField(
        label=gettext_lazy("Lines from another computer"),
        required=False,
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4, "class": "code", "spellcheck": "false", "autocapitalize": "none"}),
    )

    def clean_found(self) -> list[hashes.Hashed]:
        """The pictures that the page hashed."""
        return self._read(hashes.from_page, "found")

    def clean_pasted(self) -> list[hashes.Hashed]:
        """The pictures that were hashed on another computer."""
        return self._read(hashes.from_paste, "pasted")

    def _read(self, reader: Any, name: str) -> list[hashes.Hashed]:
        try:
            return reader(self.cleaned_data[name])  # type: ignore[no-any-return]
        except InvalidError as error:
            raise forms.ValidationError(error.message) from None


class Links(Question):
    """Web addresses, one a line. They are never opened by us."""

    links = forms.CharField(
        label=gettext_lazy("Where was it posted?"),
        help_text=gettext_lazy(
            "Paste each link on its own line. One is a good start. If you know of more, give them too."
        ),
        widget=forms.Textarea(
            attrs={"rows": 5, "spellcheck": "false", "autocapitalize": "none", "inputmode": "url", "dir": "ltr"}
        ),
        max_length=MOST_LINKS * MOST_URL,
        error_messages={"required": gettext_lazy("Paste at least one link.")},
    )

    def clean_links(self) -> list[str]:
        """The links in order, each once."""
        return links_of(self.cleaned_data["links"])


class ThreatLinks(Links):
    """Where the threat was made, or who made it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["links"].label = _("Where was the threat made?")
        self.fields["links"].help_text = _("Paste the link to the message, the post or the account, one on each line.")


class MinorLinks(Links):
    """Where a picture of someone under 18 is on this platform; how to reach the person, if they want."""

    contact = forms.CharField(
        label=gettext_lazy("How can we reach you?"),
        help_text=gettext_lazy("You can leave this empty."),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
    )


class AddLinks(Links):
    """More links to a report that was sent."""


class AddItems(Pictures):
    """More pictures or links to a report that was sent: one of the two."""

    links = forms.CharField(
        label=gettext_lazy("Links"),
        help_text=gettext_lazy("Paste each link on its own line."),
        required=False,
        widget=Links.base_fields["links"].widget,
        max_length=MOST_LINKS * MOST_URL,
    )

    def clean_links(self) -> list[str]:
        """The links in order, each once."""
        return links_of(self.cleaned_data["links"])

    def clean(self) -> dict[str, Any]:
        """Refuse an answer without anything in it."""
        given = super().clean() or {}
        if not self.errors and not any(given.get(name) for name in ("found", "pasted", "links")):
            raise forms.ValidationError(_("Give a link, or choose a picture."))
        return given


class Complaint(Question):
    """Why a decision should be looked at again."""

    words = forms.CharField(
        label=gettext_lazy("Why should we look at it again?"),
        help_text=gettext_lazy("One sentence is enough. Another person than before reads it."),
        max_length=_WORDS,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        error_messages={"required": gettext_lazy("Write a few words.")},
    )


class News(Question):
    """Where to say that there is news."""

    address = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        help_text=gettext_lazy("Only you should read what arrives there. The e-mail does not say what it is about."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "ltr"}),
        error_messages={
            "required": gettext_lazy("Write an e-mail address."),
            "invalid": gettext_lazy("Write an e-mail address such as name@example.org."),
        },
    )


PARTS: Final = {
    "words": gettext_lazy("What I wrote in my own words, and my answers to questions"),
    "contact": gettext_lazy("How to reach me"),
    "signature": gettext_lazy("My signature"),
    "relation": gettext_lazy("What I am to the person in the picture"),
}


class Parts(Question):
    """Which parts of what was written are to be deleted."""

    parts = forms.MultipleChoiceField(
        label=gettext_lazy("What do you want to delete?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose what you want to delete.")},
    )

    def __init__(self, *args: Any, there: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parts"].choices = [(name, PARTS[name]) for name in there]  # type: ignore[attr-defined]


class Words(Question):
    """Free text, optional."""

    words = forms.CharField(
        label=gettext_lazy("Is there anything you want to tell us?"),
        help_text=gettext_lazy(
            "In your own words, and only if you want to. For example: who posted it, or how to recognise it. "
            "You never have to explain why the picture was taken."
        ),
        required=False,
        max_length=_WORDS,
        widget=forms.Textarea(attrs={"rows": 7, "dir": "auto"}),
    )


class Contact(Question):
    """An address or number; leaving it empty is an answer, and its price is said on the page."""

    contact = forms.CharField(
        label=gettext_lazy("How can we reach you?"),
        help_text=gettext_lazy("An email address or a phone number that only you can open. You can leave this empty."),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"}),
    )


class Receipt(Question):
    """The receipt code, however it was typed: it may be pasted, and no password manager is turned away."""

    code = forms.CharField(
        label=gettext_lazy("Your receipt code"),
        help_text=gettext_lazy("You can paste it. Spaces, dashes and small letters do not matter."),
        max_length=100,
        widget=forms.TextInput(
            attrs={
                "class": "code",
                "autocomplete": "off",
                "spellcheck": "false",
                "autocapitalize": "characters",
                "dir": "ltr",
            }
        ),
        error_messages={"required": gettext_lazy("Type or paste your receipt code.")},
    )


def links_of(text: str) -> list[str]:
    """The links in ``text``, one a line, each once; raises `ValidationError` for what is none."""
    links = list(dict.fromkeys(filter(None, map(str.strip, text.splitlines()))))
    if len(links) > MOST_LINKS:
        raise forms.ValidationError(_("Give up to {most} links in one report.").format(most=MOST_LINKS))
    return [_link(each) for each in links]


def _link(text: str) -> str:
    """A link as it was pasted, with https:// where that was left out."""
    whole = text if "://" in text else f"https://{text}"
    if not is_link(whole) or "." not in (urlsplit(whole).hostname or ""):
        raise forms.ValidationError(_("“{text}” is not a link. Copy it from the address bar.").format(text=text[:80]))
    return whole
