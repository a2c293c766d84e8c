"""A server that is killed at any moment loses nothing that it accepted."""

from __future__ import annotations

import random
import secrets
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import httpx
import pytest

from staydown.core.hashing.algorithm import Algorithm, Hash
from staydown.core.hashing.picture import Picture
from staydown.errors import StaydownError
from staydown.project.demo import people
from staydown.project.demo.platform import free_port, wait_for
from staydown.project.demo.visitor import Visitor
from tests.environment import clean
from tests.journeys.conftest import Site, start

KILLS = 50
ROUND = 40  # requests; one round of the story takes about 25, and a server is killed within so many
JITTER = 0.03  # seconds; about as long as one request takes, so that the kill falls anywhere inside it

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


def picture() -> Picture:
    """Hashes as a reporter's page would send them; random, so that no two are near each other."""
    pdq = Hash(Algorithm.PDQ, secrets.token_bytes(32))
    return Picture(pdq, 100, 640, 480, Hash(Algorithm.SHA256, secrets.token_bytes(32)), (pdq,) * 8)


@dataclass
class Promise:
    """Something that a page told us was done, in the order in which it was told."""

    code: str
    hashes: Picture
    withdrawn: bool = False
    unsure: bool = False  # whether it was withdrawn: the answer never came


@dataclass
class Killer:
    """Kills a server at a random moment around its ``after``th request."""

    process: subprocess.Popen[str]
    after: int
    jitter: float
    seen: int = 0

    def count(self, _: httpx.Request) -> None:
        """A request goes out."""
        self.seen += 1
        if self.seen == self.after:
            threading.Timer(self.jitter, self.process.kill).start()


@dataclass
class People:
    """A reporter and a moderator who go on until the server is gone, and remember what they were told."""

    origin: str
    moderator: Visitor
    killer: Killer | None = None
    promises: list[Promise] = field(default_factory=list)
    decided: set[str] = field(default_factory=set)  # cases, by number
    unsure: set[str] = field(default_factory=set)  # cases of which it is unknown: the answer never came

    def visitor(self) -> Visitor:
        """Somebody whose requests bring the kill nearer."""
        visitor = Visitor(self.origin)
        visitor.http.event_hooks["request"].append(lambda request: self.killer.count(request))
        return visitor

    def work(self, rng: random.Random) -> None:
        """Report, decide, withdraw, until an answer does not come."""
        while True:
            promise = self.report()
            if rng.random() < 0.7:
                self.decide()
            if rng.random() < 0.3:
                self.withdraw(promise)

    def report(self) -> Promise:
        """A report that was accepted: its receipt was shown."""
        hashes = picture()
        with self.visitor() as reporter:
            promise = Promise(people.report(reporter, hashes, "https://forum.example/t/1"), hashes)
        self.promises.append(promise)
        return promise

    def decide(self) -> None:
        """Decide the most urgent case."""
        self.moderator.open("/staff/")
        first = people.cases(self.moderator)[0]
        self.unsure.add(first)
        number, _ = people.decide(self.moderator)
        assert number == first
        self.unsure.remove(number)
        self.decided.add(number)

    def withdraw(self, promise: Promise) -> None:
        """Take a report back."""
        promise.unsure = True
        with self.visitor() as reporter:
            people.withdraw(reporter, promise.code)
        promise.unsure, promise.withdrawn = False, True


def reference_on(page: str) -> str:
    """The report's reference on a status page."""
    return page.split("Reference ", 1)[1].split(" ", 1)[0]


def kill_at_random(site: Site, folk: People, port: int, rng: random.Random) -> None:
    """Let everybody work against a server, and kill it in the middle."""
    process, _ = start(site.data, port, STAYDOWN_ORIGIN=folk.origin)
    folk.killer = Killer(process, rng.randint(1, ROUND), rng.uniform(0, JITTER))
    try:
        with pytest.raises((httpx.HTTPError, StaydownError)) as ended:
            folk.work(rng)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    # Only the kill may end the work: an error page of a living server is a failure.
    assert isinstance(ended.value, httpx.HTTPError), f"{ended.value} | {folk.moderator.text[:2000]}"


def test_fifty_kills_lose_nothing(tmp_path, request):
    seed = request.config.getoption("randomly_seed", default=None) or time.time_ns()
    rng = random.Random(seed)
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    process, site = start(tmp_path / "data", port, STAYDOWN_ORIGIN=origin)
    with Visitor(origin) as moderator:
        people.sign_in(moderator, *moderator_of(site))
        process.kill()
        process.wait()
        process.stdout.close()
        folk = People(origin, moderator)
        for _ in range(KILLS):
            kill_at_random(site, folk, port, rng)
    withdrawn = [promise for promise in folk.promises if promise.withdrawn]
    assert len(folk.promises) >= KILLS // 2, "the server was killed before it could accept anything"
    assert folk.decided
    assert withdrawn

    key, numbers = screening_key(site), numbers_by_reference(site)
    # Some are cases whose reporter was never answered: the server was killed between its commit and its answer.
    assert decided_cases(site) >= folk.decided
    process, _ = start(site.data, port, STAYDOWN_ORIGIN=origin)
    try:
        check_promises(folk, key, numbers)
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
    verified = subprocess.run(
        [sys.executable, "-m", "staydown", "audit", "verify", "--data", str(site.data)],
        env=clean(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    told = f"{len(folk.promises)} reports, {len(folk.decided)} decisions, {len(withdrawn)} withdrawals"
    print(f"\n{KILLS} kills, seed {seed}: {told}")


def check_promises(folk: People, key: str, numbers: dict[str, str]) -> None:
    """Each report is there, each decision and withdrawal stands, and the node that reads the feed agrees."""
    wait_for(lambda: httpx.get(f"{folk.origin}/readyz").status_code == 200, seconds=60, said="the node is not ready")
    for promise in folk.promises:
        with Visitor(folk.origin) as reporter:
            page = people.status(reporter, promise.code)
        answer = httpx.post(
            f"{folk.origin}/v1/screen",
            json={"hashes": [{"algorithm": "pdq", "value": promise.hashes.pdq.hex()}]},
            headers={"Authorization": f"Bearer {key}"},
        ).raise_for_status()
        number = numbers[reference_on(page)]
        if number in folk.unsure or promise.unsure:
            continue
        decided = number in folk.decided
        wanted = "allow" if promise.withdrawn else "block" if decided else "review"
        assert answer.json()["action"] == wanted, page
        assert ("withdrew" in page) == promise.withdrawn, page
        assert ("A moderator decided" in page) == decided, page


PREFACE = """
import sys
from pathlib import Path
from staydown.project import django
django.setup(Path(sys.argv[1]))
from staydown.apps.accounts import actions
from staydown.apps.audit.actor import Actor
"""


def made(site: Site, line: str) -> str:
    """What ``line`` prints, in a process of its own, as an administrator's command would be."""
    command = [sys.executable, "-c", PREFACE + line, str(site.data)]
    return subprocess.run(command, env=clean(), capture_output=True, text=True, check=True).stdout.strip()


def screening_key(site: Site) -> str:
    """A key for the node."""
    return made(site, "print(actions.create_key('check', ['screen'], by=Actor.system())[1])")


def numbers_by_reference(site: Site) -> dict[str, str]:
    """The number of the case that each report belongs to. Only the database tells: no reporter is shown it."""
    line = "[print(report.reference, report.case.number) for report in Report.objects.select_related('case')]"
    told = made(site, f"from staydown.apps.cases.models import Report\n{line}")
    return dict(each.split() for each in told.splitlines())


def decided_cases(site: Site) -> set[str]:
    """The numbers of the cases that have a decision."""
    line = "[print(number) for number in Decision.objects.values_list('case__number', flat=True)]"
    return set(made(site, f"from staydown.apps.cases.models import Decision\n{line}").split())


def moderator_of(site: Site) -> tuple[str, str]:
    """The name and the password of a moderator."""
    who = "'bea', password='a-pass-phrase-of-hers', role='moderator', pseudonym='Bea'"
    made(site, f"actions.create_staff({who}, by=Actor.system())")
    return "bea", "a-pass-phrase-of-hers"
