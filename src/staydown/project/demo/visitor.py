"""A visitor without JavaScript: opens pages, fills in their forms, presses their buttons.

The demo and the crash test walk through the real pages with it, so a page that cannot be used stops the story.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin

import httpx

from staydown.errors import StaydownError


@dataclass
class Form:
    """One form of a page: where it goes, how, what it holds, and its buttons (label to name and value)."""

    action: str = ""
    method: str = "get"
    fields: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    boxes: set[str] = field(default_factory=set)  # that are not ticked
    lines: set[str] = field(default_factory=set)  # of text, and empty
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class Reader(HTMLParser):
    """Collects the forms, the links and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.text: list[str] = []
        self.open_form: Form | None = None
        self.open_label: tuple[str, dict[str, str]] | None = None  # a button or a link whose label is being read
        self.open_area: str | None = None
        self.open_select: str | None = None
        self.label = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open_form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self.open_form)
        elif tag in {"button", "a"}:
            self.open_label, self.label = (tag, given), ""
        elif self.open_form is not None:
            self.read_field(tag, given)

    def read_field(self, tag: str, given: dict[str, str]) -> None:
        """Take in an input, a text area, a select or an option of the open form."""
        form, name = self.open_form, given.get("name", "")
        assert form is not None  # noqa: S101 - only called inside a form
        if tag == "option" and self.open_select and "selected" in given:
            form.fields[self.open_select] = [given.get("value", "")]
        if not name:
            return
        form.names.add(name)
        if tag == "textarea":
            self.open_area = name
            form.fields[name] = [""]
        elif tag == "select":
            self.open_select = name
        elif tag == "input":
            self.read_input(form, name, given)

    def read_input(self, form: Form, name: str, given: dict[str, str]) -> None:
        """Take in an input: a ticked or written one sends its value, others wait to be answered."""
        kind = given.get("type", "text")
        if kind in {"checkbox", "radio"} and "checked" not in given:
            if kind == "checkbox":
                form.boxes.add(name)
        elif kind not in {"submit", "file"}:
            form.fields.setdefault(name, []).append(given.get("value", "on" if kind in {"checkbox", "radio"} else ""))
            if kind == "text" and not given.get("value"):
                form.lines.add(name)

    def handle_endtag(self, tag: str) -> None:
        if self.open_label and tag == self.open_label[0]:
            given, label = self.open_label[1], " ".join(self.label.split())
            if tag == "a":
                self.links.setdefault(label, given.get("href", ""))
            elif self.open_form is not None and given.get("type", "submit") == "submit":
                self.open_form.buttons[label] = (given.get("name", ""), given.get("value", ""))
            self.open_label = None
        elif tag == "form":
            self.open_form = None
        elif tag == "textarea":
            self.open_area = None
        elif tag == "select":
            self.open_select = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.open_label:
            self.label += data
        if self.open_area and self.open_form:
            self.open_form.fields[self.open_area][0] += data


class Visitor:
    """Somebody at ``origin``; keeps cookies as a browser does."""

    def __init__(self, origin: str) -> None:
        self.http = httpx.Client(base_url=origin, follow_redirects=True, timeout=30)
        self.address = origin
        self.page = Reader("")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    @property
    def text(self) -> str:
        """What can be read on the page."""
        return " ".join(" ".join(self.page.text).split())

    def take(self, answer: httpx.Response) -> None:
        """Look at the page that ``answer`` brought. Raises `StaydownError` when it is an error page."""
        self.address = str(answer.url)
        self.page = Reader(answer.text)
        if answer.status_code >= 400:
            raise StaydownError(f"{answer.request.method} {answer.url.path} answered {answer.status_code}.")

    def open(self, path: str) -> None:
        """Open the page at ``path``."""
        self.take(self.http.get(urljoin(self.address, path)))

    def follow(self, label: str) -> None:
        """Follow the link whose text holds ``label``."""
        found = [href for text, href in self.page.links.items() if label in text]
        if not found:
            raise StaydownError(f"The page {httpx.URL(self.address).path} has no link “{label}”.")
        self.open(found[0])

    def press(self, label: str, **answers: str | list[str]) -> None:
        """Fill in the form that has the button ``label`` and press it. Unknown field names raise `StaydownError`."""
        found = [(form, text) for form in self.page.forms for text in form.buttons if label in text]
        if not found:
            buttons = [text for form in self.page.forms for text in form.buttons]
            raise StaydownError(f"The page {httpx.URL(self.address).path} has no button “{label}”, only {buttons}.")
        form, text = next(((f, t) for f, t in found if set(answers) <= f.names), found[0])
        unknown = set(answers) - form.names
        if unknown:
            raise StaydownError(f"The form of “{label}” has no field {sorted(unknown)}, only {sorted(form.names)}.")
        data = {
            **form.fields,
            **{name: [value] if isinstance(value, str) else value for name, value in answers.items()},
        }
        name, value = form.buttons[text]
        if name:
            data[name] = [value]
        target = urljoin(self.address, form.action or self.address)
        here = httpx.URL(self.address)
        headers = {
            "Origin": f"{here.scheme}://{here.netloc.decode()}",
            "Referer": self.address,
            "Sec-Fetch-Site": "same-origin",
        }
        if form.method == "get":
            self.take(self.http.get(target, params=data))
        else:
            self.take(self.http.post(target, data=data, headers=headers))
