"""Take the readme's pictures: the portal on a phone and the console, of a real install with free-licence photographs.

Run it with `make pictures`; it needs Chromium.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from staydown.core.hashing.picture import hash_picture
from staydown.project.demo import people, pictures
from staydown.project.demo.stage import Stage
from staydown.project.demo.visitor import Visitor

HERE = Path(__file__).parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
REPORTED = ("coffee.png", "rocket.jpg", "coins.png", "camera.png")
CHOSEN = ("chelsea.png", "coffee.png", "rocket.jpg")


def portal(browser: Browser, origin: str) -> None:
    """The page on which pictures are chosen, on a phone."""
    page = browser.new_context(viewport={"width": 390, "height": 780}, device_scale_factor=2).new_page()
    page.goto(f"{origin}/report/")
    for field, answer in (("minor", "no"), ("role", "subject"), ("situation", "posted"), ("have", "pictures")):
        page.check(f"input[name={field}][value={answer}]")
        page.get_by_role("button", name="Continue").click()
    page.set_input_files("input[type=file]", [str(pictures.folder() / name) for name in CHOSEN])
    page.get_by_text("fingerprint ready").nth(len(CHOSEN) - 1).wait_for()
    page.screenshot(path=HERE / "portal.png")


def console(browser: Browser, stage: Stage) -> None:
    """The queue and a case, at a desk."""
    page = browser.new_context(viewport={"width": 1120, "height": 780}, device_scale_factor=1.5).new_page()
    page.goto(f"{stage.origin}/staff/")
    page.fill("input[name=login]", stage.moderator[0])
    page.fill("input[name=password]", stage.moderator[1])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator(".queue__case").first.wait_for()
    page.goto(f"{stage.origin}/staff/")  # once more, without the greeting
    page.screenshot(path=HERE / "console.png")
    page.locator(".queue__case").first.click()
    page.get_by_text("What is reported").wait_for()
    page.screenshot(path=HERE / "case.png")


def main() -> None:
    """Set the stage, send reports, take the pictures."""
    with tempfile.TemporaryDirectory() as folder, Stage.set(Path(folder), 0) as stage:
        for name in REPORTED:
            with Visitor(stage.origin) as reporter:
                people.report(reporter, hash_picture(pictures.read(name)), f"{stage.platform.origin}/posts/{name[:4]}")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            portal(browser, stage.origin)
            console(browser, stage)
            browser.close()


if __name__ == "__main__":
    main()
