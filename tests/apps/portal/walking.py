"""Someone who fills in the report with plain forms, page by page, as a browser without scripts would."""

from __future__ import annotations

import html
import json
import re

from django.test import Client

LINK = "https://platform.test/posts/8231"
HASHED = {"pdq": "f0" * 32, "quality": 90, "sha256": "ab" * 32}

#: An answer for every question, as the form's fields.
ANSWERS = {
    "age": {"minor": "no"},
    "who": {"role": "agent"},
    "relation": {"relation": "Her sister canary-relation"},
    "organisation": {"relation": "Hotline canary-organisation"},
    "happened": {"situation": "posted"},
    "what": {"have": "both"},
    "pictures": {"found": json.dumps([HASHED])},
    "links": {"links": f"{LINK}\nplatform.test/posts/8232"},
    "words": {"words": "It was taken without asking. canary-words"},
    "way": {"way": "formal"},
    "contact": {"contact": "canary@reporter.test"},
    "statements": {
        "content_is_intimate": "on",
        "made_by_subject_or_agent": "on",
        "good_faith_and_true": "on",
        "non_consent_statement": "on",
        "signature": "Canary Signature",
    },
}


class Walk:
    """The page that is open, and what can be done on it."""

    def __init__(self, client: Client, language: str = "") -> None:
        self.client = client
        self.address = f"/{language}/report/" if language else "/report/"
        self.response = client.get(self.address)

    @property
    def text(self) -> str:
        """The page's source with entities read."""
        return html.unescape(self.response.content.decode())

    @property
    def heading(self) -> str:
        """What the page's h1 says."""
        found = re.search(r"<h1.*?>(.*?)</h1>", self.text, re.DOTALL)
        assert found, "a page without a heading"
        return re.sub(r"<.*?>", "", found[1]).strip()

    @property
    def draft(self) -> str:
        """The sealed answers that the page carries."""
        found = re.search(r'name="draft" value="([^"]+)"', self.text)
        assert found, "a page without a draft"
        return found[1]

    @property
    def step(self) -> str:
        """The name of the question that is asked."""
        found = re.search(r'name="step" value="([^"]+)"', self.text)
        assert found, "a page without a question"
        return found[1]

    def answer(self, **fields: str) -> Walk:
        """Answer the question that is open with these fields and press Continue, or the button ``go``."""
        return self.post(draft=self.draft, step=self.step, **fields)

    def press(self, go: str) -> Walk:
        """Press a button that is about the whole report."""
        return self.post(draft=self.draft, go=go)

    def post(self, **fields: str) -> Walk:
        """Post exactly these fields."""
        self.response = self.client.post(self.address, fields)
        return self

    def to(self, step: str, **changed: dict[str, str]) -> Walk:
        """Answer everything up to the question ``step`` ('check': all), with some answers ``changed``."""
        while 'name="step"' in self.text and self.step != step:
            self.answer(**{**ANSWERS, **changed}[self.step])
        return self

    def sent(self, **changed: dict[str, str]) -> Walk:
        """Answer everything and send it."""
        return self.to("check", **changed).press("send")

    @property
    def code(self) -> str:
        """The receipt code on the page."""
        found = re.search(r'name="code" value="([^"]+)"', self.text)
        assert found, "a page without a code"
        return found[1]
