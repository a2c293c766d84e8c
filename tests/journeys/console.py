"""The console as a member of staff walks through it: what they press, what they type, what they read."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.journeys.browser import assert_accessible, assert_no_sideways_scroll, watched
from tests.people import PASSWORD
from tests.pictures import encoded, pattern


class Console:
    """A member of staff at the console. ``seen`` is called with every page that they come to."""

    def __init__(self, page: Page, address: str, seen: Callable[[Page], Any] = lambda page: None) -> None:
        self.page = page
        self.address = address
        self._seen = seen

    def open(self, path: str, heading: str) -> None:
        """Open an address and read its heading."""
        self.page.goto(self.address + path)
        self.reads(heading)

    def reads(self, heading: str) -> None:
        """The page has this heading."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        self.page.wait_for_load_state()  # its scripts run now
        self._seen(self.page)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """Follow a link."""
        self.page.get_by_role("link", name=name, exact=True).click()

    def types_name_and_password(self, name: str, password: str = PASSWORD) -> None:
        """Fill in the sign-in page and press its button."""
        self.open("/staff/accounts/login/", "Sign in")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")

    def signs_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in with a password alone, and read the queue."""
        self.types_name_and_password(name, password)
        self.reads("Cases")

    def confirms(self, password: str = PASSWORD) -> None:
        """Show once more that it is them."""
        self.reads("Show that it is you")
        self.page.get_by_label("Password").fill(password)
        self.press("Confirm")

    def opens_case(self, number: str) -> None:
        """Open a case from the queue."""
        self.follow(f"Case {number}")
        self.reads(f"Case {number}")

    def chooses(self, verdict: str, reason: str) -> None:
        """Fill in the decision and look at what would happen."""
        self.page.get_by_role("radio", name=verdict).check()
        self.page.get_by_label("Why?").fill(reason)
        self.press("Check the decision")


@contextmanager
def inspector(browser: Browser, **eyes: Any) -> Iterator[Callable[[Page], None]]:
    """What every page without scripts must hold. axe is a script, so it looks at a copy of what the browser showed."""
    with watched(browser, **eyes) as copy:

        def check(page: Page) -> None:
            assert_no_sideways_scroll(page)
            shown = re.sub(r"<script.*?</script>|</?noscript>", "", page.content(), flags=re.DOTALL)
            copy.route(page.url, lambda route: route.fulfill(body=shown, content_type="text/html"), times=1)
            copy.goto(page.url)
            assert copy.locator("h1").inner_text() == page.locator("h1").inner_text()
            assert_accessible(copy)

        yield check


class Previews:
    """A platform that hands out one picture at ``address``, and remembers each request and its headers."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: list[dict[str, str]] = []


@contextmanager
def previews() -> Iterator[Previews]:
    """Such a platform, on an origin of its own, without a word about who may embed its pictures."""
    picture = encoded(pattern(7), "PNG")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            platform.asked.append({name.lower(): value for name, value in self.headers.items()})
            found = self.path.startswith("/preview")
            self.send_response(200 if found else 410)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(picture if found else b"")

        def log_message(self, *told: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    platform = Previews(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
