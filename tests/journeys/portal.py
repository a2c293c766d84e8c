"""The portal as a person walks through it: what they press, what they type, what they read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext, override
from playwright.sync_api import Locator, Page, expect

LINK = "https://pebble.example/posts/8231"


class Portal:
    """A person at the portal. ``seen`` is called with every page that they come to, by its heading.

    What they read and press is named in English here, whatever the ``language`` of the pages.
    """

    def __init__(
        self,
        page: Page,
        address: str,
        seen: Callable[[Page, str], Any] = lambda page, heading: None,
        language: str = "",
    ) -> None:
        self.page = page
        self.address = f"{address}/{language}" if language else address
        self.language = language or "en"
        self._seen = seen

    def said(self, sentence: str) -> str:
        """A sentence of the portal in the language of this person."""
        with override(self.language):
            told = gettext(sentence)
        assert self.language == "en" or told != sentence, f"not translated: {sentence}"
        return told

    def field(self, label: str) -> Locator:
        """The control whose label begins with this."""
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(self.said(label))}"))

    def open(self, path: str, heading: str) -> None:
        """Open an address and read its heading."""
        self.page.goto(self.address + path)
        self.reads(heading)

    def reads(self, heading: str) -> None:
        """The page has this heading."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(self.said(heading))
        self.page.wait_for_load_state()  # all of it is there, and its scripts run now
        self._seen(self.page, heading)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=self.said(name), exact=True).click()

    def go_on(self, heading: str) -> None:
        """Press Continue and read the next heading."""
        self.press("Continue")
        self.reads(heading)

    def begin(self) -> None:
        """From the start page, by the safety page, to the first question."""
        self.open("/", "Get a private picture taken down")
        self.page.get_by_role("link", name=self.said("Report a picture")).click()
        self.reads("Before you start: staying safe")
        self.page.get_by_role("link", name=self.said("I am ready: start")).click()
        self.reads("Was anyone in the picture under 18 when it was made?")

    def says_adult(self) -> None:
        """Everyone in the picture was 18."""
        self.field("No, everyone was 18 or older").check()
        self.go_on("Who are you reporting for?")

    def is_the_person_shown(self) -> None:
        """Reports for themselves."""
        self.field("For myself: I am in the picture").check()
        self.go_on("What has happened?")
        self.was_posted()

    def begins_for_myself(self) -> None:
        """From the start page to the question what they have, as the person shown."""
        self.begin()
        self.says_adult()
        self.is_the_person_shown()

    def begins_with_pictures(self) -> None:
        """The same, to the page on which pictures are chosen."""
        self.begins_for_myself()
        self.field("The picture, on this device").check()
        self.go_on("Choose the pictures")

    def begins_with_links(self) -> None:
        """The same, to the question for links."""
        self.begins_for_myself()
        self.field("Links to where it was posted").check()
        self.go_on("Where was it posted?")

    def acts_for(self, relation: str) -> None:
        """Reports for someone else."""
        self.field("For someone else, who has asked me to").check()
        self.go_on("What are you to the person in the picture?")
        self.field("What are you to the person in the picture?").fill(relation)
        self.go_on("What has happened?")
        self.was_posted()

    def was_posted(self) -> None:
        """It can be seen on the platform."""
        self.field("It was posted here").check()
        self.go_on("What do you have?")

    def has_links(self, *links: str) -> None:
        """Has only links, and gives them."""
        self.field("Links to where it was posted").check()
        self.go_on("Where was it posted?")
        self.gives_links(*links)

    def has_pictures(self, *files: Path, also_links: bool = False) -> None:
        """Has the pictures on the device, and chooses them."""
        self.field("Both: the picture and links" if also_links else "The picture, on this device").check()
        self.go_on("Choose the pictures")
        self.chooses(*files)
        self.go_on("Where was it posted?" if also_links else "Is there anything you want to tell us?")

    def chooses(self, *files: Path | dict[str, Any]) -> None:
        """Choose files and wait until each has its state."""
        self.field("Pictures on this device").set_input_files(list(files))
        expect(self.page.locator("[data-working]")).to_be_hidden(timeout=60_000)

    def states(self) -> list[str]:
        """What stands in each row of the pictures, without the button."""
        rows = self.page.locator("#pictures > li").all()
        parts = [row.locator(".rows__name, .tag, .rows__note").all_inner_texts() for row in rows]
        return [" ".join(" ".join(each).split()) for each in parts]

    def gives_links(self, *links: str) -> None:
        """Answer the question about links."""
        self.field("Where was it posted?").fill("\n".join(links))
        self.go_on("Is there anything you want to tell us?")

    def says(self, words: str, contact: str) -> None:
        """Answer the two open questions, as a formal notice."""
        self.field("Is there anything you want to tell us?").fill(words)
        self.go_on("How do you want to report?")
        self.field("As a formal notice").check()
        self.go_on("How can we reach you?")
        self.field("How can we reach you?").fill(contact)
        self.go_on("What the law asks you to state")

    def states_all(self, signature: str = "") -> None:
        """Tick every statement."""
        for box in self.page.get_by_role("checkbox").all():
            box.check()
        self.field("Sign the request by typing your name.").fill(signature)
        self.go_on("Check your report")

    def sends(self) -> str:
        """Send the report; the receipt code."""
        self.press("Send my report")
        self.reads("Your report was sent")
        return "-".join(self.page.locator("#receipt span").all_inner_texts())

    def looks_up(self, code: str) -> None:
        """Check a report by its code."""
        self.open("/status/", "Check a report")
        self.field("Your receipt code").fill(code)
        self.press("Show my report")
        self.reads("Your report")


def tab_to(page: Page, wanted: str, most: int = 40) -> None:
    """Press Tab until what has the focus is called ``wanted``."""
    reached: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(NAME_OF_FOCUS))
        if reached[-1] == wanted:
            return
    raise AssertionError(f"no way by Tab to “{wanted}”; met: {reached}")


NAME_OF_FOCUS = """() => {
  const at = document.activeElement;
  const label = at.labels?.[0]?.textContent ?? at.textContent;
  return label.replace(/\\(optional\\)/, "").trim().replace(/\\s+/g, " ");
}"""

#: Pages that can be opened by address, with their headings; a test holds them against the URL configuration.
PAGES: Sequence[tuple[str, str]] = (
    ("/", "Get a private picture taken down"),
    ("/safety/", "Before you start: staying safe"),
    ("/report/", "Was anyone in the picture under 18 when it was made?"),
    ("/status/", "Check a report"),
    ("/help/", "Help"),
    ("/under-18/", "Help when someone is under 18"),
    ("/appeal/", "About a decision on something you uploaded"),
)
