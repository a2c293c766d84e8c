"""A staydown follows another one and a file: by the commands of the page, with a withdrawal, and killed in between."""

from __future__ import annotations

import json
import random
import secrets
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

import pytest

from staydown.exchange.testing import Partner
from tests import pictures
from tests.environment import clean
from tests.journeys.conftest import start
from tests.journeys.protocols import pages
from tests.journeys.protocols.house import House
from tests.screening.nodes import eventually

pytestmark = pytest.mark.journey
PRIVATE = {"STAYDOWN_SOURCES_PRIVATE": "yes"}  # the helpline of these journeys listens on loopback, without https
BANKED = ("rocket.jpg", "coffee.png")


@pytest.fixture(scope="module")
def banked(house: House) -> dict[str, int]:
    """Two photographs in a bank of the helpline, which the key ``source`` sees alone."""
    with house.web("curator") as web:
        assert web.post("/c/banks", json={"name": "FOLLOWED"}).status_code == 201
        return {
            name: web.post("/c/bank/FOLLOWED/content", files={"photo": pictures.path(name).read_bytes()}).json()["id"]
            for name in BANKED
        }


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Another install, which follows."""
    process, site = start(tmp_path_factory.mktemp("platform") / "data", STAYDOWN_SCREEN_KEYS_EVERY="0.3", **PRIVATE)
    try:
        yield House.of(site.url, site.data)
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def staydown(*words: object, fails: int = 0) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "staydown", *map(str, words)],
        env={**clean(), **PRIVATE}, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == fails, done.stdout + done.stderr
    return done.stdout


def test_a_withdrawal_at_the_helpline_frees_the_picture_here(house, banked, platform, tmp_path):
    shutil.copy(pictures.path("chelsea.png"), tmp_path / "photo.jpg")
    made = ("--data", house.data, "--name", "platform", "--bank", "followed", "--out", tmp_path / "partner.toml")
    staydown("feed", "key", *made)
    group, terror = Partner("threatexchange", records=3), Partner("tech-against-terrorism", records=4)
    given = {**PRIVATE, "STAYDOWN": house.url, "KEY": house.keys["source"], "DATA": str(platform.data)}
    given |= {"GROUP": "77", "TOKEN": "1|secret", "LOGIN": "platform", "PASSWORD": "secret"}
    given |= {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    with group.serving() as graph, terror.serving() as tcap:
        said = pages.run("follow-a-source.md", tmp_path, **given, GRAPH=graph, TCAP=tcap)
    assert "peer: followed, 2 records" in said
    assert '"added": 1' in said or '"repeated": 1' in said or '"records": 1' in said
    assert "helpline asks nothing." in said
    assert "partner-list is removed, with 1 records." in said
    listed = map(json.loads, staydown("source", "list", "--data", platform.data, "--json").splitlines())
    assert {each["source"]: each["records"] for each in listed} == {
        "peer": 2, "helpline": 2, "hash-sharing": 2, "group": 3, "terror": 4, "old-list": 1,
    }  # fmt: skip

    with platform.web("everything") as web:

        def answer(name: str) -> str:
            photo = pictures.path(name).read_bytes()
            return str(web.post("/v1/screen", files={"file": photo}).json()["action"])

        eventually(lambda: all(answer(name) == "review" for name in BANKED))
        with house.web("curator") as curator:
            brought, freed = [], []
            for _ in range(3):
                photo = pictures.path("camera.png").read_bytes()
                number = curator.post("/c/bank/FOLLOWED/content", files={"photo": photo}).json()["id"]
                brought.append(eventually(lambda: answer("camera.png") == "review"))
                assert curator.delete(f"/c/bank/FOLLOWED/content/{number}").json() == {"deleted": 1}
                freed.append(eventually(lambda: answer("camera.png") == "allow"))
            assert max(median(brought), median(freed)) < 2.0
            print(f"brought by the feed after at most {max(brought):.2f} s, freed after at most {max(freed):.2f} s")
            assert curator.delete(f"/c/bank/FOLLOWED/content/{banked['rocket.jpg']}").json() == {"deleted": 1}
        eventually(lambda: has_confirmed(house))
        # The other two protocols are read now and then, and keep it until they are.
        eventually(lambda: json.loads(followed(platform, "hash-sharing"))["records"] == 1)
        told = json.loads(staydown("source", "follow", "helpline", "--data", platform.data, "--whole", "--json"))
        assert (told["removed"], told["records"]) == (1, 1)
        eventually(lambda: answer("rocket.jpg") == "allow")
        assert answer("coffee.png") == "review"


def followed(platform: House, name: str) -> str:
    """What came of following a source now."""
    return staydown("source", "follow", name, "--data", platform.data, "--json")


def has_confirmed(house: House) -> bool:
    """Whether the helpline sees that the platform has applied its whole feed."""
    with house.web("everything") as web:
        told = web.get("/api/v1/feed/followers").json()
    return {each["name"]: each["cursor"] for each in told["followers"]}["platform"] == told["size"]


INSTALL = """
import sys
from pathlib import Path
from staydown.project import django
from staydown.project.listening import Address
django.setup_server(Path(sys.argv[1]), Address("127.0.0.1", 1))
from staydown.project import install
install.ensure()
"""
LISTED = 2500


def test_killed_while_it_follows_nothing_is_lost_and_nothing_twice(tmp_path, request):
    seed = request.config.getoption("randomly_seed", default=None) or time.time_ns()
    rng = random.Random(seed)
    data, listed = tmp_path / "data", tmp_path / "data/lists/list.txt"
    listed.parent.mkdir(parents=True)
    listed.write_text("".join(f"{secrets.token_hex(32)}\n" for _ in range(LISTED)))
    subprocess.run([sys.executable, "-c", INSTALL, str(data)], env=clean(), check=True, capture_output=True)
    staydown("source", "add", "long", "--data", data, "--kind", "list", "--address", listed)
    with closing(sqlite3.connect(data / "staydown.sqlite3", timeout=30, isolation_level=None)) as rows:

        def count(table: str) -> int:
            return int(rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

        def claim() -> object:
            return rows.execute("SELECT lease FROM staydown_sharing_source").fetchone()[0]

        for at_least in sorted(rng.sample(range(LISTED // 1000), 2)):
            killed_following(data, lambda n=at_least: claim() and count("staydown_sharing_record") >= n * 1000, rng)
            assert count("staydown_sharing_record") == count("staydown_banks_entry") == count("staydown_banks_feedline")
            rows.execute("UPDATE staydown_sharing_source SET lease = NULL, leased_until = NULL")  # its time is over
        told = json.loads(staydown("source", "follow", "long", "--data", data, "--json"))
        assert (told["caught_up"], told["records"]) == (True, LISTED), f"seed {seed}"
        assert count("staydown_sharing_record") == count("staydown_banks_entry") == count("staydown_banks_feedline")
    staydown("audit", "verify", "--data", data)


def killed_following(data: Path, is_time: Callable[[], object], rng: random.Random) -> None:
    """Follow, and kill the process a moment after ``is_time`` says so; it may have ended by then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "staydown", "source", "follow", "long", "--data", str(data)],
        env=clean(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        eventually(lambda: process.poll() is not None or is_time(), seconds=60)
        threading.Timer(rng.uniform(0, 0.3), process.kill).start()  # so that it falls anywhere inside a page
    finally:
        process.wait(timeout=60)
