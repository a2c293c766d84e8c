"""A real Chromium for the journeys, and what every page must hold in it.

`chromium()` starts the one that the machine has; a missing browser is a failure with one line to act on, never a skip.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

PHONE: Final = {"width": 360, "height": 740}
DESK: Final = {"width": 1280, "height": 900}
NARROWEST: Final = {"width": 320, "height": 640}
ZOOMED: Final = {"width": 320, "height": 256}  # what is left of a desk at 400 %

#: What Chromium writes for an answer that is no success, and for plain http. Tests of those look at the page instead.
EXPECTED: Final = ("Failed to load resource", "The Cross-Origin-Opener-Policy header has been ignored")

PATIENCE: Final = 15_000  # milliseconds: a machine that is busy with other tests is slow, and not wrong
expect.set_options(timeout=PATIENCE)

RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def executable() -> str:
    """The path of Chromium; `STAYDOWN_CHROMIUM` names another one."""
    found = os.environ.get("STAYDOWN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert found, "No Chromium on this machine. Install the package 'chromium', or set STAYDOWN_CHROMIUM to its path."
    return found


@contextmanager
def chromium(*more_flags: str) -> Iterator[Browser]:
    """A running Chromium, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=[*FLAGS, *more_flags])
        try:
            yield browser
        finally:
            browser.close()


def assert_accessible(page: Page) -> None:
    """axe finds nothing on this page, of any weight; the failure names the rule and the elements."""
    page.wait_for_load_state()  # with its style
    # Of what passes only one place each: to carry every one of them out of the browser took most of the time.
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    told = [
        "\n    ".join(
            [f"{fault['impact']}: {fault['id']}: {fault['help']}", *(n["html"][:160] for n in fault["nodes"])]
        )
        for fault in found.response["violations"]
    ]
    assert not told, f"axe on {page.url}\n" + "\n".join(told)


def assert_no_sideways_scroll(page: Page) -> None:
    """Nothing on this page is wider than the window."""
    page.wait_for_load_state()  # with its style
    widths = page.evaluate("[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1], f"{page.url} is {widths[0]} px wide in a window of {widths[1]} px"


def seen_by(page: Page, *eyes: Mapping[str, Any]) -> Iterator[Page]:
    """This page as each of these eyes sees it, with their ``viewport`` and media, and then as it was before."""
    before = page.viewport_size
    for each in eyes:
        media = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "reduce", **each}
        page.set_viewport_size(media.pop("viewport"))
        page.emulate_media(**media)
        yield page
    page.emulate_media(color_scheme="null", forced_colors="null", reduced_motion="null")
    if before is not None:
        page.set_viewport_size(before)


@contextmanager
def watched(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page in a fresh profile with these options; fails at the end if a script or the security policy complained."""
    with browser.new_context(**options) as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        yield page
        told = [each for each in complaints if not any(each.startswith(expected) for expected in EXPECTED)]
        assert not told, "the page complained:\n" + "\n".join(told)
