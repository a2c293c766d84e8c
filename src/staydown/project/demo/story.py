"""The story itself: thirteen steps, each timed and each with a check that can fail."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from staydown.core.hashing.pool import HashingPool
from staydown.errors import StaydownError
from staydown.project.demo import log_copy, people, pictures
from staydown.project.demo.platform import Platform, wait_for
from staydown.project.demo.visitor import Visitor

PATIENCE = 20.0  # seconds after which a step is given up


@dataclass
class Step:
    """One step: what was to hold, how long it took, whether it held and what was seen."""

    title: str
    seconds: float = 0.0
    held: bool = False
    seen: str = ""


@dataclass
class Story:
    """Tells the story against a running install and keeps each step. ``told`` is called when a step ends."""

    origin: str
    data: Path
    platform: Platform
    moderator: tuple[str, str]
    told: Callable[[Step], None]
    steps: list[Step] = field(default_factory=list)
    receipt: str = field(default="", repr=False)
    ended: bool = False

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Time a step. An error of ours ends the story; anything that the step finds wrong is such an error."""
        step = Step(title)
        self.steps.append(step)
        start = time.monotonic()
        try:
            yield step
            step.held = True
        except (StaydownError, httpx.HTTPError) as error:
            step.seen = str(error)
            raise StaydownError(f"The step “{title}” did not hold: {error}") from error
        finally:
            step.seconds = time.monotonic() - start
            self.told(step)

    def tell(self) -> None:
        """Run every step in order. Raises `StaydownError` at the first that does not hold."""
        picture = pictures.read(pictures.REPORTED)
        link = self.publish(picture)
        self.report(picture, link)
        self.decide()
        self.taken_down(link)
        self.copies(picture)
        self.others()
        self.hits()
        self.withdraw(picture)
        self.proof()
        self.ended = True

    def ask(self, path: str) -> dict[str, Any]:
        """What the API answers to the platform's own key."""
        headers = {"Authorization": f"Bearer {self.platform.api_key}"}
        answer = httpx.get(f"{self.origin}/api/v1/{path}", headers=headers, timeout=30)
        return dict(answer.raise_for_status().json())

    def cases(self) -> list[dict[str, Any]]:
        """Every case of the install."""
        return list(self.ask("cases")["items"])

    def leave_work(self) -> None:
        """Two open reports for whoever explores afterwards: of one, a copy was uploaded and waits to be looked at."""
        for name in pictures.WAITING:
            picture = pictures.read(name)
            _, link = self.platform.upload(picture)
            with HashingPool(workers=1) as pool, Visitor(self.origin) as reporter:
                people.report(reporter, pool.hash(picture), str(link))
        first = pictures.read(pictures.WAITING[0])
        wait_for(lambda: self.platform.upload(first)[0] == "review", seconds=PATIENCE, said="the entry did not arrive")

    def publish(self, picture: bytes) -> str:
        """Somebody posts the picture on the platform; nobody has reported it yet, so it passes."""
        with self.step("Somebody posts a picture on the platform") as step:
            action, link = self.platform.upload(picture)
            require(action == "allow" and link is not None, f"screening said {action} before any report")
            step.seen = "screened: allow, because nobody has reported it"
        return str(link)

    def report(self, picture: bytes, link: str) -> None:
        """The person shown hashes it on their device and sends a report through the portal's own pages."""
        with self.step("The picture is hashed on the reporter's device") as step, HashingPool(workers=1) as pool:
            hashed = pool.hash(picture)
            require(hashed.quality >= 50, "the picture has too little structure")
            step.seen = f"{hashed.width} x {hashed.height} pixels, quality {hashed.quality}; only hashes leave"
        with self.step("The report is sent through the portal") as step, Visitor(self.origin) as reporter:
            self.receipt = people.report(reporter, hashed, link)
            step.seen = "receipt code shown once; we keep only what is derived from it"

    def decide(self) -> None:
        """A moderator signs in, opens the most urgent case and decides to remove."""
        with self.step("A moderator decides in the console") as step, Visitor(self.origin) as moderator:
            people.sign_in(moderator, *self.moderator)
            number, left = people.decide(moderator)
            step.seen = f"case {number}, {left}: remove"

    def taken_down(self, link: str) -> None:
        """The platform gets the webhook, takes the post down and answers; the clock stops."""
        with self.step("The platform is told, takes it down and answers") as step:
            waited = wait_for(
                lambda: self.platform.done > 0, seconds=PATIENCE, said="no webhook reached the platform in time"
            )
            require(httpx.get(link).status_code == 404, "the post is still there")
            step.seen = f"signed webhook verified, post gone after {waited:.1f} s"
        with self.step("The clocks stop") as step, Visitor(self.origin) as reporter:
            wait_for(lambda: self.cases()[0]["due_at"] is None, seconds=PATIENCE, said="the clocks did not stop")
            clocks = self.ask(f"cases/{self.cases()[0]['id']}")["clocks"]
            require(clocks and all(clock["stopped_at"] for clock in clocks), "a clock still runs")
            page = people.status(reporter, self.receipt)
            require("It was taken down." in page, "the reporter's page does not say so")
            left = min(datetime.fromisoformat(c["due_at"]) - datetime.fromisoformat(c["stopped_at"]) for c in clocks)
            hours = left.total_seconds() / 3600
            step.seen = f"{len(clocks)} clocks, {hours:.1f} hours before the deadline; the reporter's page says so"

    def copies(self, picture: bytes) -> None:
        """Every copy that people make is refused."""
        with self.step("Copies are posted again") as step:
            wait_for(
                lambda: self.platform.upload(picture)[0] == "block",
                seconds=PATIENCE,
                said="the entry did not reach the node",
            )
            wrong = [name for name, data in pictures.copies(picture) if self.platform.upload(data)[0] != "block"]
            require(not wrong, f"not blocked: {', '.join(wrong)}")
            step.seen = ", ".join(name for name, _ in pictures.copies(picture)) + ": blocked"

    def others(self) -> None:
        """Photographs that nobody reported are published as ever."""
        with self.step("Ten other photographs are posted") as step:
            wrong = [name for name in pictures.OTHERS if self.platform.upload(pictures.read(name))[0] != "allow"]
            require(not wrong, f"not allowed: {', '.join(wrong)}")
            step.seen = f"all {len(pictures.OTHERS)} allowed"

    def hits(self) -> None:
        """What was refused comes back to its case, as one line."""
        with self.step("The refused uploads come back to the case") as step:
            wanted = 1 + sum(1 for _ in pictures.copies(pictures.read(pictures.REPORTED)))
            wait_for(lambda: self.cases()[0]["hit_count"] >= wanted, seconds=PATIENCE, said="hits are missing")
            require(len(self.cases()) == 1, "the wave became more than one case")
            step.seen = f"{self.cases()[0]['hit_count']} stopped uploads, one case, one line in the queue"

    def withdraw(self, picture: bytes) -> None:
        """The reporter takes the report back; the picture is free again."""
        with self.step("The reporter withdraws") as step, Visitor(self.origin) as reporter:
            people.withdraw(reporter, self.receipt)
            waited = wait_for(
                lambda: self.platform.upload(picture)[0] == "allow", seconds=PATIENCE, said="still blocked"
            )
            step.seen = f"the picture is free again after {waited:.1f} s"

    def proof(self) -> None:
        """The log verifies; a copy of it in which one line was changed does not."""
        with self.step("The audit log verifies") as step:
            step.seen = log_copy.verified(self.data)
        with self.step("A tampered copy of it does not") as step:
            copy = self.data / "tampered"
            try:
                step.seen = log_copy.tampered(self.data, copy)
            finally:
                shutil.rmtree(copy, ignore_errors=True)


def require(held: object, said: str) -> None:
    """Raise `StaydownError` with ``said`` unless ``held``."""
    if not held:
        raise StaydownError(said)
