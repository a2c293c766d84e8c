"""Take a picture of each page, and write the page that shows them: `make screenshots`.

Of a real install with reports of free-licence photographs. Portal on a phone, console at a desk.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from staydown.core.hashing.picture import hash_picture
from staydown.project.demo import people, pictures
from staydown.project.demo.stage import Stage
from staydown.project.demo.visitor import Visitor

sys.path.insert(0, str(Path(__file__).parent))
import rows
from take import CHOSEN, FLAGS, REPORTED

HERE = Path(__file__).parent / "screens"
PAGE = Path(__file__).parents[1] / "reference" / "screens.md"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 800}
ADDRESSES = {"start": "/", "safety": "/safety/", "help": "/help/", "under-18": "/under-18/", "appeal": "/appeal/"}
CASEWORK = ("queue", "appeals", "proposals", "orders", "laws", "figures", "sign_ins")
OFFICE = ("webhooks", "sources", "keys", "team")
COLOURS = 64  # of a page of flat colours; no photograph is ever on one
INTRODUCTION = """# Every page

Made by `make screenshots`, of a real install. Shown as on a phone (the portal) and at a desk (the console).
At each picture stands the name of its address in the code.
"""


@dataclass
class Album:
    """The pictures taken so far, by chapter."""

    chapters: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)

    def take(self, page: Page, chapter: str, address: str) -> None:
        """One page, whole, in few colours; ``address`` is the name of its address."""
        taken = self.chapters.setdefault(chapter, [])
        name = f"{chapter.split()[-1].lower()}-{len(taken) + 1:02}.png"
        page.wait_for_load_state()
        page.evaluate("scrollTo(0, 0)")  # the way out stays in view: taken further down, it would lie over a question
        with Image.open(io.BytesIO(page.screenshot(full_page=True))) as image:
            image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(HERE / name, optimize=True)
        taken.append((name, address, " ".join(page.locator("h1").first.inner_text().split())))

    def written(self) -> str:
        """The page that shows them."""
        parts = [INTRODUCTION]
        for chapter, taken in self.chapters.items():
            parts.append(f"## {chapter}\n")
            screen, width = ("portal", 300) if "portal" in chapter else ("console", 640)
            for name, address, title in taken:
                picture = f'<img src="../pictures/screens/{name}" alt="{title.replace(chr(34), "")}" width="{width}">'
                parts.append(f"**{title}** (`{screen}:{address}`)\n\n{picture}\n")
        return "\n".join(parts)


def press(page: Page, button: str, language: str = "en") -> None:
    """Press it and wait for the next heading: the portal's script swaps the page without a navigation."""
    before = page.locator("h1").inner_text()
    page.get_by_role("button", name=said(button, language), exact=True).click()
    expect(page.locator("h1")).not_to_have_text(before, use_inner_text=True)


def said(sentence: str, language: str) -> str:
    """A sentence of the portal in this language."""
    from django.utils import translation

    with translation.override(language):
        return translation.gettext(sentence)


def answer(page: Page) -> None:
    """Fill in the question that is shown."""
    fill: dict[str, Callable[[], object]] = {
        "minor": lambda: page.check("input[name=minor][value=no]"),
        "role": lambda: page.check("input[name=role][value=subject]"),
        "situation": lambda: page.check("input[name=situation][value=posted]"),
        "have": lambda: page.check("input[name=have][value=both]"),
        "links": lambda: page.fill("textarea[name=links]", "https://platform.example/posts/1"),
        "words": lambda: page.fill("textarea[name=words]", "This is mine, and I never agreed to it being posted."),
        "way": lambda: page.check("input[name=way][value=formal]"),
        "contact": lambda: page.fill("input[name=contact]", "somebody@example.org"),
    }
    if page.locator("main input[type=file]").count():
        page.set_input_files("main input[type=file]", [str(pictures.folder() / name) for name in CHOSEN])
        expect(page.locator("#pictures > li")).to_have_count(len(CHOSEN))
        expect(page.locator("[data-working]")).to_be_hidden(timeout=60_000)
    for name, act in fill.items():
        if page.locator(f"main [name={name}]:visible").count():
            act()
    for box in page.locator("main input[type=checkbox]:visible").all():
        box.check()
    for line in page.locator("main input[type=text]:visible").all():
        if not line.input_value():
            line.fill("A. Reporter")


def portal(browser: Browser, origin: str, album: Album, there: rows.Rows, language: str = "en") -> None:
    """From the first page to the status page, and the uploader's page."""
    chapter = {"en": "The portal", "ar": "The portal in Arabic"}[language]
    start = origin if language == "en" else f"{origin}/{language}"
    page = browser.new_context(viewport=PHONE).new_page()
    for name, path in ADDRESSES.items():
        page.goto(start + path)
        album.take(page, chapter, name)
    page.fill("input[name=code]", there.uploader)
    press(page, "Show the decision", language)
    album.take(page, chapter, "appeal")
    page.goto(f"{start}/report/")
    for _ in range(20):
        answer(page)
        album.take(page, chapter, "report")
        if page.get_by_role("button", name=said("Send my report", language)).count():
            break
        press(page, "Continue", language)
    press(page, "Send my report", language)
    album.take(page, chapter, "report")
    code = "-".join(page.locator("#receipt span").all_inner_texts())
    page.goto(f"{start}/status/")
    album.take(page, chapter, "status")
    page.fill("input[name=code]", code)
    press(page, "Show my report", language)
    album.take(page, chapter, "status")
    press(page, "Take my report back", language)
    album.take(page, chapter, "status")


def signed_in(browser: Browser, stage: Stage, who: tuple[str, str]) -> Page:
    """The console as this person has it."""
    page = browser.new_context(viewport=DESK).new_page()
    page.goto(f"{stage.origin}/staff/")
    page.fill("input[name=login]", who[0])
    page.fill("input[name=password]", who[1])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("navigation", name="Console").wait_for()
    return page


def confirm(page: Page, who: tuple[str, str]) -> None:
    """Give the password again where a page asks for it, and wait for that page."""
    if "/reauthenticate/" in page.url:
        page.fill("input[name=password]", who[1])
        page.locator("main form:has(input[name=password]) button").first.click()
        page.wait_for_url(lambda address: "/reauthenticate/" not in address)


def opened(page: Page, stage: Stage, who: tuple[str, str], path: str) -> None:
    """Open a page of the console, by the password again where it asks for it."""
    page.goto(stage.origin + path)
    confirm(page, who)


def casework(browser: Browser, stage: Stage, album: Album, there: rows.Rows) -> None:
    """What a moderator opens, a saved view, and a case up to its decision."""
    page, chapter = signed_in(browser, stage, stage.moderator), "The console of a moderator"
    page.goto(f"{stage.origin}/staff/?only=free")
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Nobody has these")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Nobody has these").wait_for()
    album.take(page, chapter, "view_save")
    for name in CASEWORK:
        page.goto(f"{stage.origin}/staff/{'' if name == 'queue' else name.replace('_', '-') + '/'}")
        album.take(page, chapter, name)
    page.goto(f"{stage.origin}/staff/laws/us-tida-3/")
    album.take(page, chapter, "law")
    page.goto(f"{stage.origin}/staff/")
    page.locator(".queue__case").first.click()
    page.get_by_text("What is reported").wait_for()
    album.take(page, chapter, "case")
    for box in page.locator("input[type=checkbox][name=items]:visible").all():
        box.check()
    page.check("input[name=verdict][value=remove]")
    if page.locator("input[type=radio][name=regime]:visible").count():
        page.locator("input[type=radio][name=regime]:visible").first.check()
    page.locator("textarea[name=reason]").fill("The person shown asks for it, and it is the picture.")
    press(page, "Check the decision")
    album.take(page, chapter, "decide")
    for name, path in (("appeal", there.appeal), ("restore", there.restore), ("erase", there.erase)):
        opened(page, stage, stage.moderator, path)
        album.take(page, chapter, name)


def protection(browser: Browser, stage: Stage, album: Album, there: rows.Rows) -> None:
    """What the role that protects minors opens."""
    page, chapter = signed_in(browser, stage, there.protector), "The console of child protection"
    for name, path in (("minors", "/staff/minors/"), ("minor", there.minor), ("minor", there.locked)):
        opened(page, stage, there.protector, path)
        album.take(page, chapter, name)


def office(browser: Browser, stage: Stage, album: Album, there: rows.Rows) -> None:
    """What an administrator opens, with one endpoint and one member of staff."""
    page, chapter = signed_in(browser, stage, stage.admin), "The console of an administrator"
    leads = {"endpoint": r"/webhooks/endpoints/[0-9a-f-]{36}/$", "member": r"/team/[0-9a-f-]{36}/$"}
    for name in OFFICE:
        page.goto(f"{stage.origin}/staff/{name}/")
        album.take(page, chapter, name)
        addresses = [link.get_attribute("href") or "" for link in page.locator("main a[href]").all()]
        for lead, pattern in leads.items():
            found = next((each for each in addresses if re.search(pattern, each)), None)
            if found:
                page.goto(stage.origin + found)
                confirm(page, stage.admin)
                album.take(page, chapter, lead)
    page.goto(f"{stage.origin}/staff/sources/new/")
    confirm(page, stage.admin)
    album.take(page, chapter, "source_add")
    steps = {"source": "", "source_change": "policy/", "source_remove": "remove/"}
    for name, path in {**{each: there.source + end for each, end in steps.items()}, "key_revoke": there.key}.items():
        opened(page, stage, stage.admin, path)
        album.take(page, chapter, name)


def main() -> None:
    """Set the stage, send reports, take every picture."""
    HERE.mkdir(exist_ok=True)
    for old in HERE.glob("*.png"):
        old.unlink()
    album = Album()
    with tempfile.TemporaryDirectory() as folder, Stage.set(Path(folder), 0) as stage:
        for name in REPORTED:
            with Visitor(stage.origin) as reporter:
                people.report(reporter, hash_picture(pictures.read(name)), f"{stage.platform.origin}/posts/{name[:4]}")
        there = rows.made()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            portal(browser, stage.origin, album, there)
            casework(browser, stage, album, there)
            protection(browser, stage, album, there)
            office(browser, stage, album, there)
            portal(browser, stage.origin, album, there, "ar")
            browser.close()
    PAGE.write_text(album.written())


if __name__ == "__main__":
    main()
