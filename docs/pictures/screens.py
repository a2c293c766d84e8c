"""Take a picture of each page, and write the page that shows them: `make screenshots`.

Of a real install with reports of free-licence photographs. Portal on a phone, console at a desk.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from staydown.core.hashing.picture import hash_picture
from staydown.project.demo import people, pictures
from staydown.project.demo.stage import Stage
from staydown.project.demo.visitor import Visitor

sys.path.insert(0, str(Path(__file__).parent))
from take import CHOSEN, FLAGS, REPORTED

HERE = Path(__file__).parent / "screens"
PAGE = Path(__file__).parents[1] / "reference" / "screens.md"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 800}
INTRODUCTION = """# Every page

Made by `make screenshots`, of a real install. Shown as on a phone (the portal) and at a desk (the console).
"""


@dataclass
class Album:
    """The pictures taken so far, by chapter."""

    chapters: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def take(self, page: Page, chapter: str, title: str) -> None:
        """One page, whole."""
        taken = self.chapters.setdefault(chapter, [])
        name = f"{chapter.split()[-1].lower()}-{len(taken) + 1:02}.png"
        page.wait_for_load_state()
        page.screenshot(path=HERE / name, full_page=True)
        taken.append((name, title))

    def written(self) -> str:
        """The page that shows them."""
        parts = [INTRODUCTION]
        for chapter, taken in self.chapters.items():
            parts.append(f"## {chapter}\n")
            width = 300 if "portal" in chapter else 640
            parts += [f'**{t}**\n\n<img src="../pictures/screens/{n}" alt="{t}" width="{width}">\n' for n, t in taken]
        return "\n".join(parts)


def portal(browser: Browser, origin: str, album: Album) -> None:
    """From the first page to the status page."""
    chapter = "The portal"
    page = browser.new_context(viewport=PHONE).new_page()
    for path in ("/", "/safety/", "/help/", "/under-18/", "/appeal/"):
        page.goto(origin + path)
        album.take(page, chapter, page.title())
    page.goto(f"{origin}/report/")
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
    for _ in range(20):
        if page.locator("h1").inner_text() == "Choose the pictures":
            page.set_input_files("input[type=file]", [str(pictures.folder() / name) for name in CHOSEN])
            page.get_by_text("fingerprint ready").nth(len(CHOSEN) - 1).wait_for()
        for name, act in fill.items():
            if page.locator(f"main [name={name}]:visible").count():
                act()
        for box in page.locator("main input[type=checkbox]:visible").all():
            box.check()
        for line in page.locator("main input[type=text]:visible").all():
            if not line.input_value():
                line.fill("A. Reporter")
        album.take(page, chapter, page.title())
        if page.get_by_role("button", name="Send my report").count():
            break
        page.get_by_role("button", name="Continue", exact=True).click()
    page.get_by_role("button", name="Send my report").click()
    album.take(page, chapter, page.title())
    code = people.CODE.search(" ".join(page.inner_text("main").split()))
    if code is None:
        sys.exit("The last page of the report shows no receipt.")
    page.goto(f"{origin}/status/")
    album.take(page, chapter, page.title())
    page.fill("input[name=code]", code.group())
    page.get_by_role("button", name="Show my report").click()
    album.take(page, chapter, page.title())


def console(browser: Browser, stage: Stage, who: tuple[str, str], chapter: str, album: Album) -> None:
    """The pages that this person's menu leads to, and the first case."""
    page = browser.new_context(viewport=DESK).new_page()
    page.goto(f"{stage.origin}/staff/")
    album.take(page, chapter, page.title())
    page.fill("input[name=login]", who[0])
    page.fill("input[name=password]", who[1])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_load_state()
    links = page.get_by_role("navigation", name="Console").get_by_role("link").all()
    for address in [link.get_attribute("href") for link in links]:
        page.goto(f"{stage.origin}{address}")
        album.take(page, chapter, page.title())
    page.goto(f"{stage.origin}/staff/accounts/2fa/")
    album.take(page, chapter, page.title())
    page.goto(f"{stage.origin}/staff/laws/us-tida-3/")
    album.take(page, chapter, page.title())
    page.goto(f"{stage.origin}/staff/")
    if page.locator(".queue__case").count() and "moderator" in chapter:
        page.locator(".queue__case").first.click()
        page.get_by_text("What is reported").wait_for()
        album.take(page, chapter, page.title())
        page.get_by_role("radio", name="Remove", exact=True).check()
        page.locator("textarea[name=reason]").fill("The person shown asks for it, and it is the picture.")
        page.get_by_role("button", name="Check the decision").click()
        album.take(page, chapter, page.title())


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
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            portal(browser, stage.origin, album)
            console(browser, stage, stage.moderator, "The console of a moderator", album)
            console(browser, stage, stage.admin, "The console of an administrator", album)
            browser.close()
    PAGE.write_text(album.written())


if __name__ == "__main__":
    main()
