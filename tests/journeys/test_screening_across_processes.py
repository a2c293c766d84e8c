"""A report, a decision and a withdrawal in one process, and a screening node in another that knows within a second."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx
import pytest
from PIL import ImageOps

from staydown.core.hashing.algorithm import Hash
from staydown.core.hashing.picture import hash_picture
from staydown.screening.settings import KeyFile
from tests import pictures
from tests.environment import clean
from tests.screening.nodes import Running, asked, eventually, near, pdq, running

pytestmark = pytest.mark.journey

SCOPES = ["screen", "report:create", "case:read", "decision:write", "entry:read", "entry:write"]
MAKE_KEY = """
import sys
from pathlib import Path
from staydown.project import django
django.setup(Path(sys.argv[1]))
from staydown.apps.accounts.actions import create_key
from staydown.apps.audit.actor import Actor
print(create_key("journey", sys.argv[2:], by=Actor.system())[1])
"""


def environment() -> dict[str, str]:
    """That of the operator whose program may end alone what blocks."""
    return clean() | {"STAYDOWN_TWO_PEOPLE": "none"}


def command(*arguments: object) -> str:
    """What our own interpreter printed when it was run with ``arguments``."""
    words = [sys.executable, *map(str, arguments)]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class House:
    """An install with its web process, a node that follows it, and a program that reports and decides."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self.address = ""
        self.web = self.start()
        key = command("-c", MAKE_KEY, self._data, *SCOPES)
        self.headers = {"authorization": f"Bearer {key}"}
        self.api = httpx.Client(base_url=f"{self.address}/api/v1", headers=self.headers, timeout=30)

    def start(self) -> subprocess.Popen[str]:
        """Start `staydown web`, at the same address as before; returns once it answers."""
        port = httpx.URL(self.address).port if self.address else 0
        words = ["-u", "-m", "staydown", "web", "--data", str(self._data), "--port", str(port)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.web = subprocess.Popen([sys.executable, *words], env=environment(), **pipes)
        said = ""
        for line in self.web.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"listens on (http://\S+)", said)
        assert found, said
        self.address = found[1]
        return self.web

    def kill(self) -> None:
        """Kill the web process."""
        self.web.kill()
        self.web.communicate()

    def follow(self) -> KeyFile:
        """The key file of a node."""
        path = self._folder / "key.toml"
        command("-m", "staydown", "feed", "key", "--node", "--data", self._data, "--name", "node", "--out", path)
        return KeyFile.read(path)


class Harm:
    """A picture that somebody reports to the house, and what becomes of it."""

    def __init__(self, house: House, node: Running, picture: Hash | None = None) -> None:
        self.picture = picture or pdq()
        self.api = house.api
        self.node = node
        self._known = self._entries()

    def said(self) -> str:
        """What the node says of a near copy of the picture."""
        return self.node.action(near(self.picture, 12))

    def reported(self) -> Harm:
        given = {"pdq": self.picture.hex(), "quality": 90}
        body = {"shown_is_adult": True, "pictures": [given], "words": "It was posted without my consent."}
        assert self.api.post("/reports", json=body).status_code == 201
        self.number = self.cases()[-1]["number"]
        return self

    def cases(self) -> list[dict[str, object]]:
        return self.api.get("/cases").json()["items"]

    def case(self) -> dict[str, object]:
        """Its case, with all that is in it."""
        (found,) = [case for case in self.cases() if case["number"] == self.number]
        return self.api.get(f"/cases/{found['id']}").json()

    def decided(self) -> Harm:
        """Decide as a client does: on a conflict (an upload arrived meanwhile), read the case and decide again."""
        for _ in range(5):
            case = self.case()
            body = {"verdict": "remove", "regime": case["regimes"][0], "reason": "The report is credible."}
            reply = self.api.post(f"/cases/{case['id']}/decisions", json=body | {"version": case["version"]})
            if reply.status_code != 409:
                break
        assert reply.status_code == 201, reply.text
        return self

    def withdrawn(self) -> Harm:
        for entry in self._entries() - self._known:
            assert self.api.post(f"/entries/{entry}/withdraw").status_code == 200
        return self

    def has_been_told(self) -> bool:
        """Whether no hit waits in the node."""
        return "staydown_screening_hits_waiting 0.0" in self.node.web.get("/metrics").text

    def _entries(self) -> set[str]:
        return {entry["id"] for entry in self.api.get("/entries").json()["items"]}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    with made.api:
        yield made
    made.kill()


@pytest.fixture(scope="module")
def node(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, quick = tmp_path_factory.mktemp("node"), {"STAYDOWN_SCREEN_KEYS_EVERY": "0.3"}
    with running(house.address, house.follow(), folder, "--max-lag", "3", **quick) as made:
        made.web.headers.update(house.headers)
        eventually(lambda: made.action(pdq()) == "allow")  # it has heard of the key
        yield made


def test_a_decision_blocks_and_a_withdrawal_frees_within_a_second(house, node):
    """On a photograph: reported, then uploaded again smaller, recompressed and mirrored."""
    whole = pictures.photograph("chelsea.png")
    harm = Harm(house, node, hash_picture(pictures.path("chelsea.png").read_bytes()).pdq).reported()
    reviewed = eventually(lambda: harm.said() == "review")
    harm.decided()
    blocked = eventually(lambda: harm.said() == "block")
    copy = pictures.encoded(ImageOps.mirror(whole.resize((320, 213))), quality=70)
    upload = node.web.post("/v1/screen?status=1", files={"file": ("a.jpg", copy)}, timeout=30)
    assert upload.status_code == 451
    harm.withdrawn()
    freed = eventually(lambda: harm.said() == "allow")
    assert median([reviewed, blocked, freed]) < 1.0
    print(f"review after {reviewed:.3f} s, block after {blocked:.3f} s, free after {freed:.3f} s")


def test_a_thousand_hits_land_on_one_case(house, node):
    harm = Harm(house, node).reported()
    eventually(lambda: harm.said() == "review")
    harm.decided()
    eventually(lambda: harm.said() == "block")
    eventually(harm.has_been_told)
    number_of_cases, counted = len(harm.cases()), harm.case()["hit_count"]
    copies = [asked(near(harm.picture, number % 32), content_ref=f"post/{number}") for number in range(1000)]
    answers = node.web.post("/v1/screen/batch", json={"items": copies}, timeout=30).json()["answers"]
    assert {answer["action"] for answer in answers} == {"block"}
    eventually(harm.has_been_told)
    assert harm.case()["hit_count"] == counted + 1000
    assert len(harm.cases()) == number_of_cases


def test_a_copy_that_a_person_has_to_see_becomes_an_item_of_the_case(house, node):
    harm = Harm(house, node).reported()
    eventually(lambda: harm.said() == "review")
    body = asked(near(harm.picture, 3), content_ref="post/7", preview_url="https://platform.example/preview/7")
    assert node.web.post("/v1/screen", json=body).json()["action"] == "review"

    def previews() -> list[object]:
        return [item["preview_url"] for item in harm.case()["items"] if item["content_ref"] == "post/7"]

    eventually(lambda: previews() == ["https://platform.example/preview/7"])


def test_the_node_answers_while_the_web_process_is_dead_and_no_hit_is_lost(house, node):
    harm = Harm(house, node).reported().decided()
    eventually(lambda: harm.said() == "block")
    eventually(harm.has_been_told)
    counted = harm.case()["hit_count"]
    house.kill()
    for _ in range(100):
        assert harm.said() == "block"
    assert node.action(pdq()) == "allow"
    eventually(lambda: not node.is_ready())
    house.start()
    eventually(node.is_ready)
    eventually(harm.has_been_told)
    assert harm.case()["hit_count"] == counted + 100
